"""Two conversations at once, by seconds of speech."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechsvc.domain.overlap import Intervals, merged, speak_at_once

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Phone:
    started_at: datetime
    duration_s: float
    speech: Intervals | None = None


def phone(at: float, length: float, *speech: tuple[float, float]) -> Phone:
    return Phone(START + timedelta(seconds=at), length, speech or None)


@pytest.mark.parametrize(
    ("one", "other", "at_once"),
    [
        (phone(0, 60), phone(30, 60), True),
        (phone(0, 60), phone(60, 60), False),
        (phone(0, 60), phone(56, 60), False),  # clocks differ
        (phone(0, 60), phone(0, 60), True),
        (phone(0, 300, (0, 60), (200, 300)), phone(90, 90, (0, 85)), False),  # a call back to a colleague, on hold
        (phone(0, 300, (0, 60), (200, 300)), phone(30, 90, (0, 85)), True),
        (phone(0, 60, (0, 3), (2, 4), (1, 4)), phone(0, 60), False),  # both sides speak: a second counts once
    ],
)
def test_speech_decides(one: Phone, other: Phone, at_once: bool) -> None:
    assert speak_at_once(one, other) is at_once
    assert speak_at_once(other, one) is at_once


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda p: (min(p), max(p)))))
def test_merged_keeps_every_second_once(intervals: list[tuple[int, int]]) -> None:
    seconds = {s for a, b in intervals for s in range(a, b)}
    found = merged(intervals)
    assert sum(b - a for a, b in found) == len(seconds)
    assert all(a[1] < b[0] for a, b in pairwise(found))
