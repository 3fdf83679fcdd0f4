"""What a CRM tells, and how soon leads were reached."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Body, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from speechsvc.api.crm_inputs import item_of, request_body
from speechsvc.api.errors import Invalid
from speechsvc.api.field_errors import FieldErrors, field_problems
from speechsvc.api.queries import Short, Since, Until, moment
from speechsvc.api.responses import refusals
from speechsvc.api.route import Caller, From, api_router, needs
from speechsvc.domain.access import Permission
from speechsvc.domain.crm import ReportedDone, Touch, TouchedLead
from speechsvc.domain.touch import GroupBy, TouchRow
from speechsvc.errors import InvalidInput, SpeechsvcError
from speechsvc.ports import LeadFilter
from speechsvc.reporting.touch_table import touch_csv
from speechsvc.services.crm_events import CrmItem, CrmResult, Taken, receive_crm_events
from speechsvc.services.touch_health import (
    LeadList,
    done_without_contact,
    list_leads,
    touch_matrix,
)

router = api_router("crm")

MAX_BATCH = 1000


class ItemProblem(BaseModel):
    code: str
    detail: str
    errors: list[dict[str, str]] = []


class CrmResultOut(BaseModel):
    id: str | None = Field(description="the event's id, where it could be read")
    result: Taken
    call_id: str | None = Field(None, description="of minutes: the text they became, under /v1/calls")
    problem: ItemProblem | None = None


class CrmResults(BaseModel):
    results: list[CrmResultOut] = Field(description="one for each event, in the order sent")


class TouchCellOut(BaseModel):
    touch: Touch
    leads: int
    leads_url: str


class TouchRowOut(BaseModel):
    group: str | None = Field(description="team or salesperson; null: all, or leads without one")
    grade: str = Field(description="A, B, C, others as the CRM names them, none")
    leads: int
    cells: list[TouchCellOut]


class TouchMatrixOut(BaseModel):
    by: GroupBy
    rows: list[TouchRowOut]


class LeadOut(BaseModel):
    lead_id: str
    created_at: datetime
    grade: str
    salesperson_id: str | None
    team: str | None
    customer_id: str | None
    opportunity_id: str | None
    touch: Touch
    first_contact_at: datetime | None
    first_contact_call: str | None = Field(description="link to the call")
    waited_s: float | None = Field(description="seconds from creation to the first effective contact")
    silent_h: int = Field(description="threshold of 24, 48 or 72 hours passed without an effective contact, else 0")
    closed: bool = Field(description="its opportunity was won or lost")


class LeadsOut(BaseModel):
    leads: list[LeadOut]


class DoneOut(BaseModel):
    followup_id: str
    event_id: str
    reported_at: datetime
    salesperson_id: str | None
    team: str | None
    calls: int = Field(description="calls of this follow-up before the report; none was effective")


class DoneList(BaseModel):
    followups: list[DoneOut]


@router.post(
    "/crm/events",
    summary="Tell what happened in the CRM",
    openapi_extra=needs(Permission.CRM_WRITE) | {"requestBody": request_body()},
    response_model=CrmResults,
    responses=refusals((409, "A single event whose id is used by another one")),
)
def post_crm_events(caller: From, body: Annotated[dict[str, Any], Body()]) -> CrmResults:
    """One event, or `{"events": [...]}` with up to 1000. Safe to repeat, in any order: states are derived from the
    times of the events. Of a batch each event has its own result; of a single one a refusal is the answer's status."""
    if "events" not in body:
        return CrmResults(results=[_single(caller, body)])
    events = body["events"]
    if set(body) != {"events"} or not isinstance(events, list) or len(events) > MAX_BATCH:
        raise Invalid("events", f"must be a list of at most {MAX_BATCH} events", f"应为不超过 {MAX_BATCH} 个事件的数组")
    return CrmResults(results=_batch(caller, events))


def _single(caller: Caller, body: dict[str, Any]) -> CrmResultOut:
    try:
        item = item_of(body)
    except ValidationError as error:
        raise FieldErrors(error.errors()) from None
    [result] = receive_crm_events(caller.core, caller.principal, [item])
    if result.error is not None:
        raise result.error
    return _result(item, result, caller.language)


def _batch(caller: Caller, events: list[Any]) -> list[CrmResultOut]:
    items: dict[int, CrmItem] = {}
    shown: dict[int, CrmResultOut] = {}
    for place, event in enumerate(events):
        try:
            items[place] = item_of(event)
        except ValidationError as error:
            shown[place] = _unreadable(event, error, caller.language)
    results = receive_crm_events(caller.core, caller.principal, list(items.values()))
    for (place, item), result in zip(items.items(), results, strict=True):
        shown[place] = _result(item, result, caller.language)
    return [shown[place] for place in range(len(events))]


def _unreadable(event: Any, error: ValidationError, language: str) -> CrmResultOut:
    fields = field_problems(error.errors(), language)
    found = InvalidInput(**fields[0], problem_zh=fields[0]["problem"])
    given = event.get("id") if isinstance(event, dict) else None
    problem = ItemProblem(code=found.code, detail=found.message(language), errors=fields)
    return CrmResultOut(id=given[:200] if isinstance(given, str) else None, result=Taken.REFUSED, problem=problem)


