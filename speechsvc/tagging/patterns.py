"""Patterns: from one part found in the text to the whole, part by part, within gaps. Bounded work at each step."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from re import Pattern
from typing import NamedTuple

from speechsvc.tagging.rules import FILLER_ROOM, Part, Rule

Span = tuple[int, int]
Step = tuple[Span, bool]  # span of a part, and whether it was found by sound
Find = Callable[[Pattern[str], str, str, Span, Span, int, int, bool], list[Span]]  # _behind or _before

_FILLER = re.compile(r"就是说|那个|这个|就是|然后|其实|嗯|啊|呃|哦|呢|吧|嘛|，|、|,|\s")
_MOST_PATHS = 24
_NONE: list[Step] = []


class Found(NamedTuple):
    """One match of a pattern: its parts' spans in order, and which of them only sound right."""

    spans: tuple[Span, ...]
    sounded: tuple[int, ...] = ()  # numbers of the spans found by sound


class Effort:
    """Searches that one pattern may still make in one stretch of text: far more than speech needs, and an end to a
    pattern of eight times 要 in 要要要要."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = 200


def extend(rule: Rule, text: str, sounds: str | None, anchor: Span, limits: Span, effort: Effort) -> Found | None:
    """The nearest whole match around the anchor part's span, inside `limits`; none if a part is missing."""
    if _missing(rule, text, sounds, anchor, limits):
        return None
    right = _steps(rule, rule.right, text, sounds, anchor, limits, _behind, effort) if rule.right else _NONE
    if right is None:
        return None
    if rule.forbidden is not None and _forbidden(rule, text, (right[-1][0] if right else anchor)[1], limits[1]):
        return None
    left = _steps(rule, rule.left, text, sounds, anchor, limits, _before, effort) if rule.left else _NONE
    if left is None:
        return None
    steps = [*reversed(left), (anchor, False), *right]
    return Found(tuple([span for span, _ in steps]), tuple([i for i, (_, heard) in enumerate(steps) if heard]))


def _missing(rule: Rule, text: str, sounds: str | None, anchor: Span, limits: Span) -> bool:
    """Whether a required part is nowhere on its side of the anchor, as far as gaps allow: a quick look at order."""
    start, end = anchor
    low, high = limits
    for part, reach, behind in rule.required:
        span = (end, min(high, start + reach)) if behind else (max(low, end - reach), start)
        if part.regex.search(text, *span) is None and (
            sounds is None or part.sounds is None or part.sounds.search(sounds, *span) is None
        ):
            return True
    return False


def exact_anchors(part: Part, text: str, low: int, high: int, end: int) -> list[tuple[str, int]]:
    """Literals of the part that begin in [low, high), each with its place; overlapping ones too."""
    search, limit, found = part.finder.search, min(end, high + part.longest), []
    match = search(text, low, limit)
    while match is not None and (start := match.start()) < high:
        literal = match.group()
        found.append((literal, start))
        for shorter in part.shorter.get(literal, ()):
            if _alone(text, start + len(shorter)):
                found.append((shorter, start))
        match = search(text, start + 1, limit)
    return found


def sounding_anchors(part: Part, text: str, sounds: str, low: int, high: int, end: int) -> list[tuple[str, int]]:
    """Literals of the part that the text may sound like but does not say."""
    regex = part.sounds
    if regex is None:
        return []
    search, limit, found = regex.search, min(end, high + part.longest), []
    match = search(sounds, low, limit)
    while match is not None and (start := match.start()) < high:
        for literal in part.heard[match.group()]:
            if not text.startswith(literal, start):
                found.append((literal, start))
        match = search(sounds, start + 1, limit)
    return found


def _alone(text: str, end: int) -> bool:
    """Whether no Latin word or number goes on over this edge."""
    before, behind = text[end - 1], text[end : end + 1]
    return not (("a" <= before <= "z" and "a" <= behind <= "z") or ("0" <= before <= "9" and "0" <= behind <= "9"))


