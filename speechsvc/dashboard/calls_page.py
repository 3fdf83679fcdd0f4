"""The list of calls: where each one is, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from speechsvc.dashboard import names
from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.filters import Period, period, unknown_value
from speechsvc.domain.access import Permission
from speechsvc.domain.call import CallStatus, Source
from speechsvc.ports import CallFilter
from speechsvc.services.read_calls import list_calls

_PAGE = 50
_SCORES = {"": (None, None), "below": (None, 60), "pass": (60, None), "good": (80, None)}  # from, below


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/calls")
    def calls(request: Request) -> Response:
        visitor, params = desk.visitor(request), request.query_params
        days = period(params, Period())
        where = _where(params, days, visitor.timezone)
        found = list_calls(desk.core, visitor.principal, where, cursor=params.get("cursor") or None, limit=_PAGE)
        values = {
            k: params.get(k, "") for k in ("status", "contact", "topic", "score", "source", "salesperson", "customer")
        }
        return desk.page(
            visitor,
            "calls.html",
            found=found,
            values=values,
            days=days,
            reads=visitor.principal.may(Permission.CALLS_READ),
            topics=desk.topics(visitor),
            more=_more(request, found.cursor),
            filtered=any(values.values()) or days != Period(),
            unfinished=any(not c.status.finished for c in found.items),
        )


def _where(params: Mapping[str, str], days: Period, timezone: str) -> CallFilter:
    """Raises InvalidInput for a value that does not exist."""
    since, until = days.bounds(timezone)
    status, source = _known("status", params), _known("source", params)
    score = params.get("score", "")
    if score not in _SCORES:
        raise unknown_value("score", tuple(filter(None, _SCORES)))
    return CallFilter(
        status=CallStatus(status) if status else None,
        source=Source(source) if source else None,
        contact=_known("contact", params),
        topic=params.get("topic") or None,
        salesperson_id=params.get("salesperson") or None,
        customer_id=params.get("customer") or None,
        since=since,
        until=until,
        score_from=_SCORES[score][0],
        score_below=_SCORES[score][1],
    )


def _known(name: str, params: Mapping[str, str]) -> str | None:
    value = params.get(name) or None
    if value is not None and value not in names.options(name):
        raise unknown_value(name, names.options(name))
    return value


def _more(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = [(k, v) for k, v in request.query_params.multi_items() if k not in ("cursor", "lang")]
    return f"/calls?{urlencode([*query, ('cursor', cursor)])}"
