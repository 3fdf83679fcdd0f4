"""Webhook endpoints and their delivery log (Standard Webhooks specification)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a tenant wants events. The secret is shown once, at creation."""

    id: str
    url: str
    event_types: tuple[str, ...] = ()  # empty: all
    enabled: bool = True
    disabled_reason: str | None = None
    failing_since: datetime | None = None  # first failed try since the last success
    secret_overlap_until: datetime | None = None  # until then the secret before the last rotation signs too
    created_at: datetime


# Beside the retries of one event, which end after 75.6 hours: an endpoint that takes nothing at all is switched off.
DISABLE_AFTER = timedelta(hours=120)
MAX_OVERLAP_H = 168


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"  # gave up


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One try. `response` holds the first 500 characters at most."""

    at: datetime
    status: int | None  # HTTP status; none when no answer came
    error: str | None
    response: str | None
    seconds: float
    retry_after: float | None = None  # seconds the receiver asked to wait (429 and 503 only)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One event on its way to one endpoint."""

    id: str
    endpoint_id: str
    event_id: str
    event_seq: int
    event_type: str
    lane: str = ""  # events of one lane arrive in the order of the feed
    state: DeliveryState = DeliveryState.PENDING
    created_at: datetime
    next_at: datetime | None = None  # when the next try is due
    attempts: tuple[Attempt, ...] = ()
