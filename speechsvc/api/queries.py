"""Query parameters that several lists share."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Query

from speechsvc.api.errors import Invalid
from speechsvc.domain.call import Source

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LOST_PLUS = re.compile(r" (?=\d\d:?\d\d$)")  # an unescaped + in a URL arrives as a space

Cursor = Annotated[str | None, Query(max_length=500, description="of the page before; none: the first page")]
Limit = Annotated[int, Query(ge=1, le=200, description="items a page")]
Short = Annotated[str | None, Query(max_length=200)]
Lang = Annotated[Literal["zh", "en"] | None, Query(description="language of headings; none: by Accept-Language")]
Since = Annotated[
    str | None,
    Query(
        alias="from",
        max_length=40,
        description="began at or after: RFC 3339, or a date, which means midnight in the tenant's time zone",
        examples=["2026-11-01", "2026-11-01T00:00:00+08:00"],
    ),
]
Until = Annotated[
    str | None,
    Query(
        alias="to",
        max_length=40,
        description="began before (exclusive): RFC 3339, or a date, which means midnight at its beginning",
        examples=["2026-12-01"],
    ),
]
Sources = Annotated[
    list[str] | None,
    Query(
        description="call, transcript, minutes, chat, email; repeat it or separate by commas; `any` for all",
        examples=[["call", "transcript"]],
    ),
]


def moment(value: str | None, field: str, timezone: str) -> datetime | None:
    """An aware time, or none. Raises InvalidInput for anything without a clear meaning."""
    if not value:
        return None
    try:
        if _DATE.fullmatch(value):
            parsed = datetime.combine(date.fromisoformat(value), time(), ZoneInfo(timezone))
        else:
            parsed = datetime.fromisoformat(_LOST_PLUS.sub("+", value))
    except ValueError:
        parsed = None
    if parsed is None:
        raise Invalid(
            field,
            "not a date like 2026-11-01 nor a time like 2026-11-01T08:00:00+08:00",
            "应为 2026-11-01 这样的日期，或 2026-11-01T08:00:00+08:00 这样的时间",
        )
    if parsed.tzinfo is None:
        raise Invalid(field, "a time must carry a zone, for example +08:00 or Z", "时间必须带时区，例如 +08:00 或 Z")
    if not 1970 < parsed.year < 2100:
        raise Invalid(field, "must lie between 1971 and 2099", "应在 1971 年至 2099 年之间")
    return parsed


def sources(values: list[str] | None, default: tuple[Source, ...] | None) -> tuple[Source, ...] | None:
    """None: all. Raises InvalidInput for an unknown one."""
    names = [name.strip() for value in values or [] for name in value[:200].split(",") if name.strip()]
    if not names:
        return default
    if "any" in names:
        return None
    try:
        return tuple(dict.fromkeys(Source(name) for name in names))
    except ValueError:
        known = ", ".join([*Source, "any"])
        raise Invalid("source", f"known are: {known}", f"可用的有：{known}") from None
