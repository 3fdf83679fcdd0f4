"""Tagging end to end (normalise, scan, segment, judge, polarity, homophones; learned entries off) beside the two usual
ways to find Chinese terms.

The peers can only look for terms. So two lexicons for ours: the default's terms, which is like for like in what is
looked for (ours also judges, and hears homophones), and the whole default lexicon with its patterns and conditions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import jieba
import spacy
from spacy.matcher import PhraseMatcher

from speechsvc.domain.conversation import Conversation
from speechsvc.tagging.tagger import LexiconTagger
from tests.bench.result import Result, in_turns, versus
from tests.bench.texts import default_lexicon, invented, labelled, length, terms, whole_texts, without_patterns

Finder = Callable[[str], int]  # how many finds a text holds


def run(quick: bool) -> list[Result]:
    """Characters a second, on invented text with one term in a hundred characters and on the labelled calls."""
    jieba.setLogLevel(logging.WARNING)
    size, repetitions = (40_000, 3) if quick else (200_000, 5)
    whole = LexiconTagger(default_lexicon(), learned=False)
    terms_only = LexiconTagger(without_patterns(default_lexicon()), learned=False)
    learned = LexiconTagger(default_lexicon())
    peers = {"spaCy zh + jieba + PhraseMatcher": spacy_phrases(), "jieba.cut + set": jieba_look_up()}
    return [
        result
        for kind, calls in (("invented calls", invented(size)), ("labelled calls", labelled(size)))
        for lexicon, tagger in (
            ("the default's terms", terms_only),
            ("whole default lexicon", whole),
            ("with learned entries", learned),
        )
        for result in _compare(f"{kind}, {lexicon}", calls, repetitions, tagger, peers)
    ]


def _compare(
    case: str, calls: list[Conversation], repetitions: int, tagger: LexiconTagger, peers: dict[str, Finder]
) -> list[Result]:
    texts, characters = whole_texts(calls), length(calls)
    found: dict[str, int] = {}

    def ours() -> float:
        found["ours"] = sum(len(tagger.tag(call)) for call in calls)
        return characters

    def theirs(name: str) -> float:
        found[name] = sum(map(peers[name], texts))
        return characters

    series = in_turns(repetitions, {"ours": ours} | {name: partial(theirs, name) for name in peers})
    details: dict[str, Any] = {"characters": characters, "calls": len(calls), "lexicon": tagger.version}
    details["finds per 100 characters"] = {name: round(100 * n / characters, 2) for name, n in found.items()}
    return versus("tagging", case, "characters/s", series, details, computing=True)


def spacy_phrases() -> Finder:
    """spaCy's Chinese tokenizer over jieba, with every term as a phrase; how many phrases a text holds."""
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": "jieba"}}})
    matcher = PhraseMatcher(nlp.vocab)
    matcher.add("term", [nlp.make_doc(term) for term in terms()])
    return lambda text: len(matcher(nlp.make_doc(text)))


def jieba_look_up() -> Finder:
    """jieba's words that are terms, which it is told are words; how many."""
    wanted, tokenizer = frozenset(terms()), jieba.Tokenizer()
    for term in wanted:
        tokenizer.add_word(term)
    return lambda text: sum(word in wanted for word in tokenizer.cut(text))
