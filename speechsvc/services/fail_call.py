"""A call that cannot be analysed is a result: `failed`, with the reason, told to the CRM once."""

from __future__ import annotations

from speechsvc.domain.call import CallStatus
from speechsvc.domain.job import Job
from speechsvc.errors import NotFound, SpeechsvcError
from speechsvc.services.core import Core
from speechsvc.services.publish_event import call_identity, publish_event


def fail_call(core: Core, job: Job, error: SpeechsvcError, *, dead: bool) -> None:
    """One commit: call failed, job finished (or dead), event published. Raises StaleLease."""
    with core.db.tenant(job.tenant_id) as uow:
        if dead:
            uow.jobs.bury(job, error_code=error.code, error=str(error))
        else:
            uow.jobs.finish(job)
        try:
            uow.calls.update(
                job.subject,
                status=CallStatus.FAILED,
                error_code=error.code,
                error=error.message("en"),
                finished_at=core.clock.now(),
            )
            call = uow.calls.get(job.subject)
        except NotFound:
            uow.commit()  # erased meanwhile: nothing to tell
            return
        data = {**call_identity(call), "error": {"code": error.code, "message": error.message("en")}}
        publish_event(uow, "call.failed", call.id, data)
        uow.commit()
    core.wake()
