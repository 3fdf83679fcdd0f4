"""The delivery schedule: exact, at least 75 hours long, and respectful of receivers that ask for time."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechsvc.domain.retry import JITTER, SCHEDULE, Outcome, next_delay, outcome, retry_after_s

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def test_schedule_is_exact_without_jitter() -> None:
    delays = [next_delay(n, retry_after=None, random=lambda: 0.0) for n in range(11)]
    hours = 3600.0
    assert delays == [
        0.0,
        5.0,
        300.0,
        1800.0,
        2 * hours,
        5 * hours,
        10 * hours,
        14 * hours,
        20 * hours,
        24 * hours,
        None,
    ]


def test_a_weekend_outage_is_survived() -> None:
    friday_evening_to_monday_morning = timedelta(hours=63).total_seconds()
    assert sum(SCHEDULE) / 3600 > 75
    assert sum(SCHEDULE) > friday_evening_to_monday_morning


@given(st.integers(1, len(SCHEDULE)), st.floats(0, 1, exclude_max=True))
def test_jitter_only_lengthens(attempt: int, dice: float) -> None:
    delay = next_delay(attempt, retry_after=None, random=lambda: dice)
    assert delay is not None
    assert SCHEDULE[attempt - 1] <= delay <= SCHEDULE[attempt - 1] * (1 + JITTER)


def test_jitter_spreads_receivers_that_failed_together() -> None:
    dice = iter([0.0, 0.5, 0.99])
    delays = {next_delay(3, retry_after=None, random=lambda: next(dice)) for _ in range(3)}
    assert len(delays) == 3


@pytest.mark.parametrize(
    ("attempt", "asked", "expected"),
    [(1, 60.0, 60.0), (1, 1.0, 5.0), (9, 60.0, 86_400.0), (2, 10**9, 86_400.0), (10, 60.0, None)],
)
def test_retry_after_lengthens_up_to_a_day(attempt: int, asked: float, expected: float | None) -> None:
    assert next_delay(attempt, retry_after=asked, random=lambda: 0.0) == expected


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_2xx_is_delivered(status: int) -> None:
    assert outcome(status) is Outcome.DELIVERED


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 302, 304, 400, 401, 404, 429, 500, 502, 503])
def test_everything_else_is_tried_again(status: int | None) -> None:
    assert outcome(status) is Outcome.RETRY


def test_410_disables() -> None:
    assert outcome(410) is Outcome.GONE


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [
        (429, "120", 120.0),
        (503, " 7 ", 7.0),
        (503, "0", 0.0),
        (429, "99999999999999999999", 86_400.0),
        (429, format_datetime(NOW + timedelta(minutes=10), usegmt=True), 600.0),
        (429, format_datetime(NOW + timedelta(days=10), usegmt=True), 86_400.0),
        (429, format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        (429, "soon", None),
        (429, "-5", None),
        (429, "1e3", None),
        (429, "٣", None),
        (429, "", None),
        (429, None, None),
        (500, "120", None),
        (200, "120", None),
        (None, "120", None),
    ],
)
def test_retry_after_header(status: int | None, header: str | None, expected: float | None) -> None:
    assert retry_after_s(status, header, NOW) == expected


@given(st.text(max_size=60))
def test_no_header_breaks_the_parser(header: str) -> None:
    seconds = retry_after_s(429, header, NOW)
    assert seconds is None or 0 <= seconds <= 86_400
