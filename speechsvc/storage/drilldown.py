"""From a heatmap cell to its mentions: the same conditions as the count, so that a cell and its list agree.

The list shows every mention; the cell counts a topic once in a stretch of turns (see `speechsvc.domain.facts`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from speechsvc.domain.call import Call
from speechsvc.domain.mention import Mention
from speechsvc.ports import MentionFilter, Page
from speechsvc.storage.base import decode_cursor, encode_cursor
from speechsvc.storage.call_rows import to_call, within
from speechsvc.storage.heatmap import between, effective, from_sources, row_key, spoken_by
from speechsvc.storage.mention_rows import to_mention
from speechsvc.storage.tables import calls, mentions

Found = tuple[str, Mention, Call]


def find(connection: Connection, tenant_id: str, where: MentionFilter, cursor: str | None, limit: int) -> Page[Found]:
    """Newest calls first, within a call in order of turns."""
    query = (
        select(*(c.label(f"m_{c.name}") for c in mentions.c), calls)
        .join_from(mentions, calls, and_(mentions.c.tenant_id == calls.c.tenant_id, mentions.c.call_id == calls.c.id))
        .where(mentions.c.tenant_id == tenant_id, calls.c.tenant_id == tenant_id, *_conditions(where))
        .order_by(calls.c.started_at.desc(), calls.c.id.desc(), mentions.c.turn, mentions.c.id)
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(_after(*decode_cursor(cursor, datetime, str, int, str)))
    rows = connection.execute(query).mappings().all()
    found = tuple(_found(row) for row in rows[:limit])
    return Page(items=found, cursor=_cursor(found[-1]) if len(rows) > limit else None)


def _found(row: Any) -> Found:
    mention = {c.name: row[f"m_{c.name}"] for c in mentions.c}
    return mention["id"], to_mention(mention), to_call(row)  # type: ignore[arg-type]


def _cursor(last: Found) -> str:
    mention_id, mention, call = last
    return encode_cursor(call.metadata.started_at, call.id, mention.turn, mention_id)


def _after(at: datetime, call_id: str, turn: int, mention_id: str) -> ColumnElement[bool]:
    later_in_call = or_(mentions.c.turn > turn, and_(mentions.c.turn == turn, mentions.c.id > mention_id))
    return or_(
        calls.c.started_at < at,
        and_(calls.c.started_at == at, calls.c.id < call_id),
        and_(calls.c.started_at == at, calls.c.id == call_id, later_in_call),
    )


def _conditions(where: MentionFilter) -> Iterable[ColumnElement[bool]]:
    yield within(where.scope)
    yield between(where.since, where.until)
    yield from_sources(where.sources)
    yield spoken_by(mentions.c.speaker, where.speaker)
    if where.topic is not None:
        yield mentions.c.topic == where.topic
    if where.counting_only:
        yield and_(mentions.c.counts, effective())
    if where.row is not None and where.row_key is not None:
        yield row_key(where.row) == where.row_key
