"""A call and what the call system said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class CallStatus(StrEnum):
    """Where a call is on its way. `partial` is done with a truncated recording; `failed` is a result, not a crash."""

    QUEUED = "queued"
    TRANSCRIBING = "transcribing"
    ANALYSING = "analysing"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"

    @property
    def finished(self) -> bool:
        return self in (CallStatus.DONE, CallStatus.PARTIAL, CallStatus.FAILED)


class Source(StrEnum):
    """What was analysed: a phone call with its recording, or text that came without audio."""

    CALL = "call"
    TRANSCRIPT = "transcript"  # made elsewhere
    MINUTES = "minutes"
    CHAT = "chat"
    EMAIL = "email"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, kw_only=True, slots=True)
class Salesperson:
    """The salesperson as at call time."""

    id: str
    name: str | None = None
    team: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """The customer as at call time."""

    id: str
    name: str | None = None
    industry: str | None = None
    region: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Opportunity:
    """The CRM's opportunity as at call time."""

    id: str
    stage: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CallMetadata:
    """What the uploader says about the call; see CONTRACT in docs/api.md."""

    external_id: str
    started_at: datetime  # with time zone
    direction: Direction = Direction.OUTBOUND
    salesperson: Salesperson | None = None
    customer: Customer | None = None
    caller: str | None = None  # phone number
    callee: str | None = None
    extension: str | None = None
    followup_id: str | None = None
    opportunity: Opportunity | None = None
    lead_grade: str | None = None
    channels: dict[str, str] | str | None = None  # {"left": "agent", "right": "customer"}, "mono", or none: default


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """A stored audio file."""

    blob: str  # key in the blob store; generated, never the caller's file name
    sha256: str  # hexadecimal, of the bytes as uploaded
    size: int  # bytes
    media_type: str | None = None  # sniffed after decoding, not what the caller claimed


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One phone conversation, or one text of another source, of one tenant."""

    id: str
    metadata: CallMetadata
    source: Source = Source.CALL
    status: CallStatus = CallStatus.QUEUED
    recording: Recording | None = None
    playback: Recording | None = None  # what readers hear where the original is not for them or not for browsers
    progress: float = 0.0  # 0 to 1
    expected_at: datetime | None = None  # finish of recognition, while it is queued or transcribed
    received_at: datetime
    finished_at: datetime | None = None
    duration: float | None = None  # seconds of audio decoded
    contact: str | None = None
    score: int | None = None  # 0 to 100
    topics: tuple[str, ...] = ()  # topics with at least one counting mention
    error_code: str | None = None
    error: str | None = None  # one plain sentence
    versions: dict[str, str | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    analysis_revision: int = 0  # grows with each re-tag or re-transcription
