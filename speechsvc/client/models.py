"""Answers as values. `raw` holds the whole answer, also fields that this release does not know."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Json = dict[str, Any]
FINISHED = ("done", "partial", "failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A recording or text that the service has."""

    id: str
    status: str
    external_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call or text, how far it is, and what was found."""

    id: str
    status: str  # queued, transcribing, analysing, done, partial, failed
    external_id: str
    started_at: datetime
    contact: str | None  # only "effective" is a contact
    score: int | None  # 0 to 100
    topics: tuple[str, ...]
    error: str | None  # stable code
    raw: Json = field(repr=False)

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @classmethod
    def of(cls, raw: Json) -> Call:
        return cls(
            id=raw["id"],
            status=raw["status"],
            external_id=raw["metadata"]["external_id"],
            started_at=datetime.fromisoformat(raw["metadata"]["started_at"]),
            contact=raw["contact"],
            score=raw["score"],
            topics=tuple(raw["topics"] or ()),
            error=(raw["error"] or {}).get("code"),
            raw=raw,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """`cursor` is none at the end."""

    items: tuple[T, ...]
    cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event of the change feed, or of a webhook. Do each `id` once."""

    id: str
    version: int
    seq: int
    type: str
    subject: str
    timestamp: datetime
    data: Json = field(repr=False)
    cursor: str | None = None  # of the feed: store it once this event is done

    @classmethod
    def of(cls, raw: Json, *, cursor: str | None = None) -> Event:
        return cls(
            id=raw["id"],
            version=raw.get("version", 1),
            seq=raw["seq"],
            type=raw["type"],
            subject=raw["subject"],
            timestamp=datetime.fromisoformat(raw["timestamp"]),
            data=raw["data"],
            cursor=cursor,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatmapRow:
    key: str
    label: str
    calls: int  # effective ones
    values: dict[str, float]  # by topic, in the asked measure


@dataclass(frozen=True, kw_only=True, slots=True)
class Heatmap:
    """Rows by topics."""

    row: str
    measure: str
    topics: tuple[str, ...]
    rows: tuple[HeatmapRow, ...]
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> Heatmap:
        rows = (
            HeatmapRow(
                key=r["key"],
                label=r["label"],
                calls=r["calls"],
                values={topic: cell["value"] for topic, cell in r["cells"].items()},
            )
            for r in raw["rows"]
        )
        topics = tuple(t["id"] for t in raw["topics"])
        return cls(row=raw["row"], measure=raw["measure"], topics=topics, rows=tuple(rows), raw=raw)


@dataclass(frozen=True, kw_only=True, slots=True)
class CrmResult:
    """What became of one event sent to the service."""

    id: str | None
    result: str  # accepted, duplicate, refused
    problem: str | None  # stable code
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> CrmResult:
        return cls(id=raw["id"], result=raw["result"], problem=(raw["problem"] or {}).get("code"), raw=raw)


@dataclass(frozen=True, kw_only=True, slots=True)
class TouchRow:
    """Leads of one grade by the time to their first effective contact: 2h, 24h, 72h, late, none."""

    group: str | None
    grade: str
    leads: int
    counts: dict[str, int]

    @classmethod
    def of(cls, raw: Json) -> TouchRow:
        counts = {c["touch"]: c["leads"] for c in raw["cells"]}
        return cls(group=raw["group"], grade=raw["grade"], leads=raw["leads"], counts=counts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """A lead and how soon it was reached."""

    lead_id: str
    grade: str
    touch: str
    waited_s: float | None  # seconds
    silent_h: int  # threshold passed, 0: none
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> Lead:
        names = ("lead_id", "grade", "touch", "waited_s", "silent_h")
        return cls(**{name: raw[name] for name in names}, raw=raw)
