"""Lexicon entries made ready to match: normalised literals, compiled parts, the part that finds a pattern."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from re import Pattern

from speechsvc.domain.lexicon import HOMOPHONE_FLOOR, Conditions, Entry, Lexicon
from speechsvc.domain.mention import MatchKind, Polarity
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
    def sounds(self) -> Pattern[str] | None:
        """The same over syllable strings, for alternatives of two and more syllables."""
        heard = {sound for a in self.literals if syllable_count(a) >= 2 for sound in readings(a)}
        return re.compile("|".join(map(re.escape, sorted(heard, key=lambda a: (-len(a), a))))) if heard else None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rule:
    """One entry of one topic."""

    topic: str
    entry: Entry
    conditions: Conditions
    unconditional: bool  # nothing asked of speaker, context, time or length
    polarity: Polarity | None
    literals: tuple[Literal, ...]  # of a term; empty for a pattern
    parts: tuple[Part, ...]
    anchor: int  # index of the part whose literals are scanned for
    forbidden: Part | None  # the last !part
    homophones: bool
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
    literals = _literals(entry)
    near, not_near = entry.conditions.near, entry.conditions.not_near
    return Rule(
        topic=topic,
        entry=entry,
        conditions=entry.conditions,
        unconditional=entry.conditions.plain,
        polarity=entry.polarity,
        literals=literals,
        parts=parts,
        anchor=_anchor(parts, words) if parts else 0,
        forbidden=forbidden,
        homophones=_tolerant(entry, parts),
        not_inside=tuple(normal_form(word) for word in entry.not_inside),
        near=_any(near) if near else None,
        not_near=_any(not_near) if not_near else None,
    )


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
    return min(usable, key=lambda i: (sum(_commonness(text, words) for text in parts[i].literals), i))


def _commonness(text: str, words: Words) -> float:
    """Rough count in jieba's corpus; a word it does not know is rarer than its rarest character, by its length."""
    known = words.frequency(text)
    if known or not text:
        return float(known)
    return min(words.frequency(character) for character in text) / 4.0 ** (len(text) - 1) + 1.0


def _tolerant(entry: Entry, parts: tuple[Part, ...]) -> bool:
    if entry.homophones is not None:
        return entry.homophones
    if entry.term is not None:
        return syllable_count(normal_form(entry.term)) >= HOMOPHONE_FLOOR
    least = sum(min((syllable_count(a) for a in part.literals), default=0) for part in parts if not part.optional)
    return least >= HOMOPHONE_FLOOR


def _any(words: tuple[str, ...]) -> Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, map(normal_form, words)), key=lambda a: (-len(a), a))))
