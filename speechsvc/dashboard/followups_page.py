"""The list of follow-ups: score, state, and why one does not count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from speechsvc.dashboard import names
from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.filters import Period, period, unknown_value
from speechsvc.domain.followup import FollowupState
from speechsvc.domain.performance import reasons_of
from speechsvc.errors import InvalidInput
from speechsvc.ports import FollowupFilter
from speechsvc.services.read_followups import list_followups, list_salespeople

_PAGE = 50
_WEEKS = 12  # offered in the list; others by address
_COUNTS = {"": None, "yes": True, "no": False}
_CHOICES = ("state", "counts", "salesperson", "week")


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/followups")
    def followups(request: Request) -> Response:
        visitor, params = desk.visitor(request), request.query_params
        days = _days(params)
        where = _where(params, days, visitor.timezone)
        found = list_followups(desk.core, visitor.principal, where, cursor=params.get("cursor") or None, limit=_PAGE)
        values = {k: params.get(k, "") for k in _CHOICES}
        return desk.page(
            visitor,
            "followups.html",
            found=found,
            values=values,
            days=days,
            salespeople=list_salespeople(desk.core, visitor.principal),
            weeks=_weeks(desk.today(visitor), values["week"]),
            address=address_of,
            reasons_of=reasons_of,
            more=_more(request, found.cursor),
            filtered=any(values.values()) or days != Period(),
        )


def address_of(external_id: str) -> str:
    return f"/followups/{quote(external_id, safe='')}"


def week_of(text: str) -> Period:
    """Monday to Sunday of a week like 2026-W48. Raises InvalidInput."""
    wrong = InvalidInput(field="week", problem="not a week like 2026-W48", problem_zh="不是 2026-W48 这样的周")
    year, _, number = text.partition("-W")
    try:
        monday = date.fromisocalendar(int(year), int(number), 1)
    except ValueError:
        raise wrong from None
    if not 1971 <= monday.year <= 2099:
        raise wrong
    return Period(first=monday, last=monday + timedelta(days=6))


def _days(params: Mapping[str, str]) -> Period:
    return week_of(params["week"]) if params.get("week") else period(params, Period())


def _where(params: Mapping[str, str], days: Period, timezone: str) -> FollowupFilter:
    since, until = days.bounds(timezone)
    state, counts = params.get("state", ""), params.get("counts", "")
    if state and state not in names.options("state"):
        raise unknown_value("state", names.options("state"))
    if counts not in _COUNTS:
        raise unknown_value("counts", ("yes", "no"))
    return FollowupFilter(
        states=(FollowupState(state),) if state else None,
        counts=_COUNTS[counts],
        salesperson_id=params.get("salesperson") or None,
        since=since,
        until=until,
    )


def _weeks(today: date, chosen: str) -> list[tuple[str, str]]:
    """(value, first and last day), newest first; the chosen one is among them."""
    mondays = [today - timedelta(days=today.weekday() + 7 * n) for n in range(_WEEKS)]
    values = ["{}-W{:02d}".format(*m.isocalendar()[:2]) for m in mondays]
    values += [chosen] if chosen and chosen not in values else []
    return [(v, _span(week_of(v))) for v in values]


def _span(days: Period) -> str:
    return f"{days.first:%m-%d} – {days.last:%m-%d}"


def _more(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = [(k, v) for k, v in request.query_params.multi_items() if k not in ("cursor", "lang")]
    return f"/followups?{urlencode([*query, ('cursor', cursor)])}"
