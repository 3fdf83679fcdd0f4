"""What the CRM is told: small facts with ids, score, topics and versions; never transcript text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from speechsvc.errors import SpeechsvcError

EVENT_TYPES = (
    "call.analysed",
    "call.failed",
    "call.erased",
    "followup.scored",
    "followup.settled",
    "followup.appealed",
    "followup.decided",
    "followup.overridden",
    "lexicon.published",
    "rubric.published",
    "retag.finished",
    "lead.silent",
    "webhook.disabled",
)
VERSION = 1  # of the payloads' schemas: fields may be added under the same number, any other change raises it
MAX_DATA_BYTES = 18_000  # with the envelope less than 20 kB
TEST_TYPE = "webhook.test"  # sent on demand, never in the feed


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event of a tenant's feed."""

    id: str  # constant over all deliveries
    seq: int  # position in the tenant's feed: monotonic, without gaps
    type: str
    subject: str  # id of what it is about: a call, a follow-up, a version
    occurred_at: datetime
    data: dict[str, Any]  # JSON; less than 20 kB with the envelope
    lane: str = ""  # webhooks keep the order of events with the same one


class EventTooLarge(SpeechsvcError):
    """An event of {bytes} bytes is too large to be sent."""

    code, status = "event_too_large", 500
    zh = "事件大小为 {bytes} 字节，超出发送上限。"


def lane_of(subject: str, data: dict[str, Any]) -> str:
    """A follow-up's events keep their order, others those of their subject.

    Its id is people's words, which go when it is erased; the lane stays, so it holds only a digest.
    """
    followup = data.get("followup_id")
    return f"followup:{sha256(str(followup).encode()).hexdigest()[:26]}" if followup else subject


def fitted(data: dict[str, Any]) -> dict[str, Any]:
    """Small enough to be sent: the longest list is cut, and `truncated` says so. Raises EventTooLarge."""
    size = _size(data)
    while size > MAX_DATA_BYTES:
        lists = {name: value for name, value in data.items() if isinstance(value, list) and value}
        if not lists:
            raise EventTooLarge(bytes=size)
        longest = max(lists, key=lambda name: _size(lists[name]))
        data = data | {longest: lists[longest][: len(lists[longest]) // 2], "truncated": True}
        size = _size(data)
    return data


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
