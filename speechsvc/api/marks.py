"""What people say about mentions: right, wrong, missed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fastapi import Response
from fastapi.responses import StreamingResponse

from speechsvc.api.queries import Cursor, Limit, Short
from speechsvc.api.responses import NO_CALL, refusals
from speechsvc.api.results import Raw
from speechsvc.api.route import From, api_router, needs
from speechsvc.api.workbench_schemas import CallMarks, MarkOut, MarkPage, MentionMarkIn, MissedMarkIn
from speechsvc.api.workbench_views import mark_out
from speechsvc.domain.access import Permission
from speechsvc.domain.mark import Verdict
from speechsvc.domain.mention import Polarity
from speechsvc.services.mark_mentions import (
    MissedMention,
    export_marks,
    list_marks,
    mark_mention,
    mark_missed,
    read_call_marks,
    remove_mark,
)

router = api_router("workbench")
_NO_MARK = (404, "No such mark")


@router.post(
    "/mentions/{mention_id}/marks",
    status_code=201,
    summary="Say that a mention is right or wrong",
    openapi_extra=needs(Permission.MARKS_WRITE),
    response_model=MarkOut,
    responses=refusals((404, "No such mention, or not one that this key may see")),
)
def post_mention_mark(caller: From, mention_id: str, body: MentionMarkIn) -> MarkOut:
    """It belongs to the call, turn and topic, and stays when the call is analysed again. A second one replaces it."""
    polarity = Polarity(body.polarity) if body.polarity else None
    shown = mark_mention(
        caller.core, caller.principal, mention_id, Verdict(body.verdict), polarity=polarity, note=body.note
    )
    return mark_out(shown)


@router.post(
    "/calls/{call_id}/marks",
    status_code=201,
    summary="Say that a mention was missed",
    openapi_extra=needs(Permission.MARKS_WRITE),
    response_model=MarkOut,
    responses=refusals(NO_CALL),
)
def post_call_mark(caller: From, call_id: str, body: MissedMarkIn) -> MarkOut:
    """The turn is spoken of this topic, and no entry found it."""
    missed = MissedMention(
        turn=body.turn,
        topic=body.topic,
        polarity=Polarity(body.polarity),
        start_char=body.start_char,
        end_char=body.end_char,
        evidence=body.evidence,
    )
    return mark_out(mark_missed(caller.core, caller.principal, call_id, missed, note=body.note))


@router.get(
    "/calls/{call_id}/marks",
    summary="Marks of one call",
    openapi_extra=needs(Permission.CALLS_READ),
    response_model=CallMarks,
    responses=refusals(NO_CALL),
)
def get_call_marks(caller: From, call_id: str) -> CallMarks:
    """In order of turn."""
    return CallMarks(
        call_id=call_id, marks=[mark_out(m) for m in read_call_marks(caller.core, caller.principal, call_id)]
    )


@router.get("/marks", summary="All marks", openapi_extra=needs(Permission.RULES_WRITE), response_model=MarkPage)
def get_marks(
    caller: From, topic: Short = None, verdict: Verdict | None = None, cursor: Cursor = None, limit: Limit = 50
) -> MarkPage:
    """Newest first."""
    page = list_marks(caller.core, caller.principal, topic=topic, verdict=verdict, cursor=cursor, limit=limit)
    return MarkPage(marks=[mark_out(m) for m in page.items], cursor=page.cursor)


@router.get(
    "/marks/export",
    summary="Marked calls as labelled calls",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_class=StreamingResponse,
    responses={200: {"description": "JSON lines", "content": {"application/x-ndjson": {}}}},
)
def get_marks_export(caller: From, raw: Raw = False) -> StreamingResponse:
    """One call a line, in the form that `lexicon evaluate` and training read; `judged` names the turns and topics that
    somebody looked at."""
    lines = export_marks(caller.core, caller.principal, raw=raw)
    return StreamingResponse(_json_lines(lines), media_type="application/x-ndjson")


@router.delete(
    "/marks/{mark_id}",
    status_code=204,
    summary="Take a mark back",
    openapi_extra=needs(Permission.MARKS_WRITE),
    responses=refusals(_NO_MARK),
)
def delete_mark(caller: From, mark_id: str) -> Response:
    """It leaves an audit entry."""
    remove_mark(caller.core, caller.principal, mark_id)
    return Response(status_code=204)


def _json_lines(lines: Iterator[dict[str, object]]) -> Iterator[str]:
    return (json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
