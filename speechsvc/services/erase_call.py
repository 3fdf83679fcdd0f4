"""Erases a call: audio, transcript, mentions, score, facts, event bodies. An audit entry remains."""

from __future__ import annotations

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.call import Recording
from speechsvc.errors import SpeechsvcError
from speechsvc.logging import get_logger
from speechsvc.services.core import Core
from speechsvc.services.publish_event import call_lane, publish_event
from speechsvc.services.score_followup import call_erased, publish

log = get_logger(__name__)


def erase_call(core: Core, principal: Principal, call_id: str) -> None:
    """Raises NotFound, Forbidden. A worker that still runs on it finds its job gone and stores nothing."""
    principal.require(Permission.CALLS_ERASE)
    with core.db.tenant(principal.tenant_id) as uow:
        call = uow.calls.erase(call_id)
        left = call_erased(core, uow, call_id)
        bodies = uow.events.erase_bodies(call_id)
        uow.audit.add(actor=principal.key_id, action="call.erased", subject=call_id, details={"event_bodies": bodies})
        gone = {"followup_erased": left.gone} if left.gone else {}
        publish_event(uow, "call.erased", call_id, {"call_id": call_id} | gone, lane=call_lane(call))
        publish(uow, left.told)
        uow.commit()
    for file in (call.recording, call.playback):
        if file is not None:
            _delete(core, file)  # after the commit: an orphan is swept, a lost recording is not
    core.wake()


def _delete(core: Core, file: Recording) -> None:
    """The call is erased already: a store that does not answer only makes the sweep finish the work."""
    try:
        core.blobs.delete(file.blob)
    except SpeechsvcError as error:
        log.warning("erased_file_left_to_sweep", error_code=error.code)
