"""Follow-ups: whose they are, what belongs to them, their score, appeals and overrides, performance."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from fastapi import Response
from fastapi.responses import JSONResponse

from speechsvc.api import followup_schemas as s
from speechsvc.api import followup_views as views
from speechsvc.api.errors import Invalid
from speechsvc.api.queries import Cursor, Limit, Short, Since, Until, moment
from speechsvc.api.responses import refusals
from speechsvc.api.results import Raw
from speechsvc.api.route import Caller, From, api_router, needs
from speechsvc.api.schemas import CallAccepted
from speechsvc.api.text_turns import turns_of
from speechsvc.api.views import accepted
from speechsvc.domain.access import Permission
from speechsvc.domain.call import Customer, Opportunity, Salesperson
from speechsvc.domain.followup import FollowupState
from speechsvc.domain.performance import Performance, PerformanceRow, Standing
from speechsvc.ports import FollowupFilter
from speechsvc.reporting.performance_table import performance_csv
from speechsvc.services import appeal_followup, manage_followups, read_followups, rescore_followups
from speechsvc.services.build_performance import build_performance

router = api_router("followups")

_WRITE, _READ = needs(Permission.CALLS_WRITE), needs(Permission.CALLS_READ)
_NONE = (404, "No such follow-up, or not one that this key may see")
_TOO_EARLY = (409, "`not_settled`: the score still moves by itself, or was already ruled on")


@router.put(
    "/followups/{external_id}",
    summary="Make or change a follow-up",
    openapi_extra=_WRITE,
    response_model=s.FollowupOut,
    responses={
        201: {"model": s.FollowupOut, "description": "Made"},
        **refusals((409, "`followup_settled`: whose work it was no longer changes")),
    },
)
def put_followup(caller: From, response: Response, external_id: str, body: s.FollowupIn) -> s.FollowupOut:
    """Calls, documents and minutes with this `followup_id` belong to it, whichever comes first.

    Calls without one are grouped by salesperson and opportunity (else customer) while they follow one another within
    the episode window; such a follow-up has an external_id beginning with `auto-`.
    """
    if not 0 < len(external_id.strip()) <= 200:
        raise Invalid("external_id", "1 to 200 characters", "应为 1 到 200 个字符")
    parties = manage_followups.FollowupParties(
        salesperson=Salesperson(**body.salesperson.model_dump()) if body.salesperson else None,
        customer=Customer(**body.customer.model_dump()) if body.customer else None,
        opportunity=Opportunity(**body.opportunity.model_dump()) if body.opportunity else None,
    )
    found, made = manage_followups.put_followup(caller.core, caller.principal, external_id, parties, body.started_at)
    response.status_code = 201 if made else 200
    return views.followup_out(caller, found)


@router.get("/followups", summary="List follow-ups", openapi_extra=_READ, response_model=s.FollowupPage)
def get_followups(
    caller: From,
    state: FollowupState | None = None,
    salesperson_id: Short = None,
    team: Short = None,
    customer_id: Short = None,
    opportunity_id: Short = None,
    counts: bool | None = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> s.FollowupPage:
    """Newest activity first; `from` and `to` are about the last activity, `counts` about the standing score."""
    zone = caller.core.system.tenant(caller.principal.tenant_id).timezone
    where = FollowupFilter(
        states=None if state is None else (state,),
        salesperson_id=salesperson_id,
        team=team,
        customer_id=customer_id,
        opportunity_id=opportunity_id,
        counts=counts,
        since=moment(since, "from", zone),
        until=moment(until, "to", zone),
    )
    page = read_followups.list_followups(caller.core, caller.principal, where, cursor=cursor, limit=limit)
    return s.FollowupPage(followups=[views.followup_out(caller, f) for f in page.items], cursor=page.cursor)


@router.get(
    "/followups/{external_id}",
    summary="One follow-up",
    openapi_extra=_READ,
    response_model=s.FollowupDetailsOut,
    responses=refusals(_NONE),
)
def get_followup(caller: From, external_id: str) -> s.FollowupDetailsOut:
    """With what belongs to it, and its appeals."""
    return views.details_out(caller, read_followups.read_followup(caller.core, caller.principal, external_id))


@router.post(
    "/followups/{external_id}/documents",
    status_code=201,
    summary="Tell of a document",
    openapi_extra=_WRITE,
    response_model=s.DocumentOut,
    responses={200: {"model": s.DocumentOut, "description": "Sent before"}},
)
def post_document(caller: From, response: Response, external_id: str, body: s.DocumentIn) -> s.DocumentOut:
    """Only name and SHA-256 come here. The same bytes again are kept and shown, and count once."""
    followup, item, made = manage_followups.add_document(
        caller.core,
        caller.principal,
        external_id,
        name=body.name,
        sha256=body.sha256,
        uploaded_at=body.uploaded_at,
    )
    response.status_code = 201 if made else 200
    return s.DocumentOut(
        followup=views.followup_out(caller, followup), document=views.item_out(caller, item), created=made
    )


@router.post(
    "/followups/{external_id}/minutes",
    status_code=202,
    summary="Send minutes",
    openapi_extra=_WRITE,
    response_model=CallAccepted,
    responses={
        200: {"model": CallAccepted, "description": "The same minutes were received before"},
        **refusals((409, "external_id is taken by something else")),
    },
)
def post_minutes(caller: From, response: Response, external_id: str, body: s.MinutesIn) -> CallAccepted:
    """Analysed like a text of source minutes. Only topics that the customer spoke of in a call count."""
    received = manage_followups.add_minutes(
        caller.core,
        caller.principal,
        external_id,
        turns_of(body.text),
        written_at=body.written_at,
        minutes_id=body.external_id,
    )
    answer = accepted(caller, received.call)
    response.status_code = 202 if received.created else 200
    response.headers["Location"] = answer.links.self
    return answer


@router.get(
    "/followups/{external_id}/score",
    summary="Score of a follow-up, with every reason",
    openapi_extra=_READ,
    response_model=s.FollowupScoreOut,
    responses=refusals(_NONE),
)
def get_followup_score(caller: From, external_id: str, raw: Raw = False) -> s.FollowupScoreOut:
    """Every component with its points, the amounts used, and the turns and seconds behind them; what was left out and
    why; duplicates; every version that took part. Rulings stand beside the machine score, never over it.
    """
    return views.score_out(
        caller, read_followups.read_followup_score(caller.core, caller.principal, external_id, raw=raw)
    )


@router.post(
    "/followups/{external_id}/appeals",
    status_code=201,
    summary="Appeal",
    openapi_extra=needs(Permission.FOLLOWUPS_APPEAL),
    response_model=s.AppealAnswer,
    responses=refusals(_NONE, _TOO_EARLY),
)
def post_appeal(caller: From, external_id: str, body: s.AppealIn) -> s.AppealAnswer:
    """By the salesperson, about own follow-ups, once settled."""
    followup, made = appeal_followup.appeal(caller.core, caller.principal, external_id, body.reason)
    return s.AppealAnswer(followup=views.followup_out(caller, followup), appeal=views.appeal_out(made))


@router.post(
    "/followups/{external_id}/appeals/{appeal_id}/decision",
    summary="Decide an appeal",
    openapi_extra=needs(Permission.FOLLOWUPS_DECIDE),
    response_model=s.AppealAnswer,
    responses=refusals(_NONE, (409, "`appeal_decided`: somebody was faster")),
)
def post_decision(caller: From, external_id: str, appeal_id: str, body: s.DecisionIn) -> s.AppealAnswer:
    """By a manager of the team: uphold the machine score, or change it with a reason. Final either way."""
    if (body.decision == "change") != (body.total is not None):
        raise Invalid("total", "belongs to the decision 'change'", "total 与 change 必须同时提供")
    followup, decided = appeal_followup.decide(
        caller.core, caller.principal, external_id, appeal_id, reason=body.reason, total=body.total
    )
    return s.AppealAnswer(followup=views.followup_out(caller, followup), appeal=views.appeal_out(decided))


@router.post(
    "/followups/{external_id}/override",
    summary="Override a score",
    openapi_extra=needs(Permission.FOLLOWUPS_DECIDE),
    response_model=s.FollowupOut,
    responses=refusals(_NONE, _TOO_EARLY),
)
def post_override(caller: From, external_id: str, body: s.OverrideIn) -> s.FollowupOut:
    """By a manager of the team, with a reason. The machine score stays as it was."""
    found = appeal_followup.override(caller.core, caller.principal, external_id, total=body.total, reason=body.reason)
    return views.followup_out(caller, found)


@router.get("/score/recompute", summary="Recompute scores", openapi_extra=_READ, response_model=s.RecomputeOut)
def get_recompute(caller: From, followup: Short = None) -> s.RecomputeOut:
    """From the frozen snapshots, with the rubric and code that made them; changes nothing."""
    found = rescore_followups.recompute_scores(caller.core, caller.principal, followup)
    different = [r for r in found if not r.equal]
    shown = found if followup is not None else different
    return s.RecomputeOut(
        checked=len(found), different=len(different), scores=[s.RecomputedOut(**asdict(r)) for r in shown]
    )


@router.post(
    "/score/rescore",
    summary="Score settled follow-ups anew",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=s.RescoreOut,
    responses=refusals((404, "No such follow-up")),
)
def post_rescore(caller: From, body: s.RescoreIn) -> s.RescoreOut:
    """With today's analyses and rubric: the one way in which a settled machine score moves. Audited, with a
    before/after list; without `apply` nothing is stored.
    """
    found = rescore_followups.rescore_followups(
        caller.core,
        caller.principal,
        reason=body.reason,
        followups=body.followups,
        since=body.since,
        until=body.until,
        with_late=body.with_late,
        apply=body.apply,
    )
    changed = [r for r in found if r.changed]
    return s.RescoreOut(
        applied=body.apply,
        followups=len(found),
        changed=len(changed),
        crossing=sum(r.crosses for r in changed),
        scores=[s.RescoredOut.model_validate(asdict(r) | {"crosses": r.crosses}) for r in changed],
    )


@router.get(
    "/performance",
    summary="What counts towards performance",
    openapi_extra=_READ,
    response_class=Response,
    responses={
        200: {
            "description": "In the asked format",
            "model": s.PerformanceOut,
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    },
)
def get_performance(
    caller: From,
    row: PerformanceRow = PerformanceRow.SALESPERSON,
    since: Since = None,
    until: Until = None,
    format: Literal["json", "csv"] = "json",
) -> Response:
    """Follow-ups by last activity: counted, excluded with reasons, pending (provisional or appealed)."""
    zone = caller.core.system.tenant(caller.principal.tenant_id).timezone
    rows = build_performance(caller.core, caller.principal, row, moment(since, "from", zone), moment(until, "to", zone))
    if format == "csv":
        headers = {"Content-Disposition": 'attachment; filename="performance.csv"'}
        return Response(performance_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)
    out = s.PerformanceOut(row=row.value, rows=[_row(caller, r) for r in rows])
    return JSONResponse(out.model_dump(mode="json"))


def _row(caller: Caller, row: Performance) -> s.PerformanceRowOut:
    def shown(found: tuple[Standing, ...]) -> list[s.StandingOut]:
        return [
            s.StandingOut.model_validate(asdict(f) | {"link": caller.link(views.path_of(f.followup_id))}) for f in found
        ]

    return s.PerformanceRowOut(
        key=row.key,
        label=row.label,
        counted=shown(row.counted),
        excluded=shown(row.excluded),
        pending=shown(row.pending),
    )
