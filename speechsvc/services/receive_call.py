"""A call system hands over a recording: store it once, queue it, answer at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.call import Call, CallMetadata, Recording
from speechsvc.domain.ids import new_id
from speechsvc.domain.job import JobKind
from speechsvc.domain.weeks import local_week
from speechsvc.errors import SpeechsvcError
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.directory import complete
from speechsvc.services.followup_items import attach_call


class RecordingEmpty(SpeechsvcError):
    """The recording has no bytes."""

    code, status = "recording_empty", 422
    zh = "录音文件是空的。"
    advice = "Check that the recorder has finished writing before it uploads."
    advice_zh = "请确认录音写完后再上传。"


class ExternalIdConflict(SpeechsvcError):
    """The external_id {external_id} is taken by a different recording."""

    code, status = "external_id_conflict", 409
    zh = "external_id {external_id} 已用于另一段不同的录音。"
    advice = "Use a new external_id, or erase the old call first."
    advice_zh = "请换一个 external_id，或先删除旧通话。"


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """`created` is false when the same recording had been received before."""

    call: Call
    created: bool


Also = Callable[[UnitOfWork, str], None]  # writes of the caller, with the call's id


def receive_call(
    core: Core, principal: Principal, metadata: CallMetadata, recording: Recording, also: Also | None = None
) -> Received:
    """Stores the call with its first job in one commit. The recording is already durable; it is removed if not needed.

    `also` writes in the same commit, for a new call and for one that had been received before.
    Raises RecordingEmpty, ExternalIdConflict, Forbidden, and what `also` raises: then nothing is stored.
    """
    try:
        received = _receive(core, principal, metadata, recording, also)
    except SpeechsvcError as error:
        # anything else, and a database that does not answer, may hide a commit that went through: the sweep decides
        if error.permanent:
            core.blobs.delete(recording.blob)
        raise
    if received.created:
        core.wake()
    else:
        core.blobs.delete(recording.blob)
    return received


def _receive(
    core: Core, principal: Principal, metadata: CallMetadata, recording: Recording, also: Also | None
) -> Received:
    principal.require(Permission.CALLS_WRITE)
    if recording.size == 0:
        raise RecordingEmpty
    call = Call(id=new_id("call"), metadata=metadata, recording=recording, received_at=core.clock.now())
    week = local_week(metadata.started_at, core.system.tenant(principal.tenant_id).timezone)
    with core.db.tenant(principal.tenant_id) as uow:
        call = replace(call, metadata=complete(uow, metadata))
        created = uow.calls.add(call, local_week=week)
        if created:
            uow.jobs.add(JobKind.TRANSCRIBE, call.id)
            attach_call(core, uow, call)
            uow.audit.add(actor=principal.key_id, action="call.received", subject=call.id)
        else:
            call = _same(uow, metadata.external_id, recording)
        if also is not None:
            also(uow, call.id)
        uow.commit()
    return Received(call=call, created=created)


def _same(uow: UnitOfWork, external_id: str, recording: Recording) -> Call:
    """The earlier call if it has the same bytes."""
    earlier = uow.calls.find(external_id)
    if earlier is None or earlier.recording is None or earlier.recording.sha256 != recording.sha256:
        raise ExternalIdConflict(external_id=external_id)
    return earlier
