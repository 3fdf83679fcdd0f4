"""Why a model thinks so: the stretch of the turn whose features weigh most, and the phrases in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from speechsvc.tagging.learned.features import SOUND_LENGTHS, TEXT_LENGTHS, Squeezed, places
from speechsvc.tagging.text import NormalText
from speechsvc.tagging.words import words

_MARKS = "，,。！？!?；;、：:"
_LONGEST_CLAUSE = 30  # characters; a longer clause is cut to the stretch itself
_MOST_WORDS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Spans into the normalised text of the conversation."""

    span: tuple[int, int]
    phrases: tuple[tuple[int, int], ...]  # heaviest first; none where the context alone decided


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    start: int  # into the squeezed turn
    end: int
    weight: int


def find_evidence(text: NormalText, turn: int, squeezed: Squeezed, weights: Mapping[str, int]) -> Evidence:
    """`weights`: of characters, and of syllables by their codes. The turn must hold more than marks."""
    at = places(text.text, text.starts[turn], text.ends[turn])
    shares = _shares(_parts(squeezed, weights), len(at))
    start, end = _heaviest(shares)
    if start == end:
        return Evidence(span=(at[0], at[-1] + 1), phrases=())
    span = at[start], at[end - 1] + 1
    phrases = _phrases(text.text, span, dict(zip(at, shares, strict=True)))
    return Evidence(span=_clause(text, turn, span), phrases=phrases)


def _parts(turn: Squeezed, weights: Mapping[str, int]) -> Iterator[_Part]:
    for said, lengths in ((turn.text, TEXT_LENGTHS), (turn.sounds, SOUND_LENGTHS)):
        for n in lengths:
            for i in range(len(said) - n + 1):
                weight = weights.get(said[i : i + n])
                if weight:
                    yield _Part(start=i, end=i + n, weight=weight)


def _shares(parts: Iterable[_Part], size: int) -> list[int]:
    """What each character weighs: every part's weight, in twelfths, spread over its characters."""
    shares = [0] * size
    for part in parts:
        for i in range(part.start, part.end):
            shares[i] += part.weight * 12 // (part.end - part.start)
    return shares


def _heaviest(shares: Sequence[int]) -> tuple[int, int]:
    """The stretch with the largest sum; empty where no character weighs anything."""
    best, span, total, start = 0, (0, 0), 0, 0
    for i, share in enumerate(shares):
        if total <= 0:
            total, start = 0, i
        total += share
        if total > best:
            best, span = total, (start, i + 1)
    return span


def _phrases(text: str, span: tuple[int, int], shares: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
    """The heaviest words of the span, neighbours joined; heaviest first."""
    found, at = [], span[0]
    for word in words().tokenizer.cut(text[slice(*span)], HMM=False):
        weight = sum(shares.get(i, 0) for i in range(at, at + len(word)))
        if weight > 0:
            found.append((weight, at, at + len(word)))
        at += len(word)
    kept = sorted(sorted(found, key=lambda one: (-one[0], one[1]))[:_MOST_WORDS], key=lambda one: one[1])
    joined: list[tuple[int, int, int]] = []
    for weight, start, end in kept:
        if joined and joined[-1][2] == start:
            joined[-1] = (joined[-1][0] + weight, joined[-1][1], end)
        else:
            joined.append((weight, start, end))
    return tuple((start, end) for _, start, end in sorted(joined, key=lambda one: (-one[0], one[1])))


def _clause(text: NormalText, turn: int, span: tuple[int, int]) -> tuple[int, int]:
    """The stretch out to the next marks, if that is not long; blanks at its edges stay outside."""
    low, high = span
    while low > text.starts[turn] and text.text[low - 1] not in _MARKS:
        low -= 1
    while high < text.ends[turn] and text.text[high] not in _MARKS:
        high += 1
    if high - low > _LONGEST_CLAUSE:
        return span
    said = text.text[low:high]
    return low + len(said) - len(said.lstrip()), high - len(said) + len(said.rstrip())
