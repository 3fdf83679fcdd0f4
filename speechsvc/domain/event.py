"""What the CRM is told: small facts with ids, score, topics and versions; never transcript text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

EVENT_TYPES = (
    "call.analysed",
    "call.failed",
    "call.erased",
    "lexicon.published",
    "rubric.published",
    "retag.finished",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event of a tenant's feed."""

    id: str  # constant over all deliveries
    seq: int  # position in the tenant's feed: monotonic, without gaps
    type: str
    subject: str  # id of what it is about: a call, a version
    occurred_at: datetime
    data: dict[str, Any]  # JSON; less than 20 kB with the envelope
