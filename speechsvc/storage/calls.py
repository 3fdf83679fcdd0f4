"""Calls of one tenant."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from speechsvc.domain.access import Scope
from speechsvc.domain.call import Call
from speechsvc.domain.job import JobKind, JobState
from speechsvc.errors import NotFound
from speechsvc.ports import CallFilter, Page
from speechsvc.storage.base import Repository, decode_cursor, encode_cursor, insert_if_absent
from speechsvc.storage.call_index import forget
from speechsvc.storage.call_rows import columns, newest_first, to_call, within
from speechsvc.storage.crm_calls import fill_call
from speechsvc.storage.tables import attempts, calls, deliveries, events, facts, jobs

_CALL_JOBS = (JobKind.TRANSCRIBE.value, JobKind.ANALYSE.value)


class CallTable(Repository):
    """Implements `CallRepository`."""

    def add(self, call: Call, *, local_week: str) -> bool:
        given = {f.name: getattr(call, f.name) for f in fields(call) if f.name != "id"}
        row = columns(given) | {"tenant_id": self._tenant_id, "id": call.id, "local_week": local_week}
        if not insert_if_absent(self._connection, calls, row, "tenant_id", "external_id"):
            return False
        fill_call(self._connection, self._tenant_id, call.id)
        return True

    def get(self, call_id: str, scope: Scope | None = None) -> Call:
        call = self._one(calls.c.id == call_id, within(scope or Scope()))
        if call is None:
            raise NotFound(what="call")
        return call

    def find(self, external_id: str) -> Call | None:
        return self._one(calls.c.external_id == external_id)

    def _one(self, *where: ColumnElement[bool]) -> Call | None:
        row = self._connection.execute(select(calls).where(self._mine(calls), *where)).mappings().first()
        return None if row is None else to_call(row)

    def list(self, where: CallFilter, *, cursor: str | None = None, limit: int = 50) -> Page[Call]:
        position = decode_cursor(cursor, datetime, str) if cursor else None
        query = newest_first(select(calls).where(self._mine(calls), *_conditions(where)), position)
        rows = self._connection.execute(query.limit(limit + 1)).mappings().all()
        found = tuple(to_call(row) for row in rows[:limit])
        more = encode_cursor(found[-1].received_at, found[-1].id) if len(rows) > limit else None
        return Page(items=found, cursor=more)

    def update(self, call_id: str, **fields: Any) -> None:
        result = self._connection.execute(
            update(calls).where(self._mine(calls), calls.c.id == call_id).values(**columns(fields))
        )
        if result.rowcount == 0:
            raise NotFound(what="call")

    def erase(self, call_id: str) -> Call:
        self.get(call_id)
        self._connection.execute(
            delete(jobs).where(self._mine(jobs), jobs.c.subject == call_id, jobs.c.kind.in_(_CALL_JOBS))
        )
        forget_answers(self._connection, self._tenant_id, call_id)
        forget(self._connection, self._tenant_id, call_id)
        # transcript, analysis, mentions, facts and marks go with the row: ON DELETE CASCADE. Returned is the row as it
        # went: a worker may have added a file since it was read
        gone = self._connection.execute(
            delete(calls).where(self._mine(calls), calls.c.id == call_id).returning(calls)
        ).mappings()
        row = gone.first()
        if row is None:
            raise NotFound(what="call")
        return to_call(row)

    def queue_position(self, call_id: str) -> int | None:
        waiting = self._connection.execute(
            select(jobs.c.id, jobs.c.kind)
            .where(self._mine(jobs), jobs.c.subject == call_id, jobs.c.kind.in_(_CALL_JOBS))
            .where(jobs.c.state == JobState.READY)
            .order_by(jobs.c.id)
        ).first()
        if waiting is None:
            return None
        # all tenants wait in one line: the number of jobs ahead is true only over all, and tells no more than a number
        ahead = (
            select(func.count())
            .select_from(jobs)
            .where(jobs.c.kind == waiting.kind, jobs.c.state == JobState.READY, jobs.c.id < waiting.id)
        )
        return self._connection.execute(ahead).scalar_one()


def forget_answers(connection: Connection, tenant_id: str, subject: str) -> None:
    """What receivers answered to the events of a call or follow-up may quote them."""
    seqs = select(events.c.seq).where(events.c.tenant_id == tenant_id, events.c.subject == subject)
    told = select(deliveries.c.id).where(deliveries.c.tenant_id == tenant_id, deliveries.c.event_seq.in_(seqs))
    mine = update(attempts).where(attempts.c.tenant_id == tenant_id, attempts.c.delivery_id.in_(told))
    connection.execute(mine.values(response=None, error=None))


def _conditions(where: CallFilter) -> Iterable[ColumnElement[bool]]:
    yield within(where.scope)
    wanted: builtins.list[tuple[ColumnElement[Any], Any]] = [
        (calls.c.status, where.status),
        (calls.c.source, where.source),
        (calls.c.external_id, where.external_id),
        (calls.c.salesperson_id, where.salesperson_id),
        (calls.c.team, where.team),
        (calls.c.customer_id, where.customer_id),
        (calls.c.contact, where.contact),
    ]
    yield from (column == value for column, value in wanted if value is not None)
    if where.since is not None:
        yield calls.c.started_at >= where.since
    if where.until is not None:
        yield calls.c.started_at < where.until
    if where.score_below is not None:
        yield calls.c.score < where.score_below
    if where.score_from is not None:
        yield calls.c.score >= where.score_from
    if where.topic is not None:
        yield _has_topic(where.topic)


def _has_topic(topic: str) -> ColumnElement[bool]:
    return (
        select(facts.c.call_id)
        .where(facts.c.tenant_id == calls.c.tenant_id, facts.c.call_id == calls.c.id)
        .where(facts.c.topic == topic, facts.c.mentions > 0)
        .exists()
    )
