"""Two phone calls at once: nobody speaks on two at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

OVERLAP_S = 5.0  # clocks of call systems differ by this much

Intervals = tuple[tuple[float, float], ...]  # seconds from the call's beginning


class OnPhone(Protocol):
    """A call as far as this module needs it."""

    @property
    def started_at(self) -> datetime: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def speech(self) -> Intervals | None: ...  # of either side; none: not looked up, the whole call stands for it


def may_overlap(one: OnPhone, other: OnPhone) -> bool:
    """By the calls' lengths alone."""
    begin = max(one.started_at, other.started_at)
    end = min(c.started_at + timedelta(seconds=c.duration_s) for c in (one, other))
    return end - begin > timedelta(seconds=OVERLAP_S)


def speak_at_once(one: OnPhone, other: OnPhone) -> bool:
    """Whether both carry speech in the same seconds. A call that waits on hold beside another one does not."""
    if not may_overlap(one, other):
        return False
    shift = (other.started_at - one.started_at).total_seconds()
    moved = [(a + shift, b + shift) for a, b in _speech(other)]
    return _common_s(_speech(one), moved) > OVERLAP_S


def _speech(call: OnPhone) -> list[tuple[float, float]]:
    return merged(call.speech if call.speech is not None else ((0.0, call.duration_s),))


def merged(intervals: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """In order, none touching another: two who speak at once fill a second once."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(intervals):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def _common_s(some: Sequence[tuple[float, float]], others: Sequence[tuple[float, float]]) -> float:
    i = j = 0
    common = 0.0
    while i < len(some) and j < len(others):
        common += max(0.0, min(some[i][1], others[j][1]) - max(some[i][0], others[j][0]))
        if some[i][1] < others[j][1]:
            i += 1
        else:
            j += 1
    return common
