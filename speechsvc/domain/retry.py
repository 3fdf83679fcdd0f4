"""When a webhook is tried again, and what an answer means. Pure rules; the clock and the dice come from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

# Seconds after each failed try: ten tries over 75.6 hours, the example of the Standard Webhooks specification.
# A shorter schedule would miss a CRM that is down from Friday evening to Monday morning.
SCHEDULE = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.1  # up to this part is added, never taken away: the schedule is the promise, the spread is ours
MAX_RETRY_AFTER_S = 86_400.0
_THROTTLED = frozenset({429, 503})


class Outcome(StrEnum):
    """What one try means for the delivery."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GONE = "gone"  # the receiver says never again: disable the endpoint


def outcome(status: int | None) -> Outcome:
    """Only 2xx is delivered. A redirect is a failure: it is never followed. `None`: no answer came."""
    if status is not None and 200 <= status < 300:
        return Outcome.DELIVERED
    return Outcome.GONE if status == 410 else Outcome.RETRY


def next_delay(attempt: int, *, retry_after: float | None, random: Callable[[], float]) -> float | None:
    """Seconds until the next try, `None` when all tries are used up.

    `attempt` counts the tries already made: 0 gives 0.0, the first try is due at once. `retry_after` is what the
    receiver asked for (see `retry_after_s`): it can only lengthen the wait, to at most 24 hours. `random` gives
    a number from 0 to 1.
    """
    if attempt <= 0:
        return 0.0
    if attempt > len(SCHEDULE):
        return None
    wait = SCHEDULE[attempt - 1] * (1 + JITTER * random())
    return max(wait, min(retry_after or 0.0, MAX_RETRY_AFTER_S))


def retry_after_s(status: int | None, header: str | None, now: datetime) -> float | None:
    """Seconds asked for by a `Retry-After` header of a 429 or 503, capped at 24 hours; `None` where it does not count.

    Takes both forms of RFC 9110: seconds and HTTP date.
    """
    if status not in _THROTTLED or not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER_S)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max((when - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)
