"""Patterns: from one part found in the text to the whole, part by part, within gaps. Bounded work at each step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from speechsvc.tagging.rules import Part, Rule

_FILLER = re.compile(r"就是说|那个|这个|就是|然后|其实|嗯|啊|呃|哦|呢|吧|嘛|，|、|,|\s")
_FILLER_ROOM = 8  # characters of fillers that a gap may hold on top


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One match of a pattern: its parts' spans in order, and whether one of them only sounds right."""

    spans: tuple[tuple[int, int], ...]
    sounded: tuple[int, ...] = ()  # numbers of the spans found by sound

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def end(self) -> int:
        return self.spans[-1][1]


def extend(rule: Rule, text: str, sounds: str | None, anchor: tuple[int, int], limits: tuple[int, int]) -> Found | None:
    """The nearest whole match around the anchor part's span, inside `limits`; none if a part is missing."""
    right = _walk(rule, text, sounds, anchor, limits, +1)
    if right is None or _forbidden(rule, text, (right[-1][0] if right else anchor)[1], limits[1]):
        return None
    left = _walk(rule, text, sounds, anchor, limits, -1)
    if left is None:
        return None
    steps = [*reversed(left), (anchor, False), *right]
    return Found(spans=tuple(s for s, _ in steps), sounded=tuple(i for i, (_, heard) in enumerate(steps) if heard))


Step = tuple[tuple[int, int], bool]  # span of a part, and whether it was found by sound


def _walk(
    rule: Rule, text: str, sounds: str | None, anchor: tuple[int, int], limits: tuple[int, int], way: int
) -> list[Step] | None:
    """Steps from the anchor outwards. Keeps for each reached part the nearest path to each place."""
    remaining = rule.parts[rule.anchor + 1 :] if way > 0 else rule.parts[: rule.anchor][::-1]
    paths: list[list[Step]] = [[]]
    for part in remaining:
        reached: dict[tuple[int, int], list[Step]] = {}
        for path in paths:
            for step in _next(rule, part, text, sounds, path[-1][0] if path else anchor, limits, way):
                reached.setdefault(step[0], [*path, step])
        if reached:
            paths = list(reached.values()) + (paths if part.optional else [])
        elif not part.optional:
            return None
    return paths[0]


def _next(
    rule: Rule, part: Part, text: str, sounds: str | None, span: tuple[int, int], limits: tuple[int, int], way: int
) -> Iterator[Step]:
    """Occurrences of `part` beyond `span`, nearest first; by sound only if the letters give none."""
    gap = rule.entry.gap
    reach = gap + _FILLER_ROOM + part.longest
    low, high = (span[1], min(limits[1], span[1] + reach)) if way > 0 else (max(limits[0], span[0] - reach), span[0])
    given = False
    for heard in (False, True):
        regex, haystack = (part.sounds, sounds) if heard else (part.regex, text)
        if given or regex is None or haystack is None:
            continue
        spans = [m.span(1) for m in regex.finditer(haystack, low, high) if m.end(1) <= high]
        for start, end in spans if way > 0 else reversed(spans):
            between = text[span[1] : start] if way > 0 else text[end : span[0]]
            if len(between) <= gap or len(_FILLER.sub("", between)) <= gap:
                given = True
                yield (start, end), heard


def _forbidden(rule: Rule, text: str, end: int, high: int) -> bool:
    if rule.forbidden is None:
        return False
    return any(
        m.start() - end <= rule.entry.gap
        for m in rule.forbidden.regex.finditer(text, end, min(high, end + rule.entry.gap + 1))
    )
