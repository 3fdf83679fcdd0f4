"""The index of candidate calls of one tenant.

Locks: a call that is erased or transcribed again is locked for update before its block is looked up, and a new block
refers to its calls before it compares their transcripts. So either the block sees the change, or the change sees the
block (`forget`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, delete, func, insert, or_, select
from sqlalchemy.exc import IntegrityError

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.heatmap import RowKind
from speechsvc.domain.run import CallRange
from speechsvc.domain.transcript import Transcript
from speechsvc.errors import NotFound
from speechsvc.ports import Page
from speechsvc.ports.call_index import IndexedCall, IndexState
from speechsvc.storage.base import Repository, decode_cursor, encode_cursor, insert_if_absent
from speechsvc.storage.call_rows import FINISHED_WELL
from speechsvc.storage.codec import unpack_conversation, unpack_transcript
from speechsvc.storage.heatmap import row_key, row_label
from speechsvc.storage.tables import calls, index_blocks, index_places, index_postings, transcripts

_AT_ONCE = 500  # parameters of one statement


class CallIndexTable(Repository):
    """Implements `CallIndexRepository`."""

    def calls(
        self, where: CallRange, row: RowKind, *, cursor: str | None = None, limit: int = 1000, skip: int = 0
    ) -> Page[IndexedCall]:
        query = self._indexed(where, row).limit(limit + 1)
        if skip:
            cursor = self._behind(where, skip)
            if cursor is None:
                return Page(items=(), cursor=None)
        if cursor:
            at, call_id = decode_cursor(cursor, datetime, str)
            query = query.where(
                or_(calls.c.started_at < at, and_(calls.c.started_at == at, calls.c.id < call_id)),
                calls.c.started_at <= at,  # lets the database begin its walk there
            )
        found = self._read(query)
        more = self.position(found[limit - 1].call_id) if len(found) > limit else None
        return Page(items=tuple(found[:limit]), cursor=more)

    def some(self, where: CallRange, row: RowKind, call_ids: Sequence[str]) -> tuple[IndexedCall, ...]:
        found: list[IndexedCall] = []
        for ids in _pieces(call_ids):
            found += self._read(self._indexed(where, row).where(calls.c.id.in_(ids)))
        return tuple(found)

    def _indexed(self, where: CallRange, row: RowKind) -> Select[Any]:
        # times and versions of a hundred thousand rows are not worth parsing one by one
        versions = cast(calls.c.versions, Text)
        return (
            select(
                calls.c.id,
                index_places.c.block,
                index_places.c.place,
                calls.c.source,
                calls.c.contact,
                calls.c.score,
                row_key(row),
                row_label(row),
                versions,
            )
            .join_from(calls, index_places, self._placed(), isouter=True)
            .where(self._mine(calls), *in_range(where))
            .order_by(calls.c.started_at.desc(), calls.c.id.desc())
        )

    def _read(self, query: Select[Any]) -> list[IndexedCall]:
        parsed: dict[str, dict[str, str | None]] = {}
        found: list[IndexedCall] = []
        for call_id, block, place, source, contact, score, key, label, text in self._connection.execute(query).all():
            if text not in parsed:
                parsed[text] = json.loads(text)
            found.append(IndexedCall(call_id, block, place or 0, source, contact, score, key, label, parsed[text]))
        return found

    def _behind(self, where: CallRange, skip: int) -> str | None:
        """The position of the last of the newest `skip` calls: found without joining what is left out."""
        found = self._connection.execute(
            select(calls.c.started_at, calls.c.id)
            .where(self._mine(calls), *in_range(where))
            .order_by(calls.c.started_at.desc(), calls.c.id.desc())
            .limit(1)
            .offset(skip - 1)
        ).first()
        return None if found is None else encode_cursor(found.started_at, found.id)

    def position(self, call_id: str) -> str:
        query = select(calls.c.started_at).where(self._mine(calls), calls.c.id == call_id)
        at = self._connection.execute(query).scalar()
        if at is None:
            raise NotFound(what="call")
        return encode_cursor(at, call_id)

    def count(self, where: CallRange) -> int:
        query = select(func.count()).select_from(calls).where(self._mine(calls), *in_range(where))
        return self._connection.execute(query).scalar_one()

    def versions(self) -> dict[int, str]:
        return {block: version for block, (version, _, _) in self.made().items()}

    def made(self) -> dict[int, tuple[str, int, int]]:
        b = index_blocks.c
        rows = self._connection.execute(select(b.block, b.version, b.calls, b.size).where(self._mine(index_blocks)))
        return {row.block: (row.version, row.calls, row.size) for row in rows}

    def postings(self, block: int, firsts: Collection[int]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for some in _pieces(sorted(firsts)):
            rows = self._connection.execute(
                select(index_postings.c.first, index_postings.c.body).where(
                    self._mine(index_postings), index_postings.c.block == block, index_postings.c.first.in_(some)
                )
            )
            found.update((row.first, row.body) for row in rows)
        return found

    def missing(self, *, limit: int) -> tuple[str, ...]:
        rows = self._connection.execute(
            select(calls.c.id)
            .join_from(calls, index_places, self._placed(), isouter=True)
            .where(self._mine(calls), *in_range(CallRange()), index_places.c.block.is_(None))
            .order_by(calls.c.started_at, calls.c.id)
            .limit(limit)
        )
        return tuple(rows.scalars())

    def texts(self, call_ids: Sequence[str]) -> dict[str, Transcript]:
        return {call_id: unpack_transcript(body) for call_id, body in self._bodies(call_ids)}

    def still_there(self, call_ids: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        for some in _pieces(call_ids):
            query = select(calls.c.id).where(self._mine(calls), calls.c.id.in_(some))
            found.update(self._connection.execute(query.with_for_update(read=True, key_share=True)).scalars())
        return frozenset(found)

    def conversations(self, call_ids: Sequence[str]) -> dict[str, tuple[Conversation, str]]:
        return {c: (unpack_conversation(c, body), _digest(body)) for c, body in self._bodies(call_ids)}

    def add_block(self, version: str, digests: Mapping[str, str], postings: Mapping[int, bytes]) -> bool:
        block = 1 + (
            self._connection.execute(select(func.max(index_blocks.c.block)).where(self._mine(index_blocks))).scalar()
            or 0
        )
        size = sum(map(len, postings.values()))
        row = {"tenant_id": self._tenant_id, "block": block, "version": version, "calls": len(digests), "size": size}
        if not insert_if_absent(self._connection, index_blocks, row, "tenant_id", "block"):
            return False  # somebody else just made this block
        try:
            self._insert(index_places, ({"call_id": c, "block": block, "place": i} for i, c in enumerate(digests)))
        except IntegrityError:
            return False
        if {call_id: _digest(body) for call_id, body in self._bodies(tuple(digests))} != digests:
            return False
        self._insert(index_postings, ({"block": block, "first": f, "body": b} for f, b in postings.items()))
        return True

    def drop_block(self, block: int) -> None:
        for table in (index_places, index_blocks):  # postings go with the block
            self._connection.execute(delete(table).where(self._mine(table), table.c.block == block))

    def partial_block(self, size: int) -> int | None:
        return self._connection.execute(
            select(index_blocks.c.block)
            .where(self._mine(index_blocks), index_blocks.c.calls < size)
            .order_by(index_blocks.c.calls)
            .limit(1)
        ).scalar()

    def state(self, version: str) -> IndexState:
        made = self._connection.execute(
            select(func.count(), func.coalesce(func.sum(index_blocks.c.size), 0)).where(
                self._mine(index_blocks), index_blocks.c.version == version
            )
        ).one()
        fresh = select(index_blocks.c.block).where(self._mine(index_blocks), index_blocks.c.version == version)
        indexed = (
            select(func.count())
            .select_from(index_places)
            .where(self._mine(index_places), index_places.c.block.in_(fresh))
        )
        return IndexState(
            calls=self.count(CallRange()),
            indexed=self._connection.execute(indexed).scalar_one(),
            blocks=made[0],
            size=int(made[1]),
        )

    def _placed(self) -> ColumnElement[bool]:
        return and_(index_places.c.tenant_id == calls.c.tenant_id, index_places.c.call_id == calls.c.id)

    def _bodies(self, call_ids: Sequence[str]) -> Iterable[tuple[str, bytes]]:
        for some in _pieces(call_ids):
            rows = self._connection.execute(
                select(transcripts.c.call_id, transcripts.c.body).where(
                    self._mine(transcripts), transcripts.c.call_id.in_(some)
                )
            )
            yield from ((row.call_id, row.body) for row in rows)

    def _insert(self, table: Any, rows: Iterable[dict[str, Any]]) -> None:
        self._connection.execute(insert(table), [{"tenant_id": self._tenant_id, **row} for row in rows])


def forget(connection: Connection, tenant_id: str, call_id: str) -> None:
    """Drops the block that holds the call's old words; the block's other calls are indexed again later."""
    connection.execute(
        select(calls.c.id).where(calls.c.tenant_id == tenant_id, calls.c.id == call_id).with_for_update()
    )
    block = connection.execute(
        select(index_places.c.block).where(index_places.c.tenant_id == tenant_id, index_places.c.call_id == call_id)
    ).scalar()
    if block is not None:
        CallIndexTable(connection, tenant_id).drop_block(block)


def in_range(where: CallRange) -> Iterable[ColumnElement[bool]]:
    """Analysed calls in the range."""
    yield calls.c.status.in_(FINISHED_WELL)
    if where.since is not None:
        yield calls.c.started_at >= where.since
    if where.until is not None:
        yield calls.c.started_at < where.until
    wanted: list[tuple[ColumnElement[Any], str | None]] = [
        (calls.c.source, where.source),
        (calls.c.team, where.team),
        (calls.c.salesperson_id, where.salesperson_id),
        (calls.c.customer_id, where.customer_id),
    ]
    yield from (column == value for column, value in wanted if value is not None)


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def _pieces(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[i : i + _AT_ONCE] for i in range(0, len(items), _AT_ONCE))
