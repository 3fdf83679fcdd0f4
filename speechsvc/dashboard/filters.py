"""What a page's address asks for. Days are whole days in the tenant's time zone, both included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from speechsvc.domain.call import Source
from speechsvc.domain.heatmap import HeatmapQuery, Measure, RowKind
from speechsvc.errors import InvalidInput

E = TypeVar("E", RowKind, Measure, Source)

SPEAKERS = ("customer", "agent", "any")
SOURCES: dict[str, tuple[Source, ...]] = {
    "calls": (Source.CALL, Source.TRANSCRIPT),
    "minutes": (Source.MINUTES,),
    "messages": (Source.CHAT, Source.EMAIL),
    "all": tuple(Source),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """First and last day, or open ends."""

    first: date | None = None
    last: date | None = None

    def bounds(self, timezone: str) -> tuple[datetime | None, datetime | None]:
        """From the first midnight to the midnight after the last day."""
        zone = ZoneInfo(timezone)
        since = datetime.combine(self.first, time(), zone) if self.first else None
        until = datetime.combine(self.last + timedelta(days=1), time(), zone) if self.last else None
        return since, until

    def query(self) -> dict[str, str]:
        return {k: d.isoformat() for k, d in (("from", self.first), ("to", self.last)) if d}


def period(params: Mapping[str, str], default: Period | None = None) -> Period:
    """Raises InvalidInput for something that is no day. `default` where neither end is given at all."""
    if "from" not in params and "to" not in params and default is not None:
        return default
    found = Period(first=_day(params, "from"), last=_day(params, "to"))
    if found.first and found.last and found.last < found.first:
        raise InvalidInput(field="to", problem="lies before 'from'", problem_zh="早于开始日期")
    return found


def presets(today: date) -> list[tuple[str, str, Period]]:
    """(Chinese, English, days)"""
    month = today.replace(day=1)
    return [
        ("近 7 天", "7 days", Period(first=today - timedelta(days=6), last=today)),
        ("近 30 天", "30 days", Period(first=today - timedelta(days=29), last=today)),
        ("近 90 天", "90 days", Period(first=today - timedelta(days=89), last=today)),
        ("本月", "This month", Period(first=month, last=today)),
        (
            "上月",
            "Last month",
            Period(first=(month - timedelta(days=1)).replace(day=1), last=month - timedelta(days=1)),
        ),
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatmapFilter:
    """The heatmap page's choices."""

    row: RowKind
    measure: Measure
    speaker: str
    source: str  # key of SOURCES
    period: Period

    def domain(self, timezone: str) -> HeatmapQuery:
        since, until = self.period.bounds(timezone)
        return HeatmapQuery(
            row=self.row,
            measure=self.measure,
            speaker=self.speaker,
            sources=SOURCES[self.source],
            since=since,
            until=until,
        )

    def address(self, path: str, **changes: str) -> str:
        values = {"row": self.row.value, "measure": self.measure.value, "speaker": self.speaker, "source": self.source}
        query = values | (self.period.query() or {"from": ""}) | changes
        return f"{path}?{urlencode(query)}"


def heatmap_filter(params: Mapping[str, str]) -> HeatmapFilter:
    """Raises InvalidInput for values that do not exist."""
    return HeatmapFilter(
        row=choice(RowKind, params, "row", RowKind.CUSTOMER),
        measure=choice(Measure, params, "measure", Measure.SHARE),
        speaker=_among(SPEAKERS, params, "speaker"),
        source=_among(tuple(SOURCES), params, "source"),
        period=period(params, Period()),
    )


def choice(kind: type[E], params: Mapping[str, str], name: str, default: E) -> E:
    value = params.get(name)
    if not value:
        return default
    try:
        return kind(value)
    except ValueError:
        raise unknown_value(name, tuple(kind)) from None


def unknown_value(name: str, values: Sequence[str]) -> InvalidInput:
    """The error for a choice that does not exist, naming those that do."""
    return InvalidInput(field=name, problem=f"known are {', '.join(values)}", problem_zh=f"可用值：{'、'.join(values)}")


def _among(values: tuple[str, ...], params: Mapping[str, str], name: str) -> str:
    value = params.get(name) or values[0]
    if value not in values:
        raise unknown_value(name, values)
    return value


def _day(params: Mapping[str, str], name: str) -> date | None:
    value = params.get(name)
    if not value:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise InvalidInput(
            field=name, problem="not a day like 2026-11-01", problem_zh="不是 2026-11-01 这样的日期"
        ) from None
    if not 1971 <= day.year <= 2099:
        raise InvalidInput(field=name, problem="must lie between 1971 and 2099", problem_zh="须在 1971 至 2099 年之间")
    return day
