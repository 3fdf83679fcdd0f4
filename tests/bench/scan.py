"""The scan stage alone beside a bare automaton over the same literals.

Ours also normalises, keeps Latin words whole, and looks for homophones: the ratio is what that costs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from ahocorasick_rs import AhoCorasick, MatchKind

from speechsvc.domain.conversation import Conversation
from speechsvc.tagging.rules import compile_rules
from speechsvc.tagging.scan import Scanner
from speechsvc.tagging.syllables import syllables
from speechsvc.tagging.text import normalise
from speechsvc.tagging.words import words
from tests.bench.result import Result, Work, in_turns, versus
from tests.bench.texts import default_lexicon, invented, length, whole_texts


def run(quick: bool) -> list[Result]:
    """Characters a second on invented calls, without and with homophones."""
    size, repetitions = (300_000, 3) if quick else (600_000, 5)
    calls = invented(size)
    texts, characters = whole_texts(calls), length(calls)
    rules = compile_rules(default_lexicon(), words())
    scanner = Scanner(rules, words(), homophones=True)
    literals = sorted(
        {literal.text for rule in rules for literal in rule.literals}
        | {text for rule in rules if rule.parts for text in rule.parts[rule.anchor].literals}
    )
    results = []
    for case, homophones in (("characters", False), ("characters and homophones", True)):
        contenders = {"ours": _ours(scanner, calls, homophones)} | _bare(literals, texts, characters)
        series = in_turns(repetitions, contenders)
        details = {"characters": characters, "literals": len(literals), "lexicon": default_lexicon().label}
        results += versus("scan", case, "characters/s", series, details, computing=True)
    return results


def _ours(scanner: Scanner, calls: list[Conversation], homophones: bool) -> Work:
    def work() -> float:
        for call in calls:
            text = normalise(call).text
            for _ in scanner.characters(text):
                pass
            if homophones:
                for _ in scanner.homophones(text, syllables(text)):
                    pass
        return length(calls)

    return work


def _bare(literals: list[str], texts: list[str], characters: int) -> dict[str, Work]:
    """ahocorasick_rs, and pyahocorasick where it happens to be installed."""
    automaton = AhoCorasick(literals, matchkind=MatchKind.Standard)
    found = {"bare ahocorasick_rs": _over(texts, characters, lambda t: len(_all(automaton, t)))}
    if find_spec("ahocorasick") is not None:
        ahocorasick = import_module("ahocorasick")

        other = ahocorasick.Automaton()
        for literal in literals:
            other.add_word(literal, literal)
        other.make_automaton()
        found["bare pyahocorasick"] = _over(texts, characters, lambda t: sum(1 for _ in other.iter(t)))
    return found


def _all(automaton: AhoCorasick, text: str) -> list[tuple[int, int, int]]:
    return list(automaton.find_matches_as_indexes(text, overlapping=True))


def _over(texts: list[str], characters: int, count: Callable[[str], int]) -> Work:
    def work() -> float:
        for text in texts:
            count(text)
        return characters

    return work
