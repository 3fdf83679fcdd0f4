"""The directory of one tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select

from speechsvc.ports import DirectoryEntry, EntryKind, Page
from speechsvc.storage.base import Repository, decode_cursor, encode_cursor
from speechsvc.storage.tables import calls, directory, directory_numbers


class DirectoryTable(Repository):
    """Implements `DirectoryRepository`."""

    def put(self, entry: DirectoryEntry) -> None:
        key = {"tenant_id": self._tenant_id, "kind": entry.kind.value, "valid_from": entry.valid_from}
        for table in (directory_numbers, directory):
            mine = (self._mine(table), table.c.kind == entry.kind.value, table.c.id == entry.id)
            self._connection.execute(delete(table).where(*mine, table.c.valid_from == entry.valid_from))
        facts = {n: getattr(entry, n) for n in ("id", "name", "team", "industry", "region")}
        self._connection.execute(insert(directory).values(**key, **facts, updated_at=self._now()))
        for number in dict.fromkeys(entry.numbers):
            taken = and_(
                self._mine(directory_numbers),
                directory_numbers.c.kind == entry.kind.value,
                directory_numbers.c.number == number,
                directory_numbers.c.valid_from == entry.valid_from,
            )
            self._connection.execute(delete(directory_numbers).where(taken))
            self._connection.execute(insert(directory_numbers).values(**key, number=number, id=entry.id))

    def at(self, kind: EntryKind, id: str, moment: datetime) -> DirectoryEntry | None:
        where = (self._mine(directory), directory.c.kind == kind.value, directory.c.id == id)
        then = select(directory).where(*where, directory.c.valid_from <= moment).order_by(directory.c.valid_from.desc())
        first = select(directory).where(*where).order_by(directory.c.valid_from)
        row = (
            self._connection.execute(then.limit(1)).mappings().first()
            or self._connection.execute(first.limit(1)).mappings().first()
        )
        return None if row is None else self._entry(row)

    def by_number(self, kind: EntryKind, numbers: Sequence[str], moment: datetime) -> DirectoryEntry | None:
        c = directory_numbers.c
        for number in numbers:
            where = (self._mine(directory_numbers), c.kind == kind.value, c.number == number)
            then = select(c.id).where(*where, c.valid_from <= moment).order_by(c.valid_from.desc()).limit(1)
            first = select(c.id).where(*where).order_by(c.valid_from).limit(1)
            found = self._connection.execute(then).scalar() or self._connection.execute(first).scalar()
            if found is not None:
                return self.at(kind, str(found), moment)
        return None

    def list(self, kind: EntryKind, *, cursor: str | None = None, limit: int = 50) -> Page[DirectoryEntry]:
        newest = (
            select(directory.c.id, func.max(directory.c.valid_from).label("valid_from"))
            .where(self._mine(directory), directory.c.kind == kind.value)
            .group_by(directory.c.id)
            .subquery()
        )
        same = and_(directory.c.id == newest.c.id, directory.c.valid_from == newest.c.valid_from)
        query = select(directory).join(newest, same).where(self._mine(directory), directory.c.kind == kind.value)
        if cursor:
            query = query.where(directory.c.id > decode_cursor(cursor, str)[0])
        rows = self._connection.execute(query.order_by(directory.c.id).limit(limit + 1)).mappings().all()
        found = tuple(self._entry(row) for row in rows[:limit])
        return Page(items=found, cursor=encode_cursor(found[-1].id) if len(rows) > limit else None)

    def unmatched(self, kind: EntryKind, numbers: Sequence[str]) -> tuple[str, ...]:
        if not numbers:
            return ()
        person = calls.c.salesperson_id if kind is EntryKind.SALESPERSON else calls.c.customer_id
        where = or_(*(column.in_(numbers) for column in (calls.c.caller, calls.c.callee, calls.c.extension)))
        rows = self._connection.execute(
            select(calls.c.id).where(self._mine(calls), person.is_(None), where).order_by(calls.c.id)
        )
        return tuple(row.id for row in rows)

    def _entry(self, row: Any) -> DirectoryEntry:
        c = directory_numbers.c
        where = (self._mine(directory_numbers), c.kind == row["kind"], c.id == row["id"])
        query = select(c.number).where(*where, c.valid_from == row["valid_from"]).order_by(c.number)
        return DirectoryEntry(
            kind=EntryKind(row["kind"]),
            **{n: row[n] for n in ("id", "valid_from", "name", "team", "industry", "region")},
            numbers=tuple(self._connection.execute(query).scalars()),
        )
