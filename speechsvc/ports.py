"""What the core needs from the outside world, as Protocols. Adapters live in the rooms above; `bootstrap` joins them.

Every repository comes from a unit of work that is bound to one tenant: no query crosses tenants. `System` holds the
few operations that must see all tenants (key look-up, job leases, dispatch) and hands out no customer data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from speechsvc.domain.access import Principal, Scope
from speechsvc.domain.analysis import Tagging, Versions
from speechsvc.domain.call import Call, CallStatus, Recording, Source
from speechsvc.domain.conversation import Conversation
from speechsvc.domain.event import Event
from speechsvc.domain.facts import TopicFact
from speechsvc.domain.heatmap import HeatmapQuery, RowCount, RowKind, TopicCount
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.mention import Mention
from speechsvc.domain.talk import TalkMetrics
from speechsvc.domain.transcript import Transcript
from speechsvc.domain.upload import Upload, UploadPart
from speechsvc.domain.webhook import Attempt, Delivery, DeliveryState, Endpoint
from speechsvc.errors import SpeechsvcError

T = TypeVar("T")


class Clock(Protocol):
    """Wall time with zone, for what people read. Leases use the database's own clock."""

    def now(self) -> datetime: ...


# --- recognition and text -------------------------------------------------------------------------------------------


class Transcriber(Protocol):
    """Decode, channels, voice activity, recognition, guards."""

    def transcribe(
        self,
        recording: Path,
        *,
        channels: dict[str, str] | str | None,
        language: str,
        progress: Callable[[float], None],
    ) -> Transcript:
        """`progress` gets 0 to 1. Raises a SpeechsvcError with a stable code for a recording it cannot use."""
        ...

    def describe(self) -> dict[str, Any]:
        """Model, revision, device, compute type, engine and decoding settings; loads nothing."""
        ...


