"""Counts for the focus heatmap: summed by the database, so that a year of calls costs two queries.

Definitions are `speechsvc.domain.heatmap`'s: effective, finished calls; counting mentions only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select, true

from speechsvc.domain.analysis import Contact
from speechsvc.domain.call import Source
from speechsvc.domain.conversation import Speaker
from speechsvc.domain.heatmap import HeatmapQuery, RowCount, RowKind, TopicCount
from speechsvc.storage.call_rows import FINISHED_WELL, within
from speechsvc.storage.tables import analyses, calls, facts

_KEYS: dict[RowKind, tuple[ColumnElement[Any], ColumnElement[Any]]] = {  # key and label
    RowKind.CUSTOMER: (calls.c.customer_id, calls.c.customer_name),
    RowKind.SALESPERSON: (calls.c.salesperson_id, calls.c.salesperson_name),
    RowKind.TEAM: (calls.c.team, calls.c.team),
    RowKind.INDUSTRY: (calls.c.industry, calls.c.industry),
    RowKind.REGION: (calls.c.region, calls.c.region),
    RowKind.STAGE: (calls.c.stage, calls.c.stage),
    RowKind.WEEK: (calls.c.local_week, calls.c.local_week),
}


def row_key(row: RowKind) -> ColumnElement[Any]:
    """The call's row; "" where the call does not say."""
    return func.coalesce(_KEYS[row][0], "")


def row_label(row: RowKind) -> ColumnElement[Any]:
    """What people read for the row's key."""
    return _KEYS[row][1]


def effective() -> ColumnElement[bool]:
    """Calls that count at all."""
    return and_(calls.c.contact == Contact.EFFECTIVE.value, calls.c.status.in_(FINISHED_WELL))


def spoken_by(column: ColumnElement[Any], speaker: str | None) -> ColumnElement[bool]:
    """none and "any" mean both sides; `unknown` belongs to neither."""
    if speaker in (None, "any"):
        return column.in_((Speaker.AGENT.value, Speaker.CUSTOMER.value))
    return column == speaker


def between(since: datetime | None, until: datetime | None) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    if since is not None:
        condition = and_(condition, calls.c.started_at >= since)
    if until is not None:
        condition = and_(condition, calls.c.started_at < until)
    return condition


def from_sources(sources: Sequence[Source] | None) -> ColumnElement[bool]:
    return true() if sources is None else calls.c.source.in_([s.value for s in sources])


def count(connection: Connection, tenant_id: str, query: HeatmapQuery) -> tuple[list[RowCount], list[TopicCount]]:
    """Rows, and their cells that are not empty."""
    chosen = and_(
        calls.c.tenant_id == tenant_id,
        effective(),
        within(query.scope),
        between(query.since, query.until),
        from_sources(query.sources),
    )
    return _rows(connection, query, chosen), _cells(connection, query, chosen)


def _rows(connection: Connection, query: HeatmapQuery, chosen: ColumnElement[bool]) -> list[RowCount]:
    key, name = row_key(query.row), _KEYS[query.row][1]
    talk = and_(analyses.c.tenant_id == calls.c.tenant_id, analyses.c.call_id == calls.c.id)
    found = connection.execute(
        select(
            key.label("key"),
            func.max(name).label("name"),
            func.count().label("calls"),
            func.coalesce(func.sum(analyses.c.speech_s), 0.0).label("speech_s"),
            func.coalesce(func.sum(analyses.c.unknown_s), 0.0).label("unknown_s"),
        )
        .select_from(calls.outerjoin(analyses, talk))
        .where(chosen)
        .group_by(key)
    )
    return [
        RowCount(key=r.key, label=r.name or r.key, calls=r.calls, speech_s=r.speech_s, unknown_s=r.unknown_s)
        for r in found
    ]


def _cells(connection: Connection, query: HeatmapQuery, chosen: ColumnElement[bool]) -> list[TopicCount]:
    key = row_key(query.row)
    said = and_(facts.c.tenant_id == calls.c.tenant_id, facts.c.call_id == calls.c.id)
    found = connection.execute(
        select(
            key.label("key"),
            facts.c.topic,
            func.count(facts.c.call_id.distinct()).label("calls"),
            func.sum(facts.c.mentions).label("mentions"),
            func.sum(facts.c.seconds).label("seconds"),
        )
        .select_from(calls.join(facts, said))
        .where(chosen, facts.c.mentions > 0, spoken_by(facts.c.speaker, query.speaker))
        .group_by(key, facts.c.topic)
    )
    return [
        TopicCount(key=r.key, topic=r.topic, calls=r.calls, mentions=int(r.mentions), seconds=r.seconds) for r in found
    ]
