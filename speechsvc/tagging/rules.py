"""Lexicon entries made ready to match: normalised literals, compiled parts, the part that finds a pattern."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from re import Pattern

from speechsvc.domain.lexicon import HOMOPHONE_FLOOR, Conditions, Entry, Lexicon
from speechsvc.domain.mention import MatchKind, Polarity
from speechsvc.tagging.features import Feature, Kind, commonness, literal_features
from speechsvc.tagging.number_classes import CHARACTERS as CLASS_CHARACTERS
from speechsvc.tagging.number_classes import CLASS, CLASSES, LEAN_CLASSES
from speechsvc.tagging.number_classes import LONGEST as LONGEST_CLASS
from speechsvc.tagging.sieve import Check
from speechsvc.tagging.syllables import readings, syllable_count
from speechsvc.tagging.text import normal_form
from speechsvc.tagging.words import Words

_SHORTEST_HEARD = 2  # one syllable has too many meanings
_KEPT_RULES = 20_000
FILLER_ROOM = 8  # characters of fillers that a gap may hold on top


@dataclass(frozen=True, kw_only=True, slots=True)
class Literal:
    """One way to write a term."""

    text: str  # normalised
    kind: MatchKind


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One part of a pattern. Its expressions are compiled when first needed: many never are."""

    alternatives: tuple[str, ...]  # normalised, the longest first; classes as written
    literals: tuple[str, ...]  # alternatives without a class
    longest: int  # characters of the longest alternative
    optional: bool
    floor: int  # syllables from which an alternative may be heard by its sound

    @property
    def plain(self) -> bool:
        """No alternative holds a class."""
        return len(self.literals) == len(self.alternatives)

    @cached_property
    def regex(self) -> Pattern[str]:
        return re.compile("|".join(_source(a, CLASSES) for a in self.alternatives))

    @cached_property
    def lean(self) -> Pattern[str] | None:
        """For numbers that leave 万 to the next part."""
        numbers = [_source(a, LEAN_CLASSES) for a in self.alternatives if "<number>" in a]
        return re.compile("|".join(numbers)) if numbers else None

    @cached_property
    def finder(self) -> Pattern[str]:
        """For the part that a match is built around: literals only, numbers too as whole words."""
        return re.compile("|".join(f"{_edge(a[0], '<!')}{re.escape(a)}{_edge(a[-1], '!')}" for a in self.literals))

    @cached_property
    def shorter(self) -> dict[str, tuple[str, ...]]:
        """Literals that another one begins with."""
        found = {a: tuple(b for b in self.literals if a != b and a.startswith(b)) for a in self.literals}
        return {a: b for a, b in found.items() if b}

    @cached_property
    def heard(self) -> dict[str, tuple[str, ...]]:
        """Syllable string -> literals, long enough, that sound as it does or as its beginning does."""
        heard: dict[str, list[str]] = {}
        for literal in sorted(self.literals):
            for sound in readings(literal) if self._heard(literal) else ():
                heard.setdefault(sound, []).append(literal)
        beginnings = {sound: [sound[:size] for size in range(self.floor, len(sound) + 1)] for sound in heard}
        return {sound: tuple(a for b in begins for a in heard.get(b, ())) for sound, begins in beginnings.items()}

    def _heard(self, literal: str) -> bool:
        return syllable_count(literal) >= self.floor

    @cached_property
    def sounds(self) -> Pattern[str] | None:
        """The same over syllable strings."""
        longest_first = sorted(self.heard, key=lambda a: (-len(a), a))
        return re.compile("|".join(map(re.escape, longest_first))) if self.heard else None

    def features(self, words: Words, *, by_sound: bool) -> frozenset[Feature]:
        """One of these stands wherever the part does."""
        if by_sound not in self._features:
            sets = (_features(a, words, by_sound=by_sound and self._heard(a)) for a in self.alternatives)
            self._features[by_sound] = frozenset(chain.from_iterable(sets))
        return self._features[by_sound]

    @cached_property
    def _features(self) -> dict[bool, frozenset[Feature]]:
        return {}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rule:
    """One entry of one topic. A term has literals, a pattern has parts, a regular expression neither."""

    topic: str
    entry: Entry
    conditions: Conditions
    unconditional: bool  # nothing asked of speaker, context, time or length
    dependent: bool  # on matches of other topics in the turn
    undemanding: bool  # nothing asked of the words around, longer words apart
    polarity: Polarity | None
    literals: tuple[Literal, ...]  # of a term
    parts: tuple[Part, ...]
    anchor: int  # index of the part that a match is built around
    required: tuple[tuple[Part, int, bool], ...]  # other required parts: farthest reach from it, whether behind it
    right: tuple[Part, ...]  # the parts behind it, in order
    left: tuple[Part, ...]  # the parts before it, the nearest first
    checks: tuple[Check, ...]  # what must stand around; empty for what the automaton looks for
    forbidden: Part | None  # the last !part
    homophones: bool
    floor: int  # syllables from which a word may be heard by its sound
    gap: int  # most characters between two parts, fillers not counted
    not_inside: tuple[str, ...]
    near: Pattern[str] | None
    not_near: Pattern[str] | None


