"""Patterns: from one part found in the text to the whole, part by part, within gaps. Bounded work at each step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import Pattern

from speechsvc.tagging.rules import Part, Rule

Span = tuple[int, int]
Step = tuple[Span, bool]  # span of a part, and whether it was found by sound

_FILLER = re.compile(r"就是说|那个|这个|就是|然后|其实|嗯|啊|呃|哦|呢|吧|嘛|，|、|,|\s")
_FILLER_ROOM = 8  # characters of fillers that a gap may hold on top


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One match of a pattern: its parts' spans in order, and which of them only sound right."""

    spans: tuple[Span, ...]
    sounded: tuple[int, ...] = ()  # numbers of the spans found by sound


def extend(rule: Rule, text: str, sounds: str | None, anchor: Span, limits: Span) -> Found | None:
    """The nearest whole match around the anchor part's span, inside `limits`; none if a part is missing."""
    if not _neighbours(rule, text, sounds, anchor, limits):
        return None
    right = _walk(rule, text, sounds, anchor, limits, +1)
    if right is None or _forbidden(rule, text, (right[-1][0] if right else anchor)[1], limits[1]):
        return None
    left = _walk(rule, text, sounds, anchor, limits, -1)
    if left is None:
        return None
    steps = [*reversed(left), (anchor, False), *right]
    return Found(spans=tuple(s for s, _ in steps), sounded=tuple(i for i, (_, heard) in enumerate(steps) if heard))


def _neighbours(rule: Rule, text: str, sounds: str | None, anchor: Span, limits: Span) -> bool:
    """A quick look whether the parts beside the anchor are there at all: most hits end here."""
    i, parts = rule.anchor, rule.parts
    for part, way in ((parts[i + 1] if i + 1 < len(parts) else None, +1), (parts[i - 1] if i else None, -1)):
        if part is None or part.optional:
            continue
        low, high = _window(rule, part, anchor, limits, way)
        if part.regex.search(text, low, high):
            continue
        if sounds is None or part.sounds is None or not part.sounds.search(sounds, low, high):
            return False
    return True


def _window(rule: Rule, part: Part, span: Span, limits: Span, way: int) -> Span:
    reach = rule.entry.gap + _FILLER_ROOM + part.longest
    if way > 0:
        return span[1], min(limits[1], span[1] + reach)
    return max(limits[0], span[0] - reach), span[0]


def _walk(rule: Rule, text: str, sounds: str | None, anchor: Span, limits: Span, way: int) -> list[Step] | None:
    """Steps from the anchor outwards. Keeps for each reached place of a part the first, nearest path to it."""
    remaining = rule.parts[rule.anchor + 1 :] if way > 0 else rule.parts[: rule.anchor][::-1]
    paths: list[list[Step]] = [[]]
    for part in remaining:
        reached: dict[Span, list[Step]] = {}
        for path in paths:
            for step in _next(rule, part, text, sounds, path[-1][0] if path else anchor, limits, way):
                reached.setdefault(step[0], [*path, step])
        if reached:
            paths = [*reached.values(), *(paths if part.optional else ())]
        elif not part.optional:
            return None
    return paths[0]


def _next(rule: Rule, part: Part, text: str, sounds: str | None, span: Span, limits: Span, way: int) -> list[Step]:
    """Occurrences of `part` beyond `span`, nearest and longest first; by sound only if the letters give none."""
    low, high = _window(rule, part, span, limits, way)
    places = _near(rule, text, _occurrences(part.regex, text, low, high), span, way)
    if places or sounds is None or part.sounds is None:
        return [(place, False) for place in places]
    return [(place, True) for place in _near(rule, text, _occurrences(part.sounds, sounds, low, high), span, way)]


def _near(rule: Rule, text: str, places: list[Span], span: Span, way: int) -> list[Span]:
    """Those within the gap, fillers not counted."""
    gap = rule.entry.gap
    if way < 0:
        places.sort(key=_nearest_left)
        return [(s, e) for s, e in places if span[0] - e <= gap or len(_FILLER.sub("", text[e : span[0]])) <= gap]
    return [(s, e) for s, e in places if s - span[1] <= gap or len(_FILLER.sub("", text[span[1] : s])) <= gap]


def _nearest_left(place: Span) -> Span:
    return -place[1], place[0]


def _occurrences(regex: Pattern[str], text: str, low: int, high: int) -> list[Span]:
    """All places, overlapping ones too, the longest alternative at each."""
    places, match = [], regex.search(text, low, high)
    while match is not None:
        places.append(match.span())
        match = regex.search(text, match.start() + 1, high)
    return places


def _forbidden(rule: Rule, text: str, end: int, high: int) -> bool:
    part = rule.forbidden
    if part is None:
        return False
    match = part.regex.search(text, end, min(high, end + rule.entry.gap + part.longest))
    return match is not None and match.start() - end <= rule.entry.gap
