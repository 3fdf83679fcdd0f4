"""Uploading calls, finding them, erasing them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from speechsvc.api import views
from speechsvc.api.queries import Cursor, Limit, Short, Since, Until, moment
from speechsvc.api.responses import NO_CALL, refusals
from speechsvc.api.route import From, api_router, caller_of, needs
from speechsvc.api.schemas import CallAccepted, CallOut, CallPage
from speechsvc.api.upload import receive_upload
from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.analysis import Contact
from speechsvc.domain.call import CallStatus, Source
from speechsvc.ports import CallFilter
from speechsvc.services.erase_call import erase_call
from speechsvc.services.read_calls import NotReady, list_calls, read_analysis, read_call
from speechsvc.services.receive_call import receive_call

router = api_router("calls")

_UPLOAD: dict[str, Any] = {
    "x-streamed": True,
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["metadata", "recording"],
                    "properties": {
                        "metadata": {"$ref": "#/components/schemas/CallMetadataIn"},
                        "recording": {"type": "string", "format": "binary", "description": "the audio file"},
                    },
                },
                "encoding": {"metadata": {"contentType": "application/json"}},
            }
        },
    },
}


@router.post(
    "/calls",
    status_code=202,
    summary="Upload a recording",
    openapi_extra=needs(Permission.CALLS_WRITE) | _UPLOAD,
    response_model=CallAccepted,
    responses={
        200: {"model": CallAccepted, "description": "The same recording was received before; nothing new was stored"},
        202: {"description": "Stored durably and queued"},
        **refusals(
            (400, "The body is cut off or not multipart"),
            (408, "No bytes for 30 seconds"),
            (409, "external_id is taken by a different recording"),
            (413, "The recording is too large"),
            (415, "Not multipart/form-data"),
            (507, "The disk is full"),
        ),
    },
)
async def upload_call(request: Request, response: Response) -> CallAccepted:
    """`metadata` (JSON, at most 64 kB) and `recording` (the file), in any order.

    Retry with the same `external_id` and the same bytes as often as you like: one call is made, later answers are
    200 with the same id. 202 means that the recording is on disk and the job is queued, not that it can be decoded:
    a broken recording becomes a call with status `failed` and a reason. Unknown metadata fields are refused.
    """
    caller = caller_of(request)
    metadata, recording = await receive_upload(
        request, caller.core.blobs, caller.principal.tenant_id, request.app.state.upload_rules
    )
    received = await run_in_threadpool(receive_call, caller.core, caller.principal, metadata, recording)
    answer = views.accepted(caller, received.call)
    response.status_code = 202 if received.created else 200
    response.headers["Location"] = answer.links.self
    return answer


@router.get("/calls", summary="List calls", openapi_extra=needs(Permission.CALLS_STATUS), response_model=CallPage)
def get_calls(
    caller: From,
    status: CallStatus | None = None,
    source: Source | None = None,
    external_id: Short = None,
    salesperson_id: Short = None,
    team: Short = None,
    customer_id: Short = None,
    topic: Short = None,
    contact: Contact | None = None,
    since: Since = None,
    until: Until = None,
    score_below: Annotated[int | None, Query(ge=0, le=101)] = None,
    score_from: Annotated[int | None, Query(ge=0, le=100)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CallPage:
    """Newest first by time of receipt. Managers see their teams, salespeople their own calls.

    `topic`: calls with a counting mention of it. Filters on findings need the permission calls:read.
    """
    zone = caller.core.system.tenant(caller.principal.tenant_id).timezone
    where = CallFilter(
        status=status,
        source=source,
        external_id=external_id,
        salesperson_id=salesperson_id,
        team=team,
        customer_id=customer_id,
        topic=topic,
        contact=contact.value if contact else None,
        since=moment(since, "from", zone),
        until=moment(until, "to", zone),
        score_below=score_below,
        score_from=score_from,
    )
    _no_findings_by_filter(caller.principal, where)
    page = list_calls(caller.core, caller.principal, where, cursor=cursor, limit=limit)
    return CallPage(calls=[views.call_out(caller, c) for c in page.items], cursor=page.cursor)


@router.get(
    "/calls/{call_id}",
    summary="Status and findings of one call",
    openapi_extra=needs(Permission.CALLS_STATUS),
    response_model=CallOut,
    responses=refusals(NO_CALL),
)
def get_call(caller: From, call_id: str) -> CallOut:
    """Poll this, or subscribe to `call.analysed` and `call.failed`."""
    call, position = read_call(caller.core, caller.principal, call_id)
    shown = views.call_out(caller, call, position)
    if call.analysis_revision and caller.principal.may(Permission.CALLS_READ):
        with suppress(NotReady):
            views.add_findings(shown, read_analysis(caller.core, caller.principal, call_id))
    return shown


@router.delete(
    "/calls/{call_id}",
    status_code=204,
    summary="Erase a call",
    openapi_extra=needs(Permission.CALLS_ERASE),
    responses=refusals((404, "No such call")),
)
def delete_call(caller: From, call_id: str) -> Response:
    """Audio, transcript, mentions, score and event bodies are gone for good; an audit entry stays."""
    erase_call(caller.core, caller.principal, call_id)
    return Response(status_code=204)


def _no_findings_by_filter(principal: Principal, where: CallFilter) -> None:
    """Who may not read findings may not ask for them call by call either."""
    plain = replace(where, topic=None, contact=None, score_below=None, score_from=None)
    if plain != where:
        principal.require(Permission.CALLS_READ)