def _steps(
    rule: Rule,
    parts: tuple[Part, ...],
    text: str,
    sounds: str | None,
    anchor: Span,
    limits: Span,
    find: Find,
    effort: Effort,
) -> list[Step] | None:
    """Steps from the anchor outwards. Keeps for each reached place of a part the first, nearest path to it."""
    last = parts[-1]
    paths: list[list[Step]] = (
        [[]] if len(parts) == 1 else _walk(rule, parts[:-1], text, sounds, anchor, limits, find, effort)
    )
    for path in paths:  # the first that the outermost part completes
        effort.left -= 1
        if effort.left < 0:
            return None
        steps = _next(rule, last, text, sounds, path[-1][0] if path else anchor, limits, find, True)
        if steps:
            return [*path, steps[0]]
    return paths[0] if last.optional and paths else None


def _walk(
    rule: Rule,
    parts: tuple[Part, ...],
    text: str,
    sounds: str | None,
    anchor: Span,
    limits: Span,
    find: Find,
    effort: Effort,
) -> list[list[Step]]:
    """All paths over these parts, the nearest first; as many as may matter, so that 啊啊啊啊 costs no more."""
    paths: list[list[Step]] = [[]]
    for part in parts:
        reached: dict[Span, list[Step]] = {}
        effort.left -= len(paths)
        if effort.left < 0:
            return []
        for path in paths:
            for step in _next(rule, part, text, sounds, path[-1][0] if path else anchor, limits, find, False):
                if step[0] not in reached:
                    reached[step[0]] = [*path, step]
        if reached:
            paths = [*islice(reached.values(), _MOST_PATHS), *(paths if part.optional else ())]
        elif not part.optional:
            return []
    return paths


def _next(
    rule: Rule,
    part: Part,
    text: str,
    sounds: str | None,
    span: Span,
    limits: Span,
    find: Find,
    first: bool,
) -> list[Step]:
    """Occurrences of `part` beyond `span`, nearest and longest first; by sound only if the letters give none.
    `first`: at least the first of them."""
    places = find(part.regex, text, text, span, limits, rule.gap, part.longest, first)
    if part.lean is not None:
        places += find(part.lean, text, text, span, limits, rule.gap, part.longest, first)
        places.sort(key=_nearest_right if find is _behind else _nearest_left)
    if places or sounds is None or part.sounds is None:
        return [(place, False) for place in places]
    return [(place, True) for place in find(part.sounds, sounds, text, span, limits, rule.gap, part.longest, first)]


def _behind(
    regex: Pattern[str], scanned: str, text: str, span: Span, limits: Span, gap: int, longest: int, first: bool
) -> list[Span]:
    """Places behind the span and within the gap, fillers not counted; overlapping ones too."""
    places: list[Span] = []
    edge = span[1]
    high = min(limits[1], edge + gap + FILLER_ROOM + longest)
    match = regex.search(scanned, edge, high)
    while match is not None:
        start = match.start()
        if start - edge <= gap or len(_FILLER.sub("", text[edge:start])) <= gap:
            places.append(match.span())
            if first:
                break
        match = regex.search(scanned, start + 1, high)
    return places


def _before(
    regex: Pattern[str], scanned: str, text: str, span: Span, limits: Span, gap: int, longest: int, first: bool
) -> list[Span]:
    """The same before the span; the one that ends nearest comes first."""
    places: list[Span] = []
    edge = span[0]
    match = regex.search(scanned, max(limits[0], edge - gap - FILLER_ROOM - longest), edge)
    while match is not None:
        start, end = place = match.span()
        if edge - end <= gap or len(_FILLER.sub("", text[end:edge])) <= gap:
            places.append(place)
        match = regex.search(scanned, start + 1, edge)
    if len(places) > 1:
        places.sort(key=_nearest_left)
    return places


def _nearest_right(place: Span) -> Span:
    return place[0], -place[1]


def _nearest_left(place: Span) -> Span:
    return -place[1], place[0]


def _forbidden(rule: Rule, text: str, end: int, high: int) -> bool:
    part = rule.forbidden
    if part is None:
        return False
    match = part.regex.search(text, end, min(high, end + rule.gap + part.longest))
    return match is not None and match.start() - end <= rule.gap
