"""What follows from what, and from that, and so on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def closure(starts: Iterable[str], steps: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The starts and all that is reached from them by any number of steps."""
    reached, ahead = set[str](), list(starts)
    while ahead:
        one = ahead.pop()
        if one not in reached:
            reached.add(one)
            ahead.extend(steps.get(one, ()))
    return frozenset(reached)
