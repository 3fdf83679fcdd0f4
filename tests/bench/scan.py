"""The scan stage alone beside bare automata over the same literals, all on text that is normalised already.

Bare automata list every place of every literal. Ours says where a term stands (Latin ones only as whole words) and
which patterns have all their parts in a stretch, which is what the next stage needs; in the last case it also finds
what merely sounds like a term, and judges it."""

from __future__ import annotations

from collections.abc import Callable

import ahocorasick
from ahocorasick_rs import AhoCorasick, MatchKind

from speechsvc.domain.lexicon import Lexicon
from speechsvc.tagging.codes import mapped, text_of
from speechsvc.tagging.rules import Rule, compile_rules
from speechsvc.tagging.scan import Scanner
from speechsvc.tagging.syllables import syllable_table
from speechsvc.tagging.text import NormalText, normalise
from speechsvc.tagging.words import words
from tests.bench.result import Result, Work, in_turns, versus
from tests.bench.texts import default_lexicon, invented, labelled, without_patterns


def run(quick: bool) -> list[Result]:
    """Characters a second: terms only, the whole lexicon, and the whole lexicon with homophones."""
    size, repetitions = (100_000, 3) if quick else (400_000, 5)
    whole, terms_only = default_lexicon(), without_patterns(default_lexicon())
    results = []
    for kind, calls in (("invented calls", invented(size)), ("labelled calls", labelled(size))):
        texts = [normalise(call) for call in calls]
        for case, lexicon, homophones in (
            ("terms", terms_only, False),
            ("whole lexicon", whole, False),
            ("whole lexicon and homophones", whole, True),
        ):
            results += _compare(f"{kind}, {case}", texts, lexicon, repetitions, homophones)
    return results


def _compare(case: str, texts: list[NormalText], lexicon: Lexicon, repetitions: int, homophones: bool) -> list[Result]:
    rules = compile_rules(lexicon, words())
    scanner = Scanner(rules, words(), homophones=homophones)
    literals, characters = _literals(rules), sum(len(text.text) for text in texts)
    series = in_turns(repetitions, {"ours": _ours(scanner, texts, homophones)} | _bare(literals, texts, characters))
    details = {"characters": characters, "literals": len(literals), "lexicon": lexicon.label}
    return versus("scan", case, "characters/s", series, details, computing=True)


def _literals(rules: tuple[Rule, ...]) -> list[str]:
    """All that the scan looks for: terms, variants, and each alternative of each required part."""
    parts = [part for rule in rules for part in rule.parts if not part.optional]
    terms = {literal.text for rule in rules for literal in rule.literals}
    return sorted(terms | {text for part in parts for text in part.literals})


def _ours(scanner: Scanner, texts: list[NormalText], homophones: bool) -> Work:
    def work() -> float:
        for text in texts:
            for _ in scanner.characters(text.text):
                pass
            scanner.sieve.possible(text.codes, text.starts, text.ends)
            if homophones:
                for _ in scanner.homophones(text.text, text_of(mapped(text.codes, syllable_table()))):
                    pass
        return sum(len(text.text) for text in texts)

    return work


def _bare(literals: list[str], texts: list[NormalText], characters: int) -> dict[str, Work]:
    ours = AhoCorasick(literals, matchkind=MatchKind.Standard)
    other = ahocorasick.Automaton()
    for literal in literals:
        other.add_word(literal, literal)
    other.make_automaton()
    strings = [text.text for text in texts]
    return {
        "bare pyahocorasick": _over(strings, characters, lambda t: sum(1 for _ in other.iter(t))),
        "bare ahocorasick_rs": _over(
            strings, characters, lambda t: len(ours.find_matches_as_indexes(t, overlapping=True))
        ),
    }


def _over(texts: list[str], characters: int, count: Callable[[str], int]) -> Work:
    def work() -> float:
        for text in texts:
            count(text)
        return characters

    return work
