"""What was found in one call: transcript, mentions, score. Masked unless `raw=true`, which needs its own permission."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from speechsvc.api import views
from speechsvc.api.queries import Lang
from speechsvc.api.responses import NO_CALL, NOT_READY, refusals
from speechsvc.api.route import From, api_router, needs
from speechsvc.api.schemas import CallMentions, ScoreOut, TranscriptOut
from speechsvc.domain.access import Permission
from speechsvc.reporting import transcripts
from speechsvc.services.read_calls import read_analysis, read_call, read_mentions, read_transcript

router = api_router("findings")

Raw = Annotated[
    bool,
    Query(description="unmasked; needs a key that was given raw:read, and leaves an audit entry"),
]
_FORMATS: dict[str, Any] = {
    "text/plain": {"schema": {"type": "string"}},
    "application/x-subrip": {"schema": {"type": "string"}},
    "text/vtt": {"schema": {"type": "string"}},
}


@router.get(
    "/calls/{call_id}/transcript",
    summary="Transcript",
    openapi_extra=needs(Permission.CALLS_READ),
    response_class=Response,
    responses={
        200: {"description": "In the asked format", "model": TranscriptOut, "content": _FORMATS},
        **refusals(NO_CALL, NOT_READY),
    },
)
def get_transcript(
    caller: From,
    call_id: str,
    format: Literal["json", "txt", "srt", "vtt"] = "json",
    raw: Raw = False,
    lang: Lang = None,
) -> Response:
    """Segments in order of start. Suspect segments (words the recogniser may have invented) carry their reasons.

    Personal data is masked with * and lengths stay, so that offsets of mentions are true for both forms.
    """
    transcript = read_transcript(caller.core, caller.principal, call_id, raw=raw)
    language = lang or caller.language
    if format == "json":
        return JSONResponse({"call_id": call_id, **transcripts.transcript_json(transcript)})
    if format == "txt":
        return PlainTextResponse(transcripts.transcript_txt(transcript, language))
    if format == "srt":
        return Response(
            transcripts.transcript_srt(transcript, language), media_type="application/x-subrip; charset=utf-8"
        )
    return Response(transcripts.transcript_vtt(transcript), media_type="text/vtt; charset=utf-8")


@router.get(
    "/calls/{call_id}/mentions",
    summary="Mentions of topics in one call",
    openapi_extra=needs(Permission.CALLS_READ),
    response_model=CallMentions,
    responses=refusals(NO_CALL, NOT_READY),
)
def get_mentions(caller: From, call_id: str, raw: Raw = False) -> CallMentions:
    """In order of turn: affirmed and negated, counting or not, each with the lexicon entry and the reason."""
    found = read_mentions(caller.core, caller.principal, call_id, raw=raw)
    return CallMentions(call_id=call_id, mentions=[views.mention_out(m) for m in found])


@router.get(
    "/calls/{call_id}/score",
    summary="Score of one call, with every reason",
    openapi_extra=needs(Permission.CALLS_READ),
    response_model=ScoreOut,
    responses=refusals(NO_CALL, NOT_READY),
)
def get_score(caller: From, call_id: str, raw: Raw = False) -> ScoreOut:
    """For coaching: only follow-ups count towards performance. `raw=true` adds the snapshot that recomputes it."""
    call, _ = read_call(caller.core, caller.principal, call_id)
    analysis = read_analysis(caller.core, caller.principal, call_id, raw=raw)
    return views.score_out(call, analysis, raw=raw)
