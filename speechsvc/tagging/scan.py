"""The scan: two automata over the whole conversation, one over characters, one over syllables, and a sieve for
patterns. Everything else only looks where these found something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick
from ahocorasick_rs import MatchKind as AutomatonKind

from speechsvc.domain.mention import MatchKind
from speechsvc.tagging.expressions import Expressions
from speechsvc.tagging.rules import Rule
from speechsvc.tagging.sieve import Sieve
from speechsvc.tagging.syllables import readings, syllable_count, syllables
from speechsvc.tagging.words import Words

_EDGE = 4.0  # nats by which a reading across a word edge must be likelier before a match is dropped
_RARE = 500  # count up to which a word may still be a slip for a longer term
_TWO_GAIN = 3.0  # nats that a two-syllable homophone must gain


class Hit(NamedTuple):
    """A literal of a rule at a place in the text; for a pattern, its anchor part. A tuple: made by the thousand."""

    rule: int
    kind: MatchKind
    start: int
    end: int
    literal: str


class Scanner:
    """Automata over the literals of terms and of patterns of one part, a sieve for the others. Read-only once made."""

    def __init__(self, rules: tuple[Rule, ...], words: Words, *, homophones: bool) -> None:
        self._words = words
        uses: defaultdict[str, list[tuple[int, MatchKind]]] = defaultdict(list)
        heard: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
        for number, rule in enumerate(rules):
            for text, kind in _scanned(rule):
                uses[text].append((number, kind))
                if homophones and rule.homophones and syllable_count(text) >= rule.floor:
                    for sound in readings(text):
                        heard[sound].add((text, number))
        self._literals = sorted(uses)
        self._uses = [uses[text] for text in self._literals]
        self._latin = [_latin_edges(text) for text in self._literals]
        self._automaton = _automaton(self._literals)
        sounds = sorted(heard)
        self._heard = [sorted(heard[sound]) for sound in sounds]
        self._sounds = _automaton(sounds)
        self._expressions = Expressions((n, rule.entry.regex) for n, rule in enumerate(rules) if rule.entry.regex)
        self.sieve = Sieve(
            ((number, rule.checks) for number, rule in enumerate(rules) if rule.checks),
            {number: rule.conditions.previous for number, rule in enumerate(rules) if rule.conditions.previous},
        )

    def characters(self, text: str) -> Iterator[Hit]:
        """Literal matches; Latin ones only as whole words."""
        if self._automaton is None:
            return
        literals, uses, latin = self._literals, self._uses, self._latin
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            edges = latin[index]
            if edges is not None:
                first, last = edges
                if (first and start and _same(first, text[start - 1])) or (
                    last and end < len(text) and _same(last, text[end])
                ):
                    continue
            for rule, kind in uses[index]:
                yield Hit(rule, kind, start, end, literals[index])

    def expressions(self, text: str) -> Iterator[Hit]:
        """Matches of regular expressions."""
        for rule, start, end in self._expressions.matches(text):
            yield Hit(rule, MatchKind.PATTERN, start, end, text[start:end])

    def homophones(self, text: str, sounds: str) -> Iterator[Hit]:
        """Places that only sound like a literal, and are no ordinary words themselves."""
        if self._sounds is None:
            return
        for index, start, end in self._sounds.find_matches_as_indexes(sounds, overlapping=True):
            said = text[start:end]
            for literal, rule in self._heard[index]:
                if said != literal and self.misheard(text, start, end, literal):
                    yield Hit(rule, MatchKind.HOMOPHONE, start, end, literal)

    def whole(self, text: str, start: int, end: int) -> bool:
        """Whether the span's edges are word edges: 大麻 in 大麻烦 is not whole, 发票 in 开发票 is."""
        return end - start < 2 or self._words.straddle(text, start, end) <= _EDGE

    def clean(self, text: str, spans: tuple[tuple[int, int], ...]) -> bool:
        """Whether a pattern's outer parts, where they are single characters, cut no word: 期 in 日期, 天 in 今天."""
        (start, first), (last, end) = spans[0], spans[-1]
        if first - start == 1 and start and self._words.cut_at(text, start, start):
            return False
        return end - last > 1 or end >= len(text) or not self._words.cut_at(text, last, end)

    @staticmethod
    def alike(said: str, literal: str) -> bool:
        """Whether the characters sound like the literal."""
        return len(said) == len(literal) and syllables(said) in readings(literal)

    def misheard(self, text: str, start: int, end: int, literal: str) -> bool:
        """Whether the characters at the span are likelier a recogniser's slip for `literal` than words of their own."""
        if end - start == 2 and text[start] != literal[0] and text[start + 1] != literal[1]:
            return False  # most end here
        wrong = [i for i in range(start, end) if text[i] != literal[i - start]]
        if not wrong:
            return True
        size, same = end - start, end - start - len(wrong)
        if size == 2 and self._words.in_pair(text, wrong[0]):
            return False
        ordinary = self._words.covering(text, start, end, wrong)
        if size == 2:
            return ordinary == 0 and self._words.gain(text, start, end, literal) >= _TWO_GAIN
        if size == 3:
            if same == 0:
                return ordinary == 0
            return ordinary < _RARE and self._words.gain(text, start, end, literal) > -1.0
        return same > 0 or ordinary < _RARE


def _scanned(rule: Rule) -> list[tuple[str, MatchKind]]:
    if rule.checks:
        return []
    if rule.parts:
        return [(text, MatchKind.PATTERN) for text in rule.parts[rule.anchor].literals]
    return [(literal.text, literal.kind) for literal in rule.literals]


def _automaton(literals: list[str]) -> AhoCorasick | None:
    return AhoCorasick(literals, matchkind=AutomatonKind.Standard) if literals else None


def _latin(character: str) -> str:
    """The class of a Latin edge: a letter must not continue with a letter, nor a digit with a digit."""
    return "letter" if "a" <= character <= "z" else "digit" if "0" <= character <= "9" else ""


def _latin_edges(literal: str) -> tuple[str, str] | None:
    """Both of its edges' classes; none for most literals, which have no Latin edge."""
    edges = _latin(literal[0]), _latin(literal[-1])
    return edges if any(edges) else None


def _same(kind: str, neighbour: str) -> bool:
    return _latin(neighbour) == kind
