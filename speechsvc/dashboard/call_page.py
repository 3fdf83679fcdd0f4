"""One call: what was said, second by second, and the score with every reason."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from speechsvc.dashboard import talk_panel
from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.pages import Visitor
from speechsvc.dashboard.show import TOPIC_COLOURS, by_turn
from speechsvc.domain.access import Permission
from speechsvc.domain.call import Call
from speechsvc.domain.talk import TalkMetrics
from speechsvc.domain.transcript import Transcript
from speechsvc.errors import told_again
from speechsvc.ports import Analysis, StoredMention
from speechsvc.services.read_calls import NotReady, read_analysis, read_call, read_mentions, read_transcript


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/calls/{call_id}")
    def call(request: Request, call_id: str) -> Response:
        visitor = desk.visitor(request)
        found, position = read_call(desk.core, visitor.principal, call_id)
        return _page(desk, visitor, found, position, _findings(desk, visitor, call_id))


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """As far as the call has come; none where the visitor may not read."""

    transcript: Transcript | None = None
    analysis: Analysis | None = None
    mentions: tuple[StoredMention, ...] = ()


def _findings(desk: Desk, visitor: Visitor, call_id: str) -> Findings:
    if not visitor.principal.may(Permission.CALLS_READ):
        return Findings()
    try:
        transcript = read_transcript(desk.core, visitor.principal, call_id)
    except NotReady:
        return Findings()
    try:
        analysis = read_analysis(desk.core, visitor.principal, call_id)
        mentions = read_mentions(desk.core, visitor.principal, call_id)
    except NotReady:
        return Findings(transcript=transcript)
    return Findings(transcript=transcript, analysis=analysis, mentions=mentions)


def _page(desk: Desk, visitor: Visitor, call: Call, position: int | None, findings: Findings) -> Response:
    topics = desk.topics(visitor)
    said = by_turn(findings.mentions)
    counts: dict[str, int] = {}
    for stored in findings.mentions:
        if stored.mention.counts:
            counts[stored.mention.topic] = counts.get(stored.mention.topic, 0) + 1
    known = {**topics, **{m.mention.topic: m.mention.topic for m in findings.mentions if m.mention.topic not in topics}}
    return desk.page(
        visitor,
        "call.html",
        call=call,
        failure=told_again(call.error_code, call.error, visitor.language) if call.error_code else None,
        position=position,
        transcript=findings.transcript,
        analysis=findings.analysis,
        talk=_talk(findings.analysis.talk) if findings.analysis else [],
        lanes=talk_panel.lanes(findings.transcript) if findings.transcript else (),
        holds=talk_panel.holds(findings.analysis.talk) if findings.analysis else (),
        figures=talk_panel.rows(findings.analysis.talk) if findings.analysis else (),
        said=said,
        topics=known,
        colours={t: i % TOPIC_COLOURS for i, t in enumerate(known)},
        counts=counts,
        plays=call.recording is not None and findings.transcript is not None,
    )


def _talk(talk: TalkMetrics) -> list[tuple[str, float, float, float]]:
    """Parts of a bar: (who, seconds, x in per cent, width in per cent).

    Overlaps count for each speaker, so the parts are of their sum, not of the call's length.
    """
    parts = [("agent", talk.agent), ("customer", talk.customer), ("unknown", talk.unknown), ("silence", talk.silence)]
    whole = sum(s for _, s in parts) or 1.0
    shown, x = [], 0.0
    for who, seconds in parts:
        width = 100 * seconds / whole
        shown.append((who, seconds, round(x, 2), round(width, 2)))
        x += width
    return shown
