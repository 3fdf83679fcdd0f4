"""Who may work on which job. The database's clock decides, so that a wrong clock on a worker changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, case, func, or_, select, update

from speechsvc.domain.job import Job, JobKind, JobState
from speechsvc.ports import QueueState
from speechsvc.storage.tables import calls, jobs
from speechsvc.storage.types import epoch_now

_READY, _LEASED, _DEAD = JobState.READY.value, JobState.LEASED.value, JobState.DEAD.value
_WITH_CALL = (JobKind.TRANSCRIBE, JobKind.ANALYSE)


def due() -> ColumnElement[bool]:
    """Ready and not too early, or leased by somebody who has been silent too long."""
    return or_(
        and_(jobs.c.state == _READY, jobs.c.not_before <= epoch_now()),
        and_(jobs.c.state == _LEASED, jobs.c.lease_until < epoch_now()),
    )


def any_due(connection: Connection, kinds: Sequence[JobKind], *, unannounced: bool = False) -> bool:
    """A look that takes no lock: idle workers and dispatchers must not queue for SQLite's one writer."""
    query = select(jobs.c.id).where(jobs.c.kind.in_([k.value for k in kinds]), due())
    if unannounced:
        query = query.where(jobs.c.announced_until <= epoch_now())
    return connection.execute(query.limit(1)).first() is not None


def lease(connection: Connection, kinds: Sequence[JobKind], lease_s: float) -> Job | None:
    """The oldest due job, in the order of ids."""
    oldest = (
        select(jobs.c.id)
        .where(jobs.c.kind.in_([k.value for k in kinds]), due())
        .order_by(jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # SQLite has one writer at a time and needs no row locks
    )
    row = connection.execute(
        update(jobs)
        .where(jobs.c.id == oldest.scalar_subquery())
        .values(
            state=_LEASED,
            attempt=jobs.c.attempt + 1,
            token=jobs.c.token + 1,
            lease_until=epoch_now() + lease_s,
            announced_until=0.0,  # should the lease run out, the job is announced at once
        )
        .returning(jobs)
    ).mappings()
    found = row.first()
    return None if found is None else _job(found)


def renew(
    connection: Connection, job: Job, lease_s: float, progress: float | None, expected_at: datetime | None = None
) -> bool:
    """Whether the lease is still the job's."""
    renewed = connection.execute(update(jobs).where(_held(job)).values(lease_until=epoch_now() + lease_s)).rowcount
    if renewed and progress is not None and job.kind in _WITH_CALL:
        connection.execute(
            update(calls)
            .where(calls.c.tenant_id == job.tenant_id, calls.c.id == job.subject)
            .values(progress=min(1.0, max(0.0, progress)), expected_at=expected_at)
        )
    return renewed == 1


def release(connection: Connection, job: Job) -> None:
    """Ready again, as if it had not been leased; the token stays spent."""
    connection.execute(
        update(jobs)
        .where(_held(job))
        .values(state=_READY, attempt=jobs.c.attempt - 1, lease_until=None, announced_until=0.0)
    )


def claim_announcements(connection: Connection, quiet_s: float, limit: int) -> list[str]:
    """Queues to wake, oldest job first. Two statements: a locking sub-select may run twice in one UPDATE."""
    rows = connection.execute(
        select(jobs.c.id, jobs.c.kind)
        .where(due(), jobs.c.announced_until <= epoch_now())
        .order_by(jobs.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if rows:
        connection.execute(
            update(jobs).where(jobs.c.id.in_([row.id for row in rows])).values(announced_until=epoch_now() + quiet_s)
        )
    return [JobKind(row.kind).queue for row in rows]


def queues(connection: Connection) -> tuple[QueueState, ...]:
    """Every queue, also the empty ones."""
    since = case((jobs.c.state == _READY, jobs.c.not_before), else_=jobs.c.lease_until)
    leased = and_(jobs.c.state == _LEASED, jobs.c.lease_until >= epoch_now())
    rows = connection.execute(
        select(
            jobs.c.kind,
            _count(due()).label("ready"),
            _count(leased).label("leased"),
            _count(jobs.c.state == _DEAD).label("dead"),
            (epoch_now() - func.min(case((due(), since)))).label("oldest"),
        )
        .where(jobs.c.state.in_((_READY, _LEASED, _DEAD)))
        .group_by(jobs.c.kind)
    )
    found = {row.kind: row for row in rows}
    return tuple(_queue(kind, found.get(kind.value)) for kind in JobKind)


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _queue(kind: JobKind, row: Any) -> QueueState:
    if row is None:
        return QueueState(queue=kind.queue, ready=0, leased=0, dead=0, oldest_ready_s=0.0)
    return QueueState(
        queue=kind.queue,
        ready=int(row.ready),
        leased=int(row.leased),
        dead=int(row.dead),
        oldest_ready_s=max(0.0, float(row.oldest or 0.0)),
    )


def _held(job: Job) -> ColumnElement[bool]:
    return and_(
        jobs.c.tenant_id == job.tenant_id,
        jobs.c.id == job.id,
        jobs.c.token == job.token,
        jobs.c.state == _LEASED,
    )


def _job(row: RowMapping) -> Job:
    return Job(
        id=row["id"],
        tenant_id=row["tenant_id"],
        kind=JobKind(row["kind"]),
        subject=row["subject"],
        attempt=row["attempt"],
        token=row["token"],
        payload=row["payload"],
    )
