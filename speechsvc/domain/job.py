"""A unit of work owned by the database; a broker message is only a wake-up for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobKind(StrEnum):
    TRANSCRIBE = "transcribe"
    ANALYSE = "analyse"
    DELIVER = "deliver"
    PREVIEW = "preview"
    RETAG = "retag"
    INDEX = "index"
    WATCH = "watch"  # looks for silent leads, again and again
    SETTLE = "settle"

    @property
    def queue(self) -> str:
        """The broker queue that wakes its workers."""
        return {"transcribe": "asr", "deliver": "crm"}.get(self.value, "text")

    @property
    def rank(self) -> int:
        """Among jobs of one queue: lower ones first. Somebody waits for a preview; nobody for the rest."""
        return {"analyse": 0, "preview": 0, "index": 1, "retag": 1, "watch": 1, "settle": 1}.get(self.value, 0)


class JobState(StrEnum):
    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"  # gave up after its attempts; the reason is kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One leased job, as its worker sees it."""

    id: int
    tenant_id: str
    kind: JobKind
    subject: str  # call id, delivery id, or follow-up id
    attempt: int  # 1 for the first try
    token: int  # fencing token: grows with each lease; a write with an older one fails
    payload: dict[str, Any] = field(default_factory=dict)
