"""Units of work of one tenant, and the few operations that see all tenants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol

from speechsvc.domain.access import Principal
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.pace import Pace
from speechsvc.ports.call_index import CallIndexRepository
from speechsvc.ports.calls import AnalysisRepository, CallRepository, Page, TranscriptRepository
from speechsvc.ports.crm import CrmRepository
from speechsvc.ports.delivery import EventRepository, WebhookRepository
from speechsvc.ports.directory import DirectoryRepository
from speechsvc.ports.followups import FollowupRepository
from speechsvc.ports.jobs import JobRepository, QueueState
from speechsvc.ports.rulesets import RulesetRepository
from speechsvc.ports.runs import MarkRepository, RunRepository
from speechsvc.ports.uploads import UploadRepository


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
    def list(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[AuditEntry]:
        """Newest first; `action` also by its beginning, for example followup."""
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
    def crm(self) -> CrmRepository: ...
    @property
    def audit(self) -> AuditRepository: ...
    @property
    def uploads(self) -> UploadRepository: ...
    @property
    def rulesets(self) -> RulesetRepository: ...
    @property
    def call_index(self) -> CallIndexRepository: ...
    @property
    def runs(self) -> RunRepository: ...
    @property
    def marks(self) -> MarkRepository: ...
    @property
    def followups(self) -> FollowupRepository: ...
    @property
    def directory(self) -> DirectoryRepository: ...

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
    language: str | None = None  # of its calls, such as zh; None: the installation's


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyInfo:
    """A key as an administrator sees it; the key itself is shown once, at creation."""

    principal: Principal
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


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
    def set_language(self, tenant_id: str, language: str | None) -> None:
        """Of the calls recognised from now on. Raises NotFound."""
        ...

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

    def renew(
        self, job: Job, lease_s: float, progress: float | None = None, expected_at: datetime | None = None
    ) -> bool:
        """False when the job belongs to somebody else now. `progress` and `expected_at` are stored on its call."""
        ...

    def note_pace(self, of: Pace, audio_s: float, work_s: float) -> None:
        """Adds a recognised call to the moving average of a machine, model and profile; figures in `of` are unused."""
        ...

    def paces(self) -> tuple[Pace, ...]:
        """The last one used first."""
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
