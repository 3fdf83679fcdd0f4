"""How soon leads were reached: grade by time to first effective contact, each cell a way to its leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from speechsvc.dashboard import names
from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.filters import Period, period, presets, unknown_value
from speechsvc.dashboard.followups_page import address_of
from speechsvc.dashboard.pages import HEADERS, Visitor
from speechsvc.domain.crm import SILENT_AFTER_H, Touch, TouchedLead
from speechsvc.domain.touch import GroupBy, TouchRow
from speechsvc.ports import LeadFilter
from speechsvc.reporting.touch_table import touch_csv
from speechsvc.services.read_followups import list_salespeople
from speechsvc.services.touch_health import LeadList, done_without_contact, list_leads, touch_matrix

MOST_LEADS = 500


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/touch-health")
    def touch_health(request: Request) -> Response:
        visitor, days, by, where = _asked(desk, request)
        rows = touch_matrix(desk.core, visitor.principal, where, by)
        return desk.page(
            visitor,
            "touch.html",
            by=by,
            days=days,
            groups=_groups(rows),
            touches=list(Touch),
            silent=_silent(desk, visitor, where),
            done=done_without_contact(desk.core, visitor.principal, where),
            people=list_salespeople(desk.core, visitor.principal),
            presets=presets(desk.today(visitor)),
            leads=lambda **cell: _leads_address(days, by, request.query_params, cell),
            address=address_of,
            query=urlencode({"by": by.value} | (days.query() or {"from": ""})),
        )

    @pages.get("/touch-health.csv")
    def csv(request: Request) -> Response:
        visitor, _, by, where = _asked(desk, request)
        body = touch_csv(touch_matrix(desk.core, visitor.principal, where, by), by.value, visitor.language)
        headers = HEADERS | {"Content-Disposition": 'attachment; filename="touch-health.csv"'}
        return Response(body.encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)

    @pages.get("/touch-health/leads")
    def leads(request: Request) -> Response:
        visitor, days, _, where = _asked(desk, request)
        only = _only(request.query_params)
        found = list_leads(desk.core, visitor.principal, where, only)
        return desk.page(
            visitor,
            "leads.html",
            only=only,
            days=days,
            leads=found[:MOST_LEADS],
            total=len(found),
            now=desk.core.clock.now(),
            people=list_salespeople(desk.core, visitor.principal),
            back="/touch-health?" + urlencode(days.query() or {"from": ""}),
        )


def _asked(desk: Desk, request: Request) -> tuple[Visitor, Period, GroupBy, LeadFilter]:
    """Raises InvalidInput."""
    visitor, params = desk.visitor(request), request.query_params
    by = params.get("by") or GroupBy.ALL.value
    if by not in tuple(GroupBy):
        raise unknown_value("by", tuple(GroupBy))
    days = period(params, Period())
    since, until = days.bounds(visitor.timezone)
    where = LeadFilter(
        since=since, until=until, team=params.get("team") or None, salesperson_id=params.get("salesperson") or None
    )
    return visitor, days, GroupBy(by), where


def _only(params: Mapping[str, str]) -> LeadList:
    touch, silent = params.get("touch") or None, params.get("silent") or None
    if touch is not None and touch not in names.options("touch"):
        raise unknown_value("touch", names.options("touch"))
    hours = [str(h) for h in SILENT_AFTER_H]
    if silent is not None and silent not in hours:
        raise unknown_value("silent", hours)
    return LeadList(
        grade=params.get("grade") or None,
        touch=Touch(touch) if touch else None,
        silent_h=int(silent) if silent else None,
    )


def _groups(rows: Sequence[TouchRow]) -> list[tuple[str | None, list[TouchRow]]]:
    """Rows stand together by team or salesperson already."""
    found: list[tuple[str | None, list[TouchRow]]] = []
    for row in rows:
        if not found or found[-1][0] != row.group:
            found.append((row.group, []))
        found[-1][1].append(row)
    return found


def _silent(desk: Desk, visitor: Visitor, where: LeadFilter) -> list[tuple[int, list[TouchedLead]]]:
    """Leads past each threshold, the longest wait first to be seen."""
    now = desk.core.clock.now()
    waiting = list_leads(desk.core, visitor.principal, where, LeadList(silent_h=SILENT_AFTER_H[0]))
    return [(h, [lead for lead in waiting if lead.silent_h(now) >= h]) for h in SILENT_AFTER_H]


def _leads_address(days: Period, by: GroupBy, params: Mapping[str, str], cell: dict[str, str | None]) -> str:
    """The list behind a cell. Leads of no team or salesperson have no address of their own: theirs shows all."""
    group = cell.pop("group", None)
    where = {k: params[k] for k in ("team", "salesperson") if params.get(k)}
    if group is not None and by is not GroupBy.ALL:
        where[by.value] = group
    return "/touch-health/leads?" + urlencode(
        where | (days.query() or {"from": ""}) | {k: v for k, v in cell.items() if v}
    )
