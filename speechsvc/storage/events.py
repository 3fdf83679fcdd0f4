"""The tenant's event feed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, insert, select, update

from speechsvc.domain.event import Event, lane_of
from speechsvc.domain.ids import new_id
from speechsvc.errors import NotFound
from speechsvc.storage.base import Repository
from speechsvc.storage.tables import events, tenants


class EventTable(Repository):
    """Implements `EventRepository`."""

    def append(self, type: str, subject: str, data: dict[str, Any], *, lane: str = "") -> Event:
        event = Event(
            id=new_id("evt"),
            seq=self._next_seq(),
            type=type,
            subject=subject,
            occurred_at=self._now(),
            data=data,
            lane=lane or lane_of(subject, data),
        )
        self._connection.execute(
            insert(events).values(
                tenant_id=self._tenant_id,
                seq=event.seq,
                id=event.id,
                type=type,
                subject=subject,
                occurred_at=event.occurred_at,
                data=data,
                lane=event.lane,
            )
        )
        return event

    def _next_seq(self) -> int:
        # A sequence of the database would leave a gap at each rollback, and would show 8 before 7 where the
        # transaction that took 7 commits later: a reader at cursor 8 would never see 7. Counting in the tenant's row
        # holds its lock until the commit, so numbers become visible in order and a rollback gives its number back;
        # no separate sequencer is needed. The price: a tenant's events commit one after another, so append late.
        seq = self._connection.execute(
            update(tenants)
            .where(tenants.c.id == self._tenant_id)
            .values(event_seq=tenants.c.event_seq + 1)
            .returning(tenants.c.event_seq)
        ).scalar()
        if seq is None:
            raise NotFound(what="tenant")
        return int(seq)

    def after(self, seq: int, *, limit: int = 100) -> list[Event]:
        rows = self._connection.execute(
            select(events).where(self._mine(events), events.c.seq > seq).order_by(events.c.seq).limit(limit)
        )
        return [_event(row) for row in rows.mappings()]

    def between(self, since: datetime, until: datetime, after: int, *, limit: int) -> list[Event]:
        rows = self._connection.execute(
            select(events)
            .where(self._mine(events), events.c.occurred_at >= since, events.c.occurred_at < until)
            .where(events.c.seq > after)
            .order_by(events.c.seq)
            .limit(limit)
        )
        return [_event(row) for row in rows.mappings()]

    def get(self, event_id: str) -> Event:
        row = self._connection.execute(select(events).where(self._mine(events), events.c.id == event_id)).mappings()
        found = row.first()
        if found is None:
            raise NotFound(what="event")
        return _event(found)

    def last_seq(self) -> int:
        found = self._connection.execute(select(func.max(events.c.seq)).where(self._mine(events))).scalar()
        return int(found or 0)

    def erase_bodies(self, subject: str) -> int:
        result = self._connection.execute(
            update(events).where(self._mine(events), events.c.subject == subject).values(data={})
        )
        return result.rowcount


def _event(row: RowMapping) -> Event:
    return Event(
        id=row["id"],
        seq=row["seq"],
        type=row["type"],
        subject=row["subject"],
        occurred_at=row["occurred_at"],
        data=row["data"],
        lane=row["lane"],
    )
