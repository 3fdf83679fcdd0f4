"""The customer-focus heatmap: rows by topics. Definitions are PRODUCT.md's, repeated in docs/heatmap.md.

A cell counts affirmed, unsuspect mentions in effective calls; at most one a topic and turn.
`share` = calls with such a mention over effective calls of that row; `mentions` = mentions per effective call;
`seconds` = seconds of that speaker's speech in segments that carry the topic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from speechsvc.domain.access import Scope
from speechsvc.domain.call import Source


class RowKind(StrEnum):
    """What a row is; values as they were at call time, weeks in the tenant's time zone (2026-W48)."""

    CUSTOMER = "customer"
    SALESPERSON = "salesperson"
    TEAM = "team"
    INDUSTRY = "industry"
    REGION = "region"
    STAGE = "stage"
    WEEK = "week"


class Measure(StrEnum):
    SHARE = "share"
    MENTIONS = "mentions"
    SECONDS = "seconds"


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatmapQuery:
    """What to count. `speaker` is customer, agent or any (any leaves `unknown` speakers out too)."""

    row: RowKind = RowKind.CUSTOMER
    since: datetime | None = None  # calls that began at or after
    until: datetime | None = None  # and before
    speaker: str = "customer"
    measure: Measure = Measure.SHARE
    sources: tuple[Source, ...] = (Source.CALL, Source.TRANSCRIPT)
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, kw_only=True, slots=True)
class RowCount:
    """One row before topics are added."""

    key: str  # id of the customer, name of the team, "2026-W48" ...; "" where the call does not say
    label: str  # what people read
    calls: int  # effective calls
    speech_s: float  # seconds of all speech in them
    unknown_s: float  # seconds of it by unknown speakers


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicCount:
    """One cell as counted by the database."""

    key: str  # the row's
    topic: str
    calls: int  # effective calls with at least one counting mention
    mentions: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """All three measures of one cell, so that a reader can change the measure without asking again."""

    calls: int
    share: float  # 0 to 1
    mentions: float  # per effective call
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    key: str
    label: str
    calls: int
    unknown_share: float  # part of the speech that belongs to unknown speakers and is left out
    cells: Mapping[str, Cell]  # by topic id; topics without a mention are absent


@dataclass(frozen=True, kw_only=True, slots=True)
class Heatmap:
    """Rows with the most effective calls first (weeks in order), topics in the lexicon's order."""

    query: HeatmapQuery
    topics: tuple[tuple[str, str, str], ...]  # (id, Chinese name, English name)
    rows: tuple[Row, ...]

    def value(self, row: Row, topic: str) -> float:
        """The cell in the query's measure; 0.0 where nothing was said."""
        cell = row.cells.get(topic)
        return 0.0 if cell is None else float(getattr(cell, self.query.measure.value))


def build(
    query: HeatmapQuery,
    rows: Sequence[RowCount],
    cells: Sequence[TopicCount],
    topics: Sequence[tuple[str, str, str]],
) -> Heatmap:
    """Joins counts to a heatmap. Topics that the lexicon no longer has are appended by id, never dropped."""
    by_row: dict[str, dict[str, TopicCount]] = {}
    for count in cells:
        by_row.setdefault(count.key, {})[count.topic] = count
    known = {t[0] for t in topics}
    extra = sorted({c.topic for c in cells} - known)
    built = [_row(r, by_row.get(r.key, {})) for r in rows]
    if query.row is RowKind.WEEK:
        built.sort(key=lambda r: r.key)
    else:
        built.sort(key=lambda r: (-r.calls, r.label, r.key))
    return Heatmap(query=query, topics=(*topics, *((t, t, t) for t in extra)), rows=tuple(built))


def _row(row: RowCount, counts: Mapping[str, TopicCount]) -> Row:
    cells = {topic: _cell(count, row.calls) for topic, count in counts.items()}
    unknown = row.unknown_s / row.speech_s if row.speech_s else 0.0
    return Row(key=row.key, label=row.label, calls=row.calls, unknown_share=round(unknown, 4), cells=cells)


def _cell(count: TopicCount, effective: int) -> Cell:
    per = max(1, effective)
    return Cell(
        calls=count.calls,
        share=round(count.calls / per, 4),
        mentions=round(count.mentions / per, 4),
        seconds=round(count.seconds, 2),
    )
