"""What counts towards whose performance, what does not and why, what is still open."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.filters import Period, period, presets, unknown_value
from speechsvc.dashboard.followups_page import address_of
from speechsvc.dashboard.pages import HEADERS, Visitor
from speechsvc.domain.performance import Performance, PerformanceRow
from speechsvc.reporting.performance_table import performance_csv, performance_xlsx
from speechsvc.services.build_performance import build_performance

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_NAMED = 20  # follow-ups of one list named on the page; all are behind its link and in the files


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/performance")
    def performance(request: Request) -> Response:
        visitor, row, days, found = _report(desk, request)
        return desk.page(
            visitor,
            "performance.html",
            row=row,
            days=days,
            rows=[(r, _reasons(r)) for r in found],
            most=max((_size(r) for r in found), default=1) or 1,
            presets=presets(desk.today(visitor)),
            address=address_of,
            list_of=lambda r, **more: _list(row, days, r, more),
            query=urlencode({"row": row.value} | (days.query() or {"from": ""})),
            most_named=MOST_NAMED,
        )

    @pages.get("/performance.csv")
    def csv(request: Request) -> Response:
        _, _, _, found = _report(desk, request)
        return _file(performance_csv(found), "text/csv; charset=utf-8", "csv")

    @pages.get("/performance.xlsx")
    def xlsx(request: Request) -> Response:
        visitor, _, _, found = _report(desk, request)
        return _file(performance_xlsx(found, visitor.language), _EXCEL, "xlsx")


def _report(desk: Desk, request: Request) -> tuple[Visitor, PerformanceRow, Period, tuple[Performance, ...]]:
    """Raises InvalidInput, Forbidden."""
    visitor = desk.visitor(request)
    asked = request.query_params.get("row") or PerformanceRow.SALESPERSON.value
    if asked not in tuple(PerformanceRow):
        raise unknown_value("row", tuple(PerformanceRow))
    row = PerformanceRow(asked)
    days = period(request.query_params, Period(first=desk.today(visitor).replace(day=1)))
    since, until = days.bounds(visitor.timezone)
    return visitor, row, days, build_performance(desk.core, visitor.principal, row, since, until)


def _reasons(row: Performance) -> list[tuple[str, int]]:
    """Of the excluded ones, most frequent first."""
    counted = Counter(reason for f in row.excluded for reason in f.reasons)
    return sorted(counted.items(), key=lambda x: (-x[1], x[0]))


def _size(row: Performance) -> int:
    return len(row.counted) + len(row.excluded) + len(row.pending)


def _list(row: PerformanceRow, days: Period, found: Performance, more: dict[str, str]) -> str | None:
    """Where the follow-ups behind a number are; the list knows salespeople, not teams."""
    if row is not PerformanceRow.SALESPERSON or not found.key:
        return None
    return "/followups?" + urlencode({"salesperson": found.key} | days.query() | more)


def _file(body: bytes, media_type: str, suffix: str) -> Response:
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="performance.{suffix}"'}
    return Response(body, media_type=media_type, headers=headers)
