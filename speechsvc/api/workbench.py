"""The evidence for tuning a lexicon: previews, re-tagging, statistics of entries, suggestions."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query, Response
from fastapi.responses import StreamingResponse

from speechsvc.api.preview_stream import NDJSON, preview_lines
from speechsvc.api.queries import Short, Since, Until, moment
from speechsvc.api.responses import refusals
from speechsvc.api.route import Caller, From, api_router, needs
from speechsvc.api.workbench_schemas import (
    PreviewIn,
    PreviewOut,
    RangeIn,
    RetagList,
    RetagOut,
    StatisticsOut,
    SuggestionsOut,
)
from speechsvc.api.workbench_views import preview_out, retag_out, statistics_out, suggestions_out
from speechsvc.domain.access import Permission
from speechsvc.domain.run import CallRange
from speechsvc.services.lexicon_statistics import lexicon_statistics
from speechsvc.services.preview_lexicon import cancel_preview, read_preview, start_preview
from speechsvc.services.retag_calls import (
    cancel_retag,
    list_retags,
    pause_retag,
    read_retag,
    resume_retag,
    start_retag,
)
from speechsvc.services.suggest_entries import suggest_entries

router = api_router("workbench")

_NO_PREVIEW = (404, "No such preview")
_NO_RETAG = (404, "No such run")
_NOT_OPEN = (409, "It has ended")


@router.post(
    "/lexicon/draft/preview",
    status_code=202,
    summary="What the draft would change in stored calls",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=PreviewOut,
    responses=refusals((404, "There is no draft")),
)
def post_preview(caller: From, response: Response, body: PreviewIn) -> PreviewOut:
    """Compares the draft (or the posted lexicon) with the published one: mentions gained and lost with their
    sentences, cells of the heatmap that move, scores that change. Nothing is stored but the preview itself.

    The newest calls come first. The answer holds what `wait_s` seconds brought; ask again under `Location`.
    """
    run = start_preview(caller.core, caller.principal, _range(caller, body), content=body.lexicon, row=body.row)
    response.headers["Location"] = caller.link(f"/v1/lexicon/preview/{run.id}")
    return preview_out(read_preview(caller.core, caller.principal, run.id, wait_s=body.wait_s))


@router.get(
    "/lexicon/preview/{preview_id}",
    summary="Progress and results of a preview",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=PreviewOut,
    responses={200: {"content": {NDJSON: {}}}, **refusals(_NO_PREVIEW)},
)
def get_preview(
    caller: From,
    preview_id: str,
    after: Annotated[int, Query(ge=-1, le=1_000_000, description="`cursor` of the answer before")] = -1,
    limit: Annotated[int, Query(ge=1, le=200, description="calls shown")] = 50,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> PreviewOut | StreamingResponse:
    """Kept for a day. With `Accept: application/x-ndjson` a stream while it is made: a line for each changed call
    (`"type": "call"`), for progress, and last for the result."""
    preview = read_preview(caller.core, caller.principal, preview_id, after=after, limit=limit)
    if NDJSON in accept:
        return StreamingResponse(preview_lines(caller, preview_id), media_type=NDJSON)
    return preview_out(preview)


@router.post(
    "/lexicon/preview/{preview_id}/cancel",
    status_code=204,
    summary="Stop a preview",
    openapi_extra=needs(Permission.RULES_WRITE),
    responses=refusals(_NO_PREVIEW),
)
def post_preview_cancel(caller: From, preview_id: str) -> Response:
    """What it found so far stays readable."""
    cancel_preview(caller.core, caller.principal, preview_id)
    return Response(status_code=204)


@router.post(
    "/lexicon/retag",
    status_code=202,
    summary="Analyse stored calls again with what is published",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=RetagOut,
)
def post_retag(caller: From, response: Response, body: RangeIn) -> RetagOut:
    """In the background, behind fresh calls. Only calls in which something changes get a new revision and a
    `call.analysed` event; `retag.finished` sums up. Without `from` and `to`: all calls."""
    run = start_retag(caller.core, caller.principal, _range(caller, body))
    response.headers["Location"] = caller.link(f"/v1/lexicon/retag/{run.id}")
    return retag_out(run)


@router.get(
    "/lexicon/retag",
    summary="The latest re-tagging runs",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=RetagList,
)
def get_retags(caller: From) -> RetagList:
    """Newest first."""
    return RetagList(runs=[retag_out(run) for run in list_retags(caller.core, caller.principal)])


@router.get(
    "/lexicon/retag/{run_id}",
    summary="Progress of a re-tagging run",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=RetagOut,
    responses=refusals(_NO_RETAG),
)
def get_retag(caller: From, run_id: str) -> RetagOut:
    """Poll it, or wait for `retag.finished`."""
    return retag_out(read_retag(caller.core, caller.principal, run_id))


@router.post(
    "/lexicon/retag/{run_id}/pause",
    summary="Pause re-tagging",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=RetagOut,
    responses=refusals(_NO_RETAG, _NOT_OPEN),
)
def post_retag_pause(caller: From, run_id: str) -> RetagOut:
    """The calls at work are finished first."""
    return retag_out(pause_retag(caller.core, caller.principal, run_id))


@router.post(
    "/lexicon/retag/{run_id}/resume",
    summary="Go on with re-tagging",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=RetagOut,
    responses=refusals(_NO_RETAG, _NOT_OPEN),
)
def post_retag_resume(caller: From, run_id: str) -> RetagOut:
    """Where it stopped."""
    return retag_out(resume_retag(caller.core, caller.principal, run_id))


@router.post(
    "/lexicon/retag/{run_id}/cancel",
    summary="End re-tagging",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=RetagOut,
    responses=refusals(_NO_RETAG, _NOT_OPEN),
)
def post_retag_cancel(caller: From, run_id: str) -> RetagOut:
    """What was analysed again stays so."""
    return retag_out(cancel_retag(caller.core, caller.principal, run_id))


@router.get(
    "/lexicon/statistics",
    summary="How each entry works",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=StatisticsOut,
)
def get_statistics(
    caller: From,
    since: Since = None,
    until: Until = None,
    team: Short = None,
    sample: Annotated[int, Query(ge=0, le=2000, description="newest calls read to find overlaps")] = 300,
) -> StatisticsOut:
    """Hits, precision by marks, entries that never hit, entries that always match together with another."""
    where = RangeIn.model_validate({"from": since, "to": until, "team": team})
    return statistics_out(lexicon_statistics(caller.core, caller.principal, _range(caller, where), sample=sample))


@router.get(
    "/lexicon/suggestions",
    summary="What the lexicon lacks",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=SuggestionsOut,
)
def get_suggestions(
    caller: From,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, Query(ge=1, le=200, description="suggestions of each kind")] = 30,
    read: Annotated[int, Query(ge=1, le=10_000, description="newest calls whose words are read")] = 2000,
) -> SuggestionsOut:
    """Salient phrases of customers that no entry covers, with masked sentences, the topic that they resemble and the
    nearest known term; and words that were taken for an entry by their sound, by frequency."""
    where = _range(caller, RangeIn.model_validate({"from": since, "to": until}))
    return suggestions_out(suggest_entries(caller.core, caller.principal, where, limit=limit, read=read))


def _range(caller: Caller, body: RangeIn) -> CallRange:
    zone = caller.core.system.tenant(caller.principal.tenant_id).timezone
    return CallRange(
        since=moment(body.since, "from", zone),
        until=moment(body.until, "to", zone),
        source=body.source,
        team=body.team,
        salesperson_id=body.salesperson_id,
        customer_id=body.customer_id,
    )
