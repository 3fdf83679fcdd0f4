"""What a reader may see of a call: masked by default; raw needs its own permission and leaves an audit entry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.analysis import TurnEvidence
from speechsvc.domain.call import Call, Recording
from speechsvc.domain.media import sniff
from speechsvc.domain.transcript import Transcript
from speechsvc.errors import Forbidden, NotFound, SpeechsvcError
from speechsvc.ports import Analysis, CallFilter, Page, StoredMention, UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.expect_finish import with_expectation
from speechsvc.services.mask_words import mask_evidence, mask_mentions, mask_segments, mask_transcript


class NotReady(SpeechsvcError):
    """This call has no {what} yet: its status is {call_status}."""

    code, status = "not_ready", 409
    zh = "该通话还没有{what}，当前状态：{call_status}。"
    advice = "Ask again when the status is done, or wait for the call.analysed event."
    advice_zh = "请等状态变为 done 后再取，或等待 call.analysed 事件。"


def list_calls(
    core: Core, principal: Principal, where: CallFilter, *, cursor: str | None = None, limit: int = 50
) -> Page[Call]:
    """Calls within the principal's scope, newest first."""
    principal.require(Permission.CALLS_STATUS)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.calls.list(replace(where, scope=principal.scope()), cursor=cursor, limit=limit)


def read_call(core: Core, principal: Principal, call_id: str) -> tuple[Call, int | None]:
    """The call and, while it waits, how many jobs are before it; then `expected_at` is set where it can be told.

    Raises NotFound outside the scope.
    """
    principal.require(Permission.CALLS_STATUS)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        call = uow.calls.get(call_id, principal.scope())
        position = None if call.status.finished else uow.calls.queue_position(call_id)
    return with_expectation(core, call, position), position


def read_transcript(core: Core, principal: Principal, call_id: str, *, raw: bool = False) -> Transcript:
    """Raises NotReady while there is none, NotFound, Forbidden."""
    with _open(core, principal, call_id, "transcript", raw) as (uow, call):
        transcript = _transcript(uow, call)
    return transcript if raw else mask_transcript(transcript)


def read_mentions(core: Core, principal: Principal, call_id: str, *, raw: bool = False) -> tuple[StoredMention, ...]:
    """In order of turn. Raises NotReady, NotFound, Forbidden."""
    with _open(core, principal, call_id, "mentions", raw) as (uow, call):
        _analysis(uow, call)
        mentions = uow.analyses.mentions(call_id)
        return mentions if raw else mask_mentions(uow, mentions)


def read_analysis(core: Core, principal: Principal, call_id: str, *, raw: bool = False) -> Analysis:
    """Score with evidence, talk, contact, next step; quotes masked. Raises NotReady, NotFound, Forbidden."""
    with _open(core, principal, call_id, "score", raw) as (uow, call):
        analysis = _analysis(uow, call)
        if raw:
            return analysis
        return _mask_analysis(analysis, _transcript(uow, call))


@dataclass(frozen=True, kw_only=True, slots=True)
class Audio:
    """A stored sound file that this reader may hear."""

    blob: str  # key in the blob store
    sha256: str  # hexadecimal, of these bytes
    size: int  # bytes
    media_type: str


def read_recording(
    core: Core, principal: Principal, call_id: str, *, raw: bool = False, first_bytes: bool = True
) -> Audio:
    """The recording with spoken personal data silenced, or (raw) the original; every read is audited.

    `first_bytes` is false for a later range of the same playing, which is not a new read.
    Raises NotReady before the call is transcribed, NotFound, Forbidden (also for a call that could not be
    transcribed: only its original exists).
    """
    with _open(core, principal, call_id, "recording", raw, audit=first_bytes) as (_, call):
        if call.recording is None:
            raise NotFound(what="recording")
        if raw:
            return _audio(core, call.recording)
        if call.duration is None:  # nobody knows yet, or ever will, where personal data is spoken
            if call.status.finished:
                raise Forbidden(permission=Permission.RAW_READ.value)
            raise NotReady(what="recording", call_status=call.status.value)
        return _audio(core, call.playback or call.recording)


def _audio(core: Core, recording: Recording) -> Audio:
    head = b"".join(core.blobs.open(recording.blob, 0, 64))
    return Audio(
        blob=recording.blob,
        sha256=recording.sha256,
        size=recording.size,
        media_type=sniff(head) or "application/octet-stream",
    )


@contextmanager
def _open(
    core: Core, principal: Principal, call_id: str, what: str, raw: bool, *, audit: bool = False
) -> Iterator[tuple[UnitOfWork, Call]]:
    """The call within the reader's scope. Raw reads, and all reads of audio, leave an audit entry."""
    principal.require(Permission.RAW_READ if raw else Permission.CALLS_READ)
    principal.require(Permission.CALLS_READ)
    audit = audit or raw
    with core.db.tenant(principal.tenant_id, write=audit) as uow:
        call = uow.calls.get(call_id, principal.scope())
        yield uow, call
        if audit:
            action = f"{what}.read_raw" if raw else f"{what}.read"
            uow.audit.add(actor=principal.key_id, action=action, subject=call_id)
            uow.commit()


def _transcript(uow: UnitOfWork, call: Call) -> Transcript:
    transcript = uow.transcripts.get(call.id)
    if transcript is None:
        raise NotReady(what="transcript", call_status=call.status.value)
    return transcript


def _analysis(uow: UnitOfWork, call: Call) -> Analysis:
    analysis = uow.analyses.get(call.id)
    if analysis is None:
        raise NotReady(what="score", call_status=call.status.value)
    return analysis


def _mask_analysis(analysis: Analysis, transcript: Transcript) -> Analysis:
    masked = mask_segments(transcript.segments)

    def hide(evidence: tuple[TurnEvidence, ...]) -> tuple[TurnEvidence, ...]:
        return tuple(replace(e, text=_quote(e, transcript, masked)) for e in evidence)

    tagging = analysis.tagging
    tagging = replace(
        tagging,
        contact=replace(tagging.contact, evidence=hide(tagging.contact.evidence)),
        next_step=replace(tagging.next_step, evidence=hide(tagging.next_step.evidence)),
    )
    return replace(analysis, tagging=tagging, score=mask_evidence(analysis.score, transcript.segments, masked))


def _quote(evidence: TurnEvidence, transcript: Transcript, masked: tuple[str, ...]) -> str:
    return str(mask_evidence({"turn": evidence.turn, "text": evidence.text}, transcript.segments, masked)["text"])