def compile_rules(lexicon: Lexicon, words: Words) -> tuple[Rule, ...]:
    """All entries, in order of topic and entry id, so that the order in the files cannot matter."""
    pairs = [(topic.id, entry) for topic in lexicon.topics for entry in topic.entries]
    return tuple(_rule(topic, entry, words) for topic, entry in sorted(pairs, key=lambda pair: (pair[0], pair[1].id)))


@lru_cache(maxsize=_KEPT_RULES)
def _rule(topic: str, entry: Entry, words: Words) -> Rule:
    """Kept: a new version of a lexicon shares nearly all entries with the one before, tenants with the default."""
    floor = _floor(entry)
    parts = tuple(_part(part, floor) for part in entry.pattern if not part.startswith("!"))
    forbidden = next((_part(part, floor) for part in entry.pattern if part.startswith("!")), None)
    anchor = _anchor(parts, words) if parts else 0
    near, not_near = entry.conditions.near, entry.conditions.not_near
    return Rule(
        topic=topic,
        entry=entry,
        conditions=entry.conditions,
        unconditional=entry.conditions.plain,
        dependent=bool(entry.conditions.before or entry.conditions.after),
        undemanding=(near, not_near, entry.conditions.at, entry.conditions.question) == ((), (), None, None),
        polarity=entry.polarity,
        literals=_literals(entry),
        parts=parts,
        anchor=anchor,
        required=_required(entry, parts, anchor),
        right=parts[anchor + 1 :],
        left=parts[:anchor][::-1],
        checks=_checks(entry, parts, anchor, words),
        forbidden=forbidden,
        homophones=_tolerant(entry, parts),
        floor=_floor(entry),
        gap=entry.gap,
        not_inside=tuple(normal_form(word) for word in entry.not_inside),
        near=_any(near) if near else None,
        not_near=_any(not_near) if not_near else None,
    )


def _checks(entry: Entry, parts: tuple[Part, ...], anchor: int, words: Words) -> tuple[Check, ...]:
    """The required parts, the anchor first, then the rarest; and `near`. A pattern of one part that may stand anywhere
    has none: looking for its literals is quicker."""
    required = [i for i, part in enumerate(parts) if not part.optional]
    if not required or (len(required) == 1 and not entry.conditions.previous):
        return ()
    required.sort(key=lambda i: (i != anchor, _part_commonness(parts[i], words)))
    tolerant = _tolerant(entry, parts)
    checks = [Check(parts[i].features(words, by_sound=tolerant), _reach(entry, parts, anchor, i)) for i in required]
    near = [normal_form(word) for word in entry.conditions.near]
    if near and all(near):
        features = frozenset(chain.from_iterable(literal_features(word, words, by_sound=False) for word in near))
        longest = _reach(entry, parts, 0, len(parts) - 1) + max(map(len, near))
        checks.append(Check(features, longest + entry.conditions.window))
    return tuple(checks)


def _required(entry: Entry, parts: tuple[Part, ...], anchor: int) -> tuple[tuple[Part, int, bool], ...]:
    return tuple(
        (part, _reach(entry, parts, anchor, i), i > anchor)
        for i, part in enumerate(parts)
        if i != anchor and not part.optional
    )


