"""How often lexicon entries decide mentions, counted by the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from speechsvc.domain.mention import MatchKind, Polarity
from speechsvc.domain.run import CallRange
from speechsvc.ports import EntryHits
from speechsvc.storage.call_index import in_range
from speechsvc.storage.tables import calls, mentions


def hits(connection: Connection, tenant_id: str, where: CallRange) -> tuple[EntryHits, ...]:
    """In order of entry."""
    m = mentions.c
    rows = connection.execute(
        _said(
            select(
                m.topic,
                m.entry,
                m.match,
                m.polarity,
                m.suspect,
                func.count().label("number"),
            ),
            tenant_id,
            where,
        ).group_by(m.topic, m.entry, m.match, m.polarity, m.suspect)
    ).all()
    per_call = connection.execute(
        _said(select(m.entry, m.topic, func.count(m.call_id.distinct()).label("number")), tenant_id, where).group_by(
            m.entry, m.topic
        )
    )
    in_calls = {(row.topic, row.entry): row.number for row in per_call}
    grouped: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        grouped.setdefault((row.topic, row.entry), []).append(row)
    return tuple(_entry(key, grouped[key], in_calls.get(key, 0)) for key in sorted(grouped))


def _entry(key: tuple[str, str], rows: list[Any], in_calls: int) -> EntryHits:
    by_match: dict[str, int] = {}
    for row in rows:
        by_match[row.match] = by_match.get(row.match, 0) + row.number
    return EntryHits(
        topic=key[0],
        entry=key[1],
        mentions=sum(by_match.values()),
        calls=in_calls,
        by_match=by_match,
        negated=sum(row.number for row in rows if row.polarity == Polarity.NEGATED.value),
        suspect=sum(row.number for row in rows if row.suspect),
    )


def heard_as(
    connection: Connection, tenant_id: str, where: CallRange, limit: int
) -> tuple[tuple[str, str, int, int], ...]:
    m = mentions.c
    number = func.count().label("number")
    rows = connection.execute(
        _said(select(m.text, m.entry, number, func.count(m.call_id.distinct()).label("calls")), tenant_id, where)
        .where(m.match == MatchKind.HOMOPHONE.value)
        .group_by(m.text, m.entry)
        .order_by(number.desc(), m.text, m.entry)
        .limit(limit)
    )
    return tuple((row.text, row.entry, row.number, row.calls) for row in rows)


def _said(query: Select[Any], tenant_id: str, where: CallRange) -> Select[Any]:
    its_call = and_(mentions.c.tenant_id == calls.c.tenant_id, mentions.c.call_id == calls.c.id)
    return (
        query.select_from(mentions.join(calls, its_call))
        .where(mentions.c.tenant_id == tenant_id, calls.c.tenant_id == tenant_id)
        .where(*in_range(where))
    )
