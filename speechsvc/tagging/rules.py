"""Lexicon entries made ready to match: normalised literals, compiled parts, the part that finds a pattern."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from re import Pattern

from speechsvc.domain.lexicon import HOMOPHONE_FLOOR, Conditions, Entry, Lexicon
from speechsvc.domain.mention import MatchKind, Polarity
from speechsvc.tagging.features import Feature, Kind, commonness, literal_features
from speechsvc.tagging.sieve import Check
from speechsvc.tagging.syllables import readings, syllable_count
from speechsvc.tagging.text import normal_form
from speechsvc.tagging.words import Words

_N = "(?:[0-9][0-9.,]*|[零一二两三四五六七八九十百千万亿几半数]+)(?:点[0-9零一二三四五六七八九]+)?[多几来]?"
_UNIT_OF_MONEY = "块钱?|元|毛|万|千|百|刀|美金|港币"
_UNIT_OF_TIME = "工作日|小时|分钟|天|周|星期|礼拜|月底?|季度|年|号|日"
_DAY = (
    "今年|明年|后年|去年|年底|年初|年前|年后|月底|月初|季度末|周[一二三四五六日末]|礼拜[一二三四五六天]"
    "|[上下]半年|今天|明天|后天|国庆|元旦|春节|过年"
)
CLASSES = {
    "<number>": _N,
    "<money>": f"{_N}(?:[百千万亿wk]{{0,2}}[多来几]?)(?:{_UNIT_OF_MONEY})[多来几零一二两三四五六七八九半]?",
    "<percent>": f"(?:百分之{_N}|{_N}(?:%|成|折|个点))",
    "<time>": f"(?:{_N}个?(?:{_UNIT_OF_TIME})"
    f"|(?:本|这|下|上|下下)个?(?:周|月|季度|年|礼拜|星期)[一二三四五六日天底初末]?|{_DAY})",
}
CLASS_CHARACTERS = {  # one of these is in everything that the class matches
    "<number>": "0123456789零一二两三四五六七八九十百千万亿几半数",
    "<money>": "块元毛万千百刀美港",
    "<percent>": "分%成折点",
    "<time>": "日时钟天周期拜月季年号庆旦节",
}
FILLER_ROOM = 8  # characters of fillers that a gap may hold on top
_LONGEST_CLASS = 24  # characters that an alternative with a class may take
_CLASS = re.compile("|".join(map(re.escape, CLASSES)))


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

    @property
    def plain(self) -> bool:
        """No alternative holds a class."""
        return len(self.literals) == len(self.alternatives)

    @cached_property
    def regex(self) -> Pattern[str]:
        return re.compile("|".join(map(_source, self.alternatives)))

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
        """Syllable string -> literals of two and more syllables that sound as it does or as its beginning does."""
        heard: dict[str, list[str]] = {}
        for literal in sorted(self.literals):
            for sound in readings(literal) if syllable_count(literal) >= 2 else ():
                heard.setdefault(sound, []).append(literal)
        beginnings = {sound: [sound[:size] for size in range(2, len(sound) + 1)] for sound in heard}
        return {sound: tuple(a for b in begins for a in heard.get(b, ())) for sound, begins in beginnings.items()}

    @cached_property
    def sounds(self) -> Pattern[str] | None:
        """The same over syllable strings."""
        longest_first = sorted(self.heard, key=lambda a: (-len(a), a))
        return re.compile("|".join(map(re.escape, longest_first))) if self.heard else None

    def features(self, words: Words, *, by_sound: bool) -> frozenset[Feature]:
        """One of these stands wherever the part does."""
        if by_sound not in self._features:
            sets = (_features(a, words, by_sound=by_sound) for a in self.alternatives)
            self._features[by_sound] = frozenset(chain.from_iterable(sets))
        return self._features[by_sound]

    @cached_property
    def _features(self) -> dict[bool, frozenset[Feature]]:
        return {}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rule:
    """One entry of one topic."""

    topic: str
    entry: Entry
    conditions: Conditions
    unconditional: bool  # nothing asked of speaker, context, time or length
    undemanding: bool  # nothing asked of the words around, longer words apart
    polarity: Polarity | None
    literals: tuple[Literal, ...]  # of a term; empty for a pattern
    parts: tuple[Part, ...]
    anchor: int  # index of the part that a match is built around
    right: tuple[Part, ...]  # the parts behind it, in order
    left: tuple[Part, ...]  # the parts before it, the nearest first
    checks: tuple[Check, ...]  # what must stand around; empty for what the automaton looks for
    forbidden: Part | None  # the last !part
    homophones: bool
    gap: int  # most characters between two parts, fillers not counted
    not_inside: tuple[str, ...]
    near: Pattern[str] | None
    not_near: Pattern[str] | None


def compile_rules(lexicon: Lexicon, words: Words) -> tuple[Rule, ...]:
    """All entries, in order of topic and entry id, so that the order in the files cannot matter."""
    pairs = [(topic.id, entry) for topic in lexicon.topics for entry in topic.entries]
    return tuple(_rule(topic, entry, words) for topic, entry in sorted(pairs, key=lambda pair: (pair[0], pair[1].id)))


def _rule(topic: str, entry: Entry, words: Words) -> Rule:
    parts = tuple(_part(part) for part in entry.pattern if not part.startswith("!"))
    forbidden = next((_part(part) for part in entry.pattern if part.startswith("!")), None)
    anchor = _anchor(parts, words) if parts else 0
    near, not_near = entry.conditions.near, entry.conditions.not_near
    return Rule(
        topic=topic,
        entry=entry,
        conditions=entry.conditions,
        unconditional=entry.conditions.plain,
        undemanding=(near, not_near, entry.conditions.at, entry.conditions.question) == ((), (), None, None),
        polarity=entry.polarity,
        literals=_literals(entry),
        parts=parts,
        anchor=anchor,
        right=parts[anchor + 1 :],
        left=parts[:anchor][::-1],
        checks=_checks(entry, parts, anchor, words),
        forbidden=forbidden,
        homophones=_tolerant(entry, parts),
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
def _part(part: str) -> Part:
    """Lexicons repeat whole parts, and so do their versions."""
    alternatives = sorted({_normal_part(a.lstrip("?!")) for a in part.split("|")} - {""}, key=lambda a: (-len(a), a))
    plain = [a for a in alternatives if not _CLASS.search(a)]
    return Part(
        alternatives=tuple(alternatives),
        literals=tuple(plain),
        longest=max((len(a) if a in plain else _LONGEST_CLASS) for a in alternatives),
        optional=part.startswith("?"),
    )


def _source(alternative: str) -> str:
    """Regex of one alternative; a Latin word is not found inside a longer one."""
    before = "(?<![a-z])" if "a" <= alternative[0] <= "z" else ""
    after = "(?![a-z])" if "a" <= alternative[-1] <= "z" else ""
    return before + _CLASS.sub(lambda m: CLASSES[m.group()], re.escape(alternative)) + after


def _edge(character: str, look: str) -> str:
    """A letter must not continue with a letter, nor a digit with a digit."""
    kind = "a-z" if "a" <= character <= "z" else "0-9" if "0" <= character <= "9" else ""
    return f"(?{look}[{kind}])" if kind else ""


def _features(alternative: str, words: Words, *, by_sound: bool) -> set[Feature]:
    names = _CLASS.findall(alternative)
    if not names:
        return literal_features(alternative, words, by_sound=by_sound)
    plain = max(_CLASS.split(alternative), key=len)
    if plain:
        return literal_features(plain, words, by_sound=False)
    return {Feature(Kind.CHARACTERS, character) for character in CLASS_CHARACTERS[names[0]]}


def _normal_part(alternative: str) -> str:
    """Normal form of the plain stretches; classes stay as written."""
    pieces = _CLASS.split(alternative)
    classes = _CLASS.findall(alternative)
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


def _tolerant(entry: Entry, parts: tuple[Part, ...]) -> bool:
    if entry.homophones is not None:
        return entry.homophones
    if entry.term is not None:
        return syllable_count(normal_form(entry.term)) >= HOMOPHONE_FLOOR
    least = sum(min((syllable_count(a) for a in part.literals), default=0) for part in parts if not part.optional)
    return least >= HOMOPHONE_FLOOR


def _any(words: tuple[str, ...]) -> Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, map(normal_form, words)), key=lambda a: (-len(a), a))))