def _reach(entry: Entry, parts: tuple[Part, ...], one: int, other: int) -> int:
    """Most characters from the begin of one part to the end of another, either way round."""
    between = parts[min(one, other) : max(one, other) + 1]
    return sum(part.longest for part in between) + (len(between) - 1) * (entry.gap + FILLER_ROOM)


def _literals(entry: Entry) -> tuple[Literal, ...]:
    if entry.term is None:
        return ()
    texts = {normal_form(variant): MatchKind.VARIANT for variant in entry.variants}
    texts[normal_form(entry.term)] = MatchKind.EXACT
    return tuple(Literal(text=text, kind=kind) for text, kind in sorted(texts.items()) if text)


@lru_cache(maxsize=10_000)
def _part(part: str, floor: int) -> Part:
    """Lexicons repeat whole parts, and so do their versions."""
    alternatives = sorted({_normal_part(a.lstrip("?!")) for a in part.split("|")} - {""}, key=lambda a: (-len(a), a))
    plain = [a for a in alternatives if not CLASS.search(a)]
    return Part(
        alternatives=tuple(alternatives),
        literals=tuple(plain),
        longest=max((len(a) if a in plain else LONGEST_CLASS) for a in alternatives),
        optional=part.startswith("?"),
        floor=floor,
    )


def _source(alternative: str, classes: Mapping[str, str]) -> str:
    """Regex of one alternative; a Latin word is not found inside a longer one."""
    before = "(?<![a-z])" if "a" <= alternative[0] <= "z" else ""
    after = "(?![a-z])" if "a" <= alternative[-1] <= "z" else ""
    return before + CLASS.sub(lambda m: classes[m.group()], re.escape(alternative)) + after


def _edge(character: str, look: str) -> str:
    """A letter must not continue with a letter, nor a digit with a digit."""
    kind = "a-z" if "a" <= character <= "z" else "0-9" if "0" <= character <= "9" else ""
    return f"(?{look}[{kind}])" if kind else ""


def _features(alternative: str, words: Words, *, by_sound: bool) -> set[Feature]:
    names = CLASS.findall(alternative)
    if not names:
        return literal_features(alternative, words, by_sound=by_sound)
    plain = max(CLASS.split(alternative), key=len)
    if plain:
        return literal_features(plain, words, by_sound=False)
    return {Feature(Kind.CHARACTERS, character) for character in CLASS_CHARACTERS[names[0]]}


def _normal_part(alternative: str) -> str:
    """Normal form of the plain stretches; classes stay as written."""
    pieces = CLASS.split(alternative)
    classes = CLASS.findall(alternative)
    return "".join(piece + name for piece, name in zip(map(_maybe_normal, pieces), [*classes, ""], strict=True))


def _maybe_normal(text: str) -> str:
    return normal_form(text) if text else ""


def _anchor(parts: tuple[Part, ...], words: Words) -> int:
    """The required part without classes that is rarest in running text: the fewer candidates, the faster."""
    usable = [i for i, part in enumerate(parts) if not part.optional and part.plain]
    return min(usable, key=lambda i: (_part_commonness(parts[i], words), i))


def _part_commonness(part: Part, words: Words) -> float:
    """Of a part with a class: more than any."""
    return sum(commonness(text, words) for text in part.literals) if part.plain else math.inf


def _floor(entry: Entry) -> int:
    return max(_SHORTEST_HEARD, entry.homophone_floor or 0)


def _tolerant(entry: Entry, parts: tuple[Part, ...]) -> bool:
    if entry.homophones is not None:
        return entry.homophones
    if entry.homophone_floor is not None:
        return True
    if entry.term is not None:
        return syllable_count(normal_form(entry.term)) >= HOMOPHONE_FLOOR
    if entry.regex is not None:
        return False
    least = sum(min((syllable_count(a) for a in part.literals), default=0) for part in parts if not part.optional)
    return least >= HOMOPHONE_FLOOR


@lru_cache(maxsize=10_000)
def _any(words: tuple[str, ...]) -> Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, map(normal_form, words)), key=lambda a: (-len(a), a))))