class Analyser(Protocol):
    """Tagging, contact outcome and score with one lexicon and one rubric."""

    @property
    def versions(self) -> Versions: ...

    def tag(self, conversation: Conversation) -> Tagging: ...

    def score(
        self, conversation: Conversation, tagging: Tagging, talk: TalkMetrics
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The score as CONTRACT.md shows it, and the frozen snapshot of inputs from which it recomputes."""
        ...


class Playback(Protocol):
    """Makes audio that a browser plays, with personal data silenced."""

    def write(self, recording: Path, out: Path, silence: Sequence[tuple[int | None, float, float]]) -> None:
        """`silence`: (channel or all, start seconds, end seconds). Writes PCM WAV."""
        ...


# --- files ----------------------------------------------------------------------------------------------------------


class BlobWriter(Protocol):
    """One file being received. Nothing is visible until `commit`; `abort` leaves nothing behind."""

    @property
    def size(self) -> int:
        """Bytes so far."""
        ...

    def write(self, data: bytes) -> None:
        """Raises StorageFull."""
        ...

    def commit(self) -> Recording:
        """Makes the file durable (fsync and rename, or completed upload); returns key, SHA-256 and size."""
        ...

    def abort(self) -> None: ...


class BlobStore(Protocol):
    """Recordings by generated key; a key is `<tenant>/<random>`, never a caller's file name."""

    def writer(self, tenant_id: str) -> BlobWriter: ...

    def put_file(self, tenant_id: str, path: Path) -> Recording: ...

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Chunks of at most 1 MiB. Raises NotFound."""
        ...

    def size(self, key: str) -> int: ...

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """A readable local path, alone in its folder; removed afterwards if it was a copy."""
        ...

    def delete(self, key: str) -> None:
        """No error if it is already gone."""
        ...

    def sweep(self, known: Callable[[str], bool], older_than_s: float) -> int:
        """Deletes files that no row knows and unfinished writes, if older than that; returns how many."""
        ...

    def check(self) -> None:
        """Raises SpeechsvcError if the store cannot be used."""
        ...


# --- database -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFilter:
    """Which calls a list shows; `None` means any."""

    scope: Scope = field(default_factory=Scope)
    status: CallStatus | None = None
    source: Source | None = None
    external_id: str | None = None
    salesperson_id: str | None = None
    team: str | None = None
    customer_id: str | None = None
    topic: str | None = None  # has a counting mention of it
    contact: str | None = None
    since: datetime | None = None  # began at or after
    until: datetime | None = None  # began before
    score_below: int | None = None
    score_from: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionFilter:
    """Which mentions a drill-down shows. Row and its key are the heatmap's."""

    scope: Scope = field(default_factory=Scope)
    topic: str | None = None
    row: RowKind | None = None
    row_key: str | None = None
    speaker: str | None = None  # customer, agent; none or "any": both
    counting_only: bool = True  # affirmed, unsuspect, effective calls
    sources: tuple[Source, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """One page of a listing; `cursor` continues it, none at the end."""

    items: tuple[T, ...]
    cursor: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMention:
    """A mention with its ids. `sentence` is the turn's whole text, unmasked: services mask before anything leaves."""

    id: str
    call_id: str
    mention: Mention
    sentence: str
    call: Call | None = None  # joined in drill-downs


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """Everything the text stage found in one call, stored and replaced as a whole."""

    tagging: Tagging
    talk: TalkMetrics
    score: dict[str, Any]
    snapshot: dict[str, Any]  # frozen inputs of the score
    versions: Versions
    facts: tuple[TopicFact, ...]  # what the heatmap counts, computed by domain.facts; storage stores them as they are


class CallRepository(Protocol):
    def add(self, call: Call, *, local_week: str) -> bool:
        """False, and nothing stored, if the tenant already has this external id. `local_week`: "2026-W48"."""
        ...

    def get(self, call_id: str, scope: Scope | None = None) -> Call:
        """Raises NotFound, also when it lies outside the scope."""
        ...

    def find(self, external_id: str) -> Call | None: ...

    def list(self, where: CallFilter, *, cursor: str | None = None, limit: int = 50) -> Page[Call]:
        """Newest first by received_at."""
        ...

    def update(self, call_id: str, **fields: Any) -> None:
        """Sets fields of Call by name. Raises NotFound."""
        ...

    def erase(self, call_id: str) -> Call:
        """Deletes the call with transcript, mentions, score, facts and jobs; returns what it was. Raises NotFound."""
        ...

    def queue_position(self, call_id: str) -> int | None:
        """How many ready jobs are before this call's, none if it does not wait."""
        ...


class TranscriptRepository(Protocol):
    def save(self, call_id: str, transcript: Transcript) -> None:
        """Replaces an earlier one."""
        ...

    def get(self, call_id: str) -> Transcript | None: ...


class AnalysisRepository(Protocol):
    def save(self, call_id: str, analysis: Analysis) -> int:
        """Replaces the mentions, score and heatmap facts of the call; returns the new revision (1, 2, ...)."""
        ...

    def get(self, call_id: str) -> Analysis | None:
        """Facts included."""
        ...

    def mentions(self, call_id: str) -> tuple[StoredMention, ...]: ...

    def find_mentions(
        self, where: MentionFilter, *, cursor: str | None = None, limit: int = 50
    ) -> Page[StoredMention]: ...

    def heatmap(self, query: HeatmapQuery) -> tuple[list[RowCount], list[TopicCount]]: ...


class StaleLease(SpeechsvcError):
    """Another worker has taken over this job; the result was not stored."""

    code = "stale_lease"
    zh = "该任务已由其他进程接手，本次结果未保存。"


class JobRepository(Protocol):
    """Jobs inside a unit of work: what a stage enqueues and finishes commits together with its results."""

    def add(
        self, kind: JobKind, subject: str, *, payload: dict[str, Any] | None = None, delay_s: float = 0
    ) -> None: ...

    def finish(self, job: Job) -> None:
        """Raises StaleLease unless the job's token is still the newest."""
        ...

    def hold(self, job: Job) -> None:
        """Changes nothing, and keeps the job from others until the commit. Raises StaleLease."""
        ...

    def retry(self, job: Job, *, delay_s: float, error_code: str, error: str, counted: bool = True) -> None:
        """Back to ready after a pause; the try does not count where `counted` is false. Raises StaleLease."""
        ...

    def bury(self, job: Job, *, error_code: str, error: str) -> None:
        """State dead, with the reason. Raises StaleLease."""
        ...


class EventRepository(Protocol):
    def append(self, type: str, subject: str, data: dict[str, Any]) -> Event:
        """Takes the tenant's next sequence number; the counter's row lock makes the feed gap-free in commit order."""
        ...

    def after(self, seq: int, *, limit: int = 100) -> list[Event]: ...

    def get(self, event_id: str) -> Event: ...

    def last_seq(self) -> int: ...

    def erase_bodies(self, subject: str) -> int:
        """Empties the data of all events of this subject, keeping their places in the feed."""
        ...


class WebhookRepository(Protocol):
    def add(self, endpoint: Endpoint, secret: str) -> None: ...
    def list(self) -> tuple[Endpoint, ...]: ...
    def get(self, endpoint_id: str) -> Endpoint: ...
    def secret(self, endpoint_id: str) -> str: ...
    def delete(self, endpoint_id: str) -> None: ...
    def disable(self, endpoint_id: str, reason: str) -> None: ...

    def add_delivery(self, endpoint_id: str, event: Event) -> Delivery:
        """Same endpoint and event again gives the same delivery."""
        ...

    def delivery(self, delivery_id: str) -> Delivery: ...

    def record(self, delivery_id: str, attempt: Attempt, state: DeliveryState, next_at: datetime | None) -> None: ...

    def drop(self, delivery_id: str) -> None:
        """It will not be tried again; no error if it is gone."""
        ...

    def deliveries(self, endpoint_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Delivery]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """Who did what to what, and when; never content."""

    at: datetime
    actor: str  # key id
    action: str  # for example recording.read_raw
    subject: str
    details: dict[str, Any] = field(default_factory=dict)


class AuditRepository(Protocol):
    def add(self, *, actor: str, action: str, subject: str, details: dict[str, Any] | None = None) -> None: ...
    def list(self, *, cursor: str | None = None, limit: int = 50) -> Page[AuditEntry]: ...


class UploadRepository(Protocol):
    """Recordings that arrive in pieces. The offset in the row decides who may add the next piece."""

    def add(self, upload: Upload) -> None:
        """A new upload without parts."""
        ...

    def get(self, upload_id: str) -> Upload:
        """With its parts in order. Raises NotFound."""
        ...

    def append(self, upload_id: str, part: UploadPart) -> bool:
        """False, and nothing stored, unless the upload's offset is `part.start` and the part fits into its length."""
        ...

    def finish(self, upload_id: str, call_id: str) -> bool:
        """It became this call: parts and metadata are forgotten. False unless it was complete and not settled."""
        ...

    def refuse(self, upload_id: str, code: str) -> bool:
        """It never becomes a call: parts and metadata are forgotten. False unless it was complete and not settled."""
        ...

    def remove(self, upload_id: str) -> Upload:
        """Deletes the row; returns what it was, with the parts whose files are to be deleted. Raises NotFound."""
        ...

    def waiting(self, *, limit: int = 1000) -> tuple[str, ...]:
        """Ids of uploads that are complete but not settled."""
        ...

    def expired(self, at: datetime, *, limit: int = 100) -> tuple[str, ...]:
        """Ids of uploads past their time that are not waiting."""
        ...


class UnitOfWork(Protocol):
    """One transaction of one tenant. Use with `with`; without `commit()` everything is rolled back.

    May be opened again after it was closed. SQLite: BEGIN IMMEDIATE when `write` is true.
    """

    tenant_id: str

    @property
    def calls(self) -> CallRepository: ...
    @property
    def transcripts(self) -> TranscriptRepository: ...
    @property
    def analyses(self) -> AnalysisRepository: ...
    @property
    def jobs(self) -> JobRepository: ...
    @property
    def events(self) -> EventRepository: ...
    @property
    def webhooks(self) -> WebhookRepository: ...
    @property
    def audit(self) -> AuditRepository: ...
    @property
    def uploads(self) -> UploadRepository: ...

    def commit(self) -> None: ...
    def __enter__(self) -> UnitOfWork: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Database(Protocol):
    """Opens units of work."""

    def tenant(self, tenant_id: str, *, write: bool = True) -> UnitOfWork: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    id: str
    name: str
    timezone: str  # IANA name


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyInfo:
    """A key as an administrator sees it; the key itself is shown once, at creation."""

    principal: Principal
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueState:
    """How a queue stands, for health and metrics."""

    queue: str
    ready: int  # due and not leased
    leased: int
    dead: int
    oldest_ready_s: float  # age of the oldest due job, 0 if none


class System(Protocol):
    """Operations over all tenants. Each call is its own transaction; times are the database's."""

    def migrate(self) -> None:
        """Brings the schema to the newest version; safe when several processes start at once."""
        ...

    def check(self) -> None:
        """Raises SpeechsvcError if the database cannot be used."""
        ...

    def add_tenant(self, tenant: Tenant) -> None:
        """No error if it exists."""
        ...

    def tenant(self, tenant_id: str) -> Tenant: ...
    def tenants(self) -> tuple[Tenant, ...]: ...

    def add_key(self, principal: Principal, key_sha256: str) -> None: ...
    def authenticate(self, key_sha256: str) -> Principal | None:
        """None for unknown and revoked keys. May note the time of use, at most once a minute."""
        ...

    def keys(self, tenant_id: str) -> tuple[KeyInfo, ...]: ...
    def revoke_key(self, tenant_id: str, key_id: str) -> None: ...

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """A value made once and kept, for example the key that signs cookies; all processes get the same."""
        ...

    def lease(self, kinds: Sequence[JobKind], lease_s: float) -> Job | None:
        """The oldest due job that is ready or whose lease ran out; adds one to attempt and token."""
        ...

    def renew(self, job: Job, lease_s: float, progress: float | None = None) -> bool:
        """False when the job belongs to somebody else now. `progress` is stored on the job's call."""
        ...

    def release(self, job: Job) -> None:
        """Gives the lease back at once without counting the attempt (a worker that shuts down)."""
        ...

    def claim_announcements(self, quiet_s: float, limit: int = 100) -> list[str]:
        """Queues to wake, one entry a due job not announced within `quiet_s`; concurrent callers get disjoint jobs."""
        ...

    def queues(self) -> tuple[QueueState, ...]: ...

    def knows_blob(self, key: str) -> bool:
        """Whether a call or an upload on its way has this file."""
        ...


class Announcer(Protocol):
    """Wakes workers. May lose or repeat a message; the database owns the jobs."""

    def announce(self, queues: Sequence[str]) -> None:
        """Raises SpeechsvcError (not permanent) when the broker does not answer."""
        ...

    def check(self) -> None: ...


class Sender(Protocol):
    """Posts one signed webhook."""

    def send(self, url: str, *, event_id: str, body: bytes, secret: str) -> Attempt:
        """Never raises for what the receiver does; the attempt holds it."""
        ...

    def validate(self, url: str) -> None:
        """Raises InvalidInput when the URL may not be called (scheme, private address not allowed)."""
        ...
