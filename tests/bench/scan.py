"""The scan stage alone beside bare automata over the same literals, all on text that is normalised already.

Bare automata list every place of every literal. Ours says where a term stands (Latin ones only as whole words) and
which patterns have all their parts in a stretch, which is what the next stage needs. With homophones both sides look
for sounds too: bare automata list every place in the syllable string that sounds like a term or a part of a pattern;
ours also judges what sounds like a term."""

from __future__ import annotations

from collections.abc import Callable

import ahocorasick
from ahocorasick_rs import AhoCorasick, MatchKind

from speechsvc.domain.lexicon import Lexicon
from speechsvc.tagging.codes import mapped, text_of
from speechsvc.tagging.rules import Rule, compile_rules
from speechsvc.tagging.scan import Scanner
from speechsvc.tagging.syllables import readings, syllable_count, syllable_table
from speechsvc.tagging.text import NormalText, normalise
from speechsvc.tagging.words import words
from tests.bench.result import Result, Work, in_turns, versus
from tests.bench.texts import default_lexicon, invented, labelled, without_patterns

Count = Callable[[str], int]  # how many places an automaton lists


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
    literals, heard = _literals(rules), _heard(rules) if homophones else []
    bare = {
        name: _over(texts, make(literals), make(heard) if heard else None)
        for name, make in (("bare pyahocorasick", _pyahocorasick), ("bare ahocorasick_rs", _ahocorasick_rs))
    }
    series = in_turns(repetitions, {"ours": _ours(scanner, texts, homophones)} | bare)
    details = {"characters": _length(texts), "literals": len(literals), "sounds": len(heard), "lexicon": lexicon.label}
    return versus("scan", case, "characters/s", series, details, computing=True)


def _literals(rules: tuple[Rule, ...]) -> list[str]:
    """All that the scan looks for: terms, variants, and each alternative of each required part."""
    parts = [part for rule in rules for part in rule.parts if not part.optional]
    terms = {literal.text for rule in rules for literal in rule.literals}
    return sorted(terms | {text for part in parts for text in part.literals})


def _heard(rules: tuple[Rule, ...]) -> list[str]:
    """The syllable strings of those that may be found by sound."""
    tolerant = [rule for rule in rules if rule.homophones]
    required = [part for rule in tolerant for part in rule.parts if not part.optional]
    parts = [(text, part.floor) for part in required for text in part.literals]
    terms = [(literal.text, rule.floor) for rule in tolerant for literal in rule.literals]
    return sorted({s for text, floor in terms + parts if syllable_count(text) >= floor for s in readings(text)})


def _ours(scanner: Scanner, texts: list[NormalText], homophones: bool) -> Work:
    def work() -> float:
        for text in texts:
            for _ in scanner.characters(text.text):
                pass
            scanner.sieve.possible(text.codes, text.starts, text.ends)
            if homophones:
                for _ in scanner.homophones(text.text, _sounds(text)):
                    pass
        return _length(texts)

    return work


def _over(texts: list[NormalText], count: Count, count_heard: Count | None) -> Work:
    def work() -> float:
        for text in texts:
            count(text.text)
            if count_heard is not None:
                count_heard(_sounds(text))
        return _length(texts)

    return work


def _pyahocorasick(literals: list[str]) -> Count:
    automaton = ahocorasick.Automaton()
    for literal in literals:
        automaton.add_word(literal, literal)
    automaton.make_automaton()
    return lambda text: sum(1 for _ in automaton.iter(text))


def _ahocorasick_rs(literals: list[str]) -> Count:
    automaton = AhoCorasick(literals, matchkind=MatchKind.Standard)
    return lambda text: len(automaton.find_matches_as_indexes(text, overlapping=True))


def _sounds(text: NormalText) -> str:
    return text_of(mapped(text.codes, syllable_table()))


def _length(texts: list[NormalText]) -> int:
    return sum(len(text.text) for text in texts)
