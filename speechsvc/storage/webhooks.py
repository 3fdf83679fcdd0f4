"""Webhook endpoints of one tenant and the log of what was delivered to them."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, delete, func, insert, or_, select, update

from speechsvc.domain.event import Event
from speechsvc.domain.ids import new_id
from speechsvc.domain.job import JobKind
from speechsvc.domain.webhook import Attempt, Delivery, DeliveryState, Endpoint
from speechsvc.errors import NotFound
from speechsvc.ports import Page
from speechsvc.storage.base import Repository, decode_cursor, encode_cursor, insert_if_absent
from speechsvc.storage.tables import attempts, deliveries, endpoints, jobs


class WebhookTable(Repository):
    """Implements `WebhookRepository`."""

    def add(self, endpoint: Endpoint, secret: str) -> None:
        self._connection.execute(
            insert(endpoints).values(
                tenant_id=self._tenant_id,
                id=endpoint.id,
                url=endpoint.url,
                secret=secret,
                event_types=[*endpoint.event_types],
                enabled=endpoint.enabled,
                disabled_reason=endpoint.disabled_reason,
                created_at=endpoint.created_at,
            )
        )

    def list(self) -> tuple[Endpoint, ...]:
        rows = self._connection.execute(
            select(endpoints).where(self._mine(endpoints)).order_by(endpoints.c.created_at, endpoints.c.id)
        )
        return tuple(_endpoint(row) for row in rows.mappings())

    def get(self, endpoint_id: str) -> Endpoint:
        return _endpoint(self._row(endpoint_id))

    def secret(self, endpoint_id: str) -> str:
        row = self._row(endpoint_id)
        if row["previous_secret"] and row["previous_until"] > self._now():
            return f"{row['secret']} {row['previous_secret']}"
        return str(row["secret"])

    def rotate(self, endpoint_id: str, secret: str, overlap: timedelta) -> None:
        old = str(self._row(endpoint_id)["secret"])
        until = self._now() + overlap
        self._set(endpoint_id, secret=secret, previous_secret=old if overlap else None, previous_until=until)

    def _row(self, endpoint_id: str) -> RowMapping:
        row = self._connection.execute(select(endpoints).where(self._endpoint(endpoint_id))).mappings().first()
        if row is None:
            raise NotFound(what="webhook")
        return row

    def delete(self, endpoint_id: str) -> None:
        mine = select(deliveries.c.id).where(self._mine(deliveries), deliveries.c.endpoint_id == endpoint_id)
        self._connection.execute(
            delete(jobs).where(self._mine(jobs), jobs.c.kind == JobKind.DELIVER.value, jobs.c.subject.in_(mine))
        )
        if self._connection.execute(delete(endpoints).where(self._endpoint(endpoint_id))).rowcount == 0:
            raise NotFound(what="webhook")

    def disable(self, endpoint_id: str, reason: str) -> bool:
        result = self._connection.execute(
            update(endpoints)
            .where(self._endpoint(endpoint_id), endpoints.c.enabled)
            .values(enabled=False, disabled_reason=reason)
        )
        if result.rowcount == 0:
            self._row(endpoint_id)
        return result.rowcount == 1

    def enable(self, endpoint_id: str) -> None:
        self._set(endpoint_id, enabled=True, disabled_reason=None, failing_since=None)

    def note_failing(self, endpoint_id: str, since: datetime | None) -> None:
        query = update(endpoints).where(self._endpoint(endpoint_id)).values(failing_since=since)
        if since is not None:
            query = query.where(endpoints.c.failing_since.is_(None))
        self._connection.execute(query)

    def _set(self, endpoint_id: str, **values: Any) -> None:
        if (
            self._connection.execute(update(endpoints).where(self._endpoint(endpoint_id)).values(**values)).rowcount
            == 0
        ):
            raise NotFound(what="webhook")

    def add_delivery(self, endpoint_id: str, event: Event) -> Delivery:
        # the lock waits for whoever deletes the endpoint now, who would else break this whole commit (PostgreSQL)
        known = select(endpoints.c.id).where(self._endpoint(endpoint_id)).with_for_update(read=True, key_share=True)
        if self._connection.execute(known).first() is None:
            raise NotFound(what="webhook")
        row = {
            "tenant_id": self._tenant_id,
            "id": new_id("dlv"),
            "endpoint_id": endpoint_id,
            "event_id": event.id,
            "event_seq": event.seq,
            "event_type": event.type,
            "lane": event.lane,
            "state": DeliveryState.PENDING.value,
            "created_at": self._now(),
        }
        insert_if_absent(self._connection, deliveries, row, "tenant_id", "endpoint_id", "event_id")
        return self._some(deliveries.c.endpoint_id == endpoint_id, deliveries.c.event_id == event.id)[0]

    def delivery(self, delivery_id: str) -> Delivery:
        found = self._some(deliveries.c.id == delivery_id)
        if not found:
            raise NotFound(what="delivery")
        return found[0]

    def blocker(self, delivery: Delivery, *, hold: bool = False) -> Delivery | None:
        while found := self._in_lane(delivery, deliveries.c.event_seq < delivery.event_seq):
            query = select(deliveries).where(self._mine(deliveries), deliveries.c.id == found)
            if hold:  # waits for whoever ends it now; whoever ends it later sees that somebody waits for it
                query = query.with_for_update(read=True)
            row = self._connection.execute(query).mappings().first()
            if row is not None and row["state"] == DeliveryState.PENDING.value:
                return _delivery(row, ())
        return None

    def next_in_lane(self, delivery: Delivery) -> Delivery | None:
        found = self._in_lane(delivery)
        return None if found is None else self.delivery(found)

    def _in_lane(self, delivery: Delivery, *where: ColumnElement[bool]) -> str | None:
        query = (
            select(deliveries.c.id)
            .where(self._mine(deliveries), deliveries.c.endpoint_id == delivery.endpoint_id)
            .where(deliveries.c.lane == delivery.lane, deliveries.c.state == DeliveryState.PENDING.value, *where)
        )
        return self._connection.execute(query.order_by(deliveries.c.event_seq).limit(1)).scalar()

    def again(self, endpoint_id: str, event: Event, *, undelivered_only: bool = False) -> Delivery | None:
        known = self._some(deliveries.c.endpoint_id == endpoint_id, deliveries.c.event_id == event.id)
        if not known:
            return self.add_delivery(endpoint_id, event)
        if undelivered_only and known[0].state is DeliveryState.DELIVERED:
            return None
        result = self._connection.execute(
            update(deliveries)
            .where(self._mine(deliveries), deliveries.c.id == known[0].id)
            .where(deliveries.c.state != DeliveryState.PENDING.value)
            .values(state=DeliveryState.PENDING.value, next_at=None)
        )
        return known[0] if result.rowcount else None

    def record(self, delivery_id: str, attempt: Attempt, state: DeliveryState, next_at: datetime | None) -> None:
        result = self._connection.execute(
            update(deliveries)
            .where(self._mine(deliveries), deliveries.c.id == delivery_id)
            .values(state=state.value, next_at=next_at)
        )
        if result.rowcount == 0:
            raise NotFound(what="delivery")
        tried = select(func.count()).where(self._mine(attempts), attempts.c.delivery_id == delivery_id)
        self._connection.execute(
            insert(attempts).values(
                tenant_id=self._tenant_id,
                delivery_id=delivery_id,
                number=self._connection.execute(tried).scalar_one() + 1,
                at=attempt.at,
                status=attempt.status,
                error=attempt.error,
                response=attempt.response,
                seconds=attempt.seconds,
            )
        )

    def drop(self, delivery_id: str) -> None:
        self._connection.execute(
            update(deliveries)
            .where(self._mine(deliveries), deliveries.c.id == delivery_id)
            .values(state=DeliveryState.FAILED.value, next_at=None)
        )

    def deliveries(self, endpoint_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Delivery]:
        where = [deliveries.c.endpoint_id == endpoint_id]
        if cursor:
            at, last = decode_cursor(cursor, datetime, str)
            older = and_(deliveries.c.created_at == at, deliveries.c.id < last)
            where.append(or_(deliveries.c.created_at < at, older))
        found = self._some(*where, limit=limit + 1)
        page = tuple(found[:limit])
        return Page(items=page, cursor=encode_cursor(page[-1].created_at, page[-1].id) if len(found) > limit else None)

    def _some(self, *where: ColumnElement[bool], limit: int = 1) -> builtins.list[Delivery]:
        rows = self._connection.execute(
            select(deliveries)
            .where(self._mine(deliveries), *where)
            .order_by(deliveries.c.created_at.desc(), deliveries.c.id.desc())
            .limit(limit)
        )
        found = rows.mappings().all()
        tries = self._attempts([row["id"] for row in found])
        return [_delivery(row, tries.get(row["id"], [])) for row in found]

    def _attempts(self, ids: Sequence[str]) -> dict[str, builtins.list[Attempt]]:
        rows = self._connection.execute(
            select(attempts)
            .where(self._mine(attempts), attempts.c.delivery_id.in_(ids))
            .order_by(attempts.c.delivery_id, attempts.c.number)
        )
        found: dict[str, builtins.list[Attempt]] = {}
        for row in rows.mappings():
            found.setdefault(row["delivery_id"], []).append(_attempt(row))
        return found

    def _endpoint(self, endpoint_id: str) -> ColumnElement[bool]:
        return and_(self._mine(endpoints), endpoints.c.id == endpoint_id)


def _endpoint(row: RowMapping) -> Endpoint:
    return Endpoint(
        id=row["id"],
        url=row["url"],
        event_types=tuple(row["event_types"]),
        enabled=row["enabled"],
        disabled_reason=row["disabled_reason"],
        failing_since=row["failing_since"],
        secret_overlap_until=row["previous_until"] if row["previous_secret"] else None,
        created_at=row["created_at"],
    )


def _attempt(row: RowMapping) -> Attempt:
    return Attempt(
        at=row["at"], status=row["status"], error=row["error"], response=row["response"], seconds=row["seconds"]
    )


def _delivery(row: RowMapping, tries: Sequence[Attempt]) -> Delivery:
    return Delivery(
        id=row["id"],
        endpoint_id=row["endpoint_id"],
        event_id=row["event_id"],
        event_seq=row["event_seq"],
        event_type=row["event_type"],
        lane=row["lane"],
        state=DeliveryState(row["state"]),
        created_at=row["created_at"],
        next_at=row["next_at"],
        attempts=tuple(tries),
    )
