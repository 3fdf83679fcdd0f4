"""What people of one tenant said about mentions."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, delete, func, insert, or_, select, update

from speechsvc.domain.mark import Mark, Verdict
from speechsvc.domain.mention import Polarity
from speechsvc.errors import NotFound
from speechsvc.ports import Page
from speechsvc.storage.base import Repository, decode_cursor, encode_cursor
from speechsvc.storage.tables import calls, marks


class MarkTable(Repository):
    """Implements `MarkRepository`."""

    def put(self, mark: Mark) -> Mark:
        self._lock_call(mark.call_id)
        place = and_(
            self._mine(marks), marks.c.call_id == mark.call_id, marks.c.turn == mark.turn, marks.c.topic == mark.topic
        )
        earlier = self._connection.execute(select(marks.c.id).where(place)).scalar()
        kept = mark if earlier is None else replace(mark, id=earlier)
        values = asdict(kept) | {"verdict": kept.verdict.value, "polarity": kept.polarity and kept.polarity.value}
        if earlier is None:
            self._connection.execute(insert(marks).values(tenant_id=self._tenant_id, **values))
        else:
            self._connection.execute(update(marks).where(place).values(**values))
        return kept

    def _lock_call(self, call_id: str) -> None:
        """Two marks of one place come one after the other; none comes after the erasure."""
        query = select(calls.c.id).where(self._mine(calls), calls.c.id == call_id).with_for_update()
        if self._connection.execute(query).first() is None:
            raise NotFound(what="call")

    def get(self, mark_id: str) -> Mark:
        return self._one(select(marks).where(self._mine(marks), marks.c.id == mark_id))

    def remove(self, mark_id: str) -> Mark:
        return self._one(delete(marks).where(self._mine(marks), marks.c.id == mark_id).returning(marks))

    def _one(self, statement: Any) -> Mark:
        row = self._connection.execute(statement).mappings().first()
        if row is None:
            raise NotFound(what="mark")
        return _mark(row)

    def of_call(self, call_id: str) -> tuple[Mark, ...]:
        rows = self._connection.execute(
            select(marks)
            .where(self._mine(marks), marks.c.call_id == call_id)
            .order_by(marks.c.turn, marks.c.start_char, marks.c.topic)
        ).mappings()
        return tuple(map(_mark, rows))

    def list(
        self, *, topic: str | None = None, verdict: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Mark]:
        query = select(marks).where(self._mine(marks), *_conditions(topic, verdict, cursor))
        rows = self._connection.execute(
            query.order_by(marks.c.created_at.desc(), marks.c.id.desc()).limit(limit + 1)
        ).mappings()
        found = tuple(map(_mark, rows))
        more = encode_cursor(found[limit - 1].created_at, found[limit - 1].id) if len(found) > limit else None
        return Page(items=found[:limit], cursor=more)

    def by_entry(self) -> dict[str, tuple[int, int]]:
        rows = self._connection.execute(
            select(marks.c.entry, marks.c.verdict, func.count().label("number"))
            .where(self._mine(marks), marks.c.entry.is_not(None))
            .group_by(marks.c.entry, marks.c.verdict)
        )
        found: dict[str, tuple[int, int]] = {}
        for row in rows:
            right, wrong = found.get(row.entry, (0, 0))
            is_right = row.verdict == Verdict.RIGHT.value
            found[row.entry] = (right + row.number * is_right, wrong + row.number * (not is_right))
        return found

    def call_ids(self, *, after: str = "", limit: int = 100) -> tuple[str, ...]:
        rows = self._connection.execute(
            select(marks.c.call_id)
            .distinct()
            .where(self._mine(marks), marks.c.call_id > after)
            .order_by(marks.c.call_id)
            .limit(limit)
        )
        return tuple(rows.scalars())


def _conditions(topic: str | None, verdict: str | None, cursor: str | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if topic is not None:
        found.append(marks.c.topic == topic)
    if verdict is not None:
        found.append(marks.c.verdict == verdict)
    if cursor:
        at, mark_id = decode_cursor(cursor, datetime, str)
        found.append(or_(marks.c.created_at < at, and_(marks.c.created_at == at, marks.c.id < mark_id)))
    return found


def _mark(row: RowMapping) -> Mark:
    values = {name: row[name] for name in Mark.__slots__}
    polarity = Polarity(row["polarity"]) if row["polarity"] else None
    return Mark(**values | {"verdict": Verdict(row["verdict"]), "polarity": polarity})
