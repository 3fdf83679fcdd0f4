"""Minutes, chat, e-mail, or a transcript made elsewhere: analysed like a call, without audio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.call import Call, CallMetadata, CallStatus, Source
from speechsvc.domain.conversation import Turn
from speechsvc.domain.ids import new_id
from speechsvc.domain.job import JobKind
from speechsvc.domain.transcript import Segment, SpeechInterval, Transcript
from speechsvc.domain.weeks import local_week
from speechsvc.errors import InvalidInput
from speechsvc.services.core import Core
from speechsvc.services.directory import complete
from speechsvc.services.followup_items import attach_call
from speechsvc.services.receive_call import ExternalIdConflict, Received


def receive_text(
    core: Core, principal: Principal, metadata: CallMetadata, source: Source, turns: Sequence[Turn]
) -> Received:
    """Stores the text and queues its analysis in one commit; the same text again gives the same call.

    Raises InvalidInput, ExternalIdConflict, Forbidden.
    """
    principal.require(Permission.CALLS_WRITE)
    _check(turns, core.limits.text_chars)
    transcript = _transcript(source, turns, core.language)
    call = Call(
        id=new_id("text"),
        metadata=metadata,
        source=source,
        status=CallStatus.ANALYSING,
        received_at=core.clock.now(),
        duration=transcript.duration,
    )
    week = local_week(metadata.started_at, core.system.tenant(principal.tenant_id).timezone)
    with core.db.tenant(principal.tenant_id) as uow:
        call = replace(call, metadata=complete(uow, metadata))
        if not uow.calls.add(call, local_week=week):
            earlier = uow.calls.find(metadata.external_id)
            if earlier is None or uow.transcripts.get(earlier.id) != transcript:
                raise ExternalIdConflict(external_id=metadata.external_id)
            return Received(call=earlier, created=False)
        uow.transcripts.save(call.id, transcript)
        uow.jobs.add(JobKind.ANALYSE, call.id)
        attach_call(core, uow, call)
        uow.audit.add(actor=principal.key_id, action="text.received", subject=call.id)
        uow.commit()
    core.wake()
    return Received(call=call, created=True)


def _check(turns: Sequence[Turn], most: int) -> None:
    if not any(t.text.strip() for t in turns):
        raise InvalidInput(field="turns", problem="there is no text", problem_zh="没有文本内容")
    characters = sum(len(t.text) for t in turns)
    if characters > most:
        raise InvalidInput(
            field="turns",
            problem=f"{characters} characters, at most {most} are accepted",
            problem_zh=f"共 {characters} 个字符，最多接受 {most} 个",
        )
    for i, turn in enumerate(turns):
        if turn.end < turn.start or turn.start < 0:
            raise InvalidInput(
                field=f"turns[{i}]",
                problem="start and end must be seconds with 0 <= start <= end",
                problem_zh="start 与 end 应为秒数，且 0 <= start <= end",
            )


def _transcript(source: Source, turns: Sequence[Turn], language: str) -> Transcript:
    ordered = sorted(turns, key=lambda t: t.start)
    segments = tuple(
        Segment(speaker=t.speaker, channel=0, start=t.start, end=t.end, text=t.text, suspect=t.suspect) for t in ordered
    )
    speech = tuple(
        SpeechInterval(channel=0, speaker=t.speaker, start=t.start, end=t.end) for t in ordered if t.end > t.start
    )
    end = max((t.end for t in ordered), default=0.0)
    return Transcript(
        segments=segments,
        speech=speech,
        duration=end,
        language=language,
        model={"name": "none", "source": source.value},
    )
