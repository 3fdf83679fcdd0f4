"""Jobs inside a unit of work: enqueued and finished in one commit with the results they belong to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update

from speechsvc.domain.job import Job, JobKind, JobState
from speechsvc.ports import StaleLease
from speechsvc.storage.base import Repository
from speechsvc.storage.tables import jobs
from speechsvc.storage.types import epoch_now


class JobTable(Repository):
    """Implements `JobRepository`."""

    def add(self, kind: JobKind, subject: str, *, payload: dict[str, Any] | None = None, delay_s: float = 0) -> None:
        self._connection.execute(
            insert(jobs).values(
                tenant_id=self._tenant_id,
                kind=kind.value,
                subject=subject,
                payload=payload or {},
                state=JobState.READY.value,
                attempt=0,
                token=0,
                not_before=epoch_now() + delay_s,
                announced_until=0.0,
            )
        )

    def waits(self, kind: JobKind, subject: str) -> bool:
        is_open = jobs.c.state.in_((JobState.READY.value, JobState.LEASED.value))
        query = select(jobs.c.id).where(self._mine(jobs), jobs.c.subject == subject, jobs.c.kind == kind.value, is_open)
        return self._connection.execute(query.limit(1)).first() is not None

    def hasten(self, kind: JobKind, subject: str) -> None:
        self._connection.execute(
            update(jobs)
            .where(self._mine(jobs), jobs.c.subject == subject, jobs.c.kind == kind.value)
            .where(jobs.c.state == JobState.READY.value)
            .values(not_before=0.0, announced_until=0.0)
        )

    def finish(self, job: Job) -> None:
        self._leave(job, state=JobState.DONE.value, error_code=None, error=None)

    def hold(self, job: Job) -> None:
        self._change(job, token=job.token)

    def retry(self, job: Job, *, delay_s: float, error_code: str, error: str, counted: bool = True) -> None:
        self._leave(
            job,
            state=JobState.READY.value,
            attempt=job.attempt if counted else job.attempt - 1,
            not_before=epoch_now() + delay_s,
            announced_until=0.0,
            error_code=error_code,
            error=error,
        )

    def bury(self, job: Job, *, error_code: str, error: str) -> None:
        self._leave(job, state=JobState.DEAD.value, error_code=error_code, error=error)

    def _leave(self, job: Job, **values: Any) -> None:
        self._change(job, lease_until=None, **values)

    def _change(self, job: Job, **values: Any) -> None:
        """The token in the condition is the fence: whoever lost the lease changes nothing and loses the whole commit.

        A lease that ran out but that nobody took over is still good: the work is done.
        """
        result = self._connection.execute(
            update(jobs)
            .where(self._mine(jobs), jobs.c.id == job.id, jobs.c.token == job.token)
            .where(jobs.c.state == JobState.LEASED.value)
            .values(**values)
        )
        if result.rowcount != 1:
            raise StaleLease(job=job.id)