def _result(item: CrmItem, result: CrmResult, language: str) -> CrmResultOut:
    error: SpeechsvcError | None = result.error
    problem = None if error is None else ItemProblem(code=error.code, detail=error.message(language))
    return CrmResultOut(id=item.event.id, result=result.taken, call_id=result.call_id, problem=problem)


@router.get(
    "/touch-health",
    summary="Leads by grade and time to the first effective contact",
    openapi_extra=needs(Permission.CALLS_READ),
    response_class=Response,
    responses={200: {"model": TouchMatrixOut, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def get_touch_health(
    caller: From,
    since: Since = None,
    until: Until = None,
    by: GroupBy = GroupBy.ALL,
    team: Short = None,
    salesperson_id: Short = None,
    format: Literal["json", "csv"] = "json",
) -> Response:
    """Of leads created in a time, within what this key may see; each cell links to its leads. An effective contact is a
    call or transcript with the lead's customer or opportunity after its creation, in which both sides talked."""
    where = _where(caller, since, until, team, salesperson_id)
    rows = touch_matrix(caller.core, caller.principal, where, by)
    if format == "csv":
        content = touch_csv(rows, by.value, caller.language).encode("utf-8-sig")
        headers = {"Content-Disposition": 'attachment; filename="touch-health.csv"'}
        return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
    shown = TouchMatrixOut(by=by, rows=[_row(caller, where, by, row) for row in rows])
    return JSONResponse(shown.model_dump(mode="json"))


@router.get(
    "/touch-health/leads",
    summary="Leads behind a cell, and silent leads",
    openapi_extra=needs(Permission.CALLS_READ),
    response_model=LeadsOut,
)
def get_leads(
    caller: From,
    since: Since = None,
    until: Until = None,
    grade: Short = None,
    touch: Touch | None = None,
    silent_h: Annotated[Literal["24", "48", "72"] | None, Query(description="silent for as long at least")] = None,
    team: Short = None,
    salesperson_id: Short = None,
) -> LeadsOut:
    """Oldest first, with their first effective contact. With a cell's parameters exactly the leads that it counts."""
    where = _where(caller, since, until, team, salesperson_id)
    only = LeadList(grade=grade, touch=touch, silent_h=int(silent_h) if silent_h else None)
    now = caller.core.clock.now()
    return LeadsOut(leads=[_lead(caller, lead, now) for lead in list_leads(caller.core, caller.principal, where, only)])


@router.get(
    "/touch-health/done-without-contact",
    summary="Follow-ups reported done without an effective contact",
    openapi_extra=needs(Permission.CALLS_READ),
    response_model=DoneList,
)
def get_done_without_contact(
    caller: From,
    since: Since = None,
    until: Until = None,
    team: Short = None,
    salesperson_id: Short = None,
) -> DoneList:
    """By the time of the latest report. A contact counts if its call names the follow-up and began before that."""
    where = _where(caller, since, until, team, salesperson_id)
    found = done_without_contact(caller.core, caller.principal, where)
    return DoneList(followups=[_done(done) for done in found])


def _where(
    caller: Caller, since: str | None, until: str | None, team: str | None, salesperson_id: str | None
) -> LeadFilter:
    zone = caller.core.system.tenant(caller.principal.tenant_id).timezone
    return LeadFilter(
        since=moment(since, "from", zone),
        until=moment(until, "to", zone),
        team=team,
        salesperson_id=salesperson_id,
    )


def _row(caller: Caller, where: LeadFilter, by: GroupBy, row: TouchRow) -> TouchRowOut:
    cells = [
        TouchCellOut(touch=touch, leads=count, leads_url=_url(caller, where, by, row, touch))
        for touch, count in row.counts.items()
    ]
    return TouchRowOut(group=row.group, grade=row.grade, leads=row.leads, cells=cells)


def _url(caller: Caller, where: LeadFilter, by: GroupBy, row: TouchRow, touch: Touch) -> str:
    given = {
        "grade": row.grade,
        "touch": touch.value,
        "from": where.since and where.since.isoformat(),
        "to": where.until and where.until.isoformat(),
        "team": where.team,
        "salesperson_id": where.salesperson_id,
    }
    if by is not GroupBy.ALL and row.group is not None:
        given["team" if by is GroupBy.TEAM else "salesperson_id"] = row.group
    return caller.link("/v1/touch-health/leads?" + urlencode({k: v for k, v in given.items() if v}))


def _lead(caller: Caller, touched: TouchedLead, now: datetime) -> LeadOut:
    lead = touched.lead
    return LeadOut(
        lead_id=lead.id,
        created_at=touched.created_at,
        grade=touched.grade,
        salesperson_id=lead.salesperson_id,
        team=touched.team,
        customer_id=lead.customer_id,
        opportunity_id=lead.opportunity_id,
        touch=touched.touch,
        first_contact_at=touched.first_contact,
        first_contact_call=caller.link(f"/v1/calls/{touched.call_id}") if touched.call_id else None,
        waited_s=touched.waited_s,
        silent_h=touched.silent_h(now),
        closed=touched.closed,
    )


def _done(done: ReportedDone) -> DoneOut:
    return DoneOut(
        followup_id=done.followup_id,
        event_id=done.event_id,
        reported_at=done.reported_at,
        salesperson_id=done.salesperson_id,
        team=done.team,
        calls=done.calls,
    )
