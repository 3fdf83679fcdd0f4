"""Jobs inside a unit of work, and how workers are woken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from speechsvc.domain.job import Job, JobKind
from speechsvc.errors import SpeechsvcError


class StaleLease(SpeechsvcError):
    """Another worker has taken over this job; the result was not stored."""

    code = "stale_lease"
    zh = "该任务已由其他进程接手，本次结果未保存。"


class JobRepository(Protocol):
    """Jobs inside a unit of work: what a stage enqueues and finishes commits together with its results."""

    def add(
        self, kind: JobKind, subject: str, *, payload: dict[str, Any] | None = None, delay_s: float = 0
    ) -> None: ...

    def waits(self, kind: JobKind, subject: str) -> bool:
        """Whether such a job is ready or being done."""
        ...

    def hasten(self, kind: JobKind, subject: str) -> None:
        """A job that waits becomes due now."""
        ...

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


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueState:
    """How a queue stands, for health and metrics."""

    queue: str
    ready: int  # due and not leased
    leased: int
    dead: int
    oldest_ready_s: float  # age of the oldest due job, 0 if none


class Announcer(Protocol):
    """Wakes workers. May lose or repeat a message; the database owns the jobs."""

    def announce(self, queues: Sequence[str]) -> None:
        """Raises SpeechsvcError (not permanent) when the broker does not answer."""
        ...

    def check(self) -> None: ...
