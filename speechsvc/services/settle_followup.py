"""Settles a follow-up when its time has come: from then on only people change what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from speechsvc.domain.followup import FollowupState
from speechsvc.domain.job import Job
from speechsvc.errors import NotFound, SpeechsvcError
from speechsvc.services.core import Core
from speechsvc.services.publish_event import publish_event
from speechsvc.services.score_followup import assess, followup_facts, store_score

UNFINISHED_PAUSE_S = 300.0  # until the next look while a call is still being worked on


def settle_followup(core: Core, job: Job) -> None:
    """One job a follow-up, from its beginning to its settling; it waits as long as there is activity.

    Raises StaleLease.
    """
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.hold(job)
        try:
            followup = uow.followups.lock(job.subject)
        except NotFound:
            uow.jobs.finish(job)
            uow.commit()
            return
        wait_s = _wait_s(core, followup.settles_at)
        if followup.open and (wait_s > 0 or uow.followups.unfinished(followup.id)):
            uow.jobs.retry(
                job,
                delay_s=wait_s or UNFINISHED_PAUSE_S,
                error_code="followup_open",
                error="There is still activity.",
                counted=False,
            )
            uow.commit()
            return
        uow.jobs.finish(job)
        if followup.open:
            scored = store_score(uow, followup, assess(core, uow, followup))
            settled = replace(scored, state=FollowupState.SETTLED, settled_at=core.clock.now())
            uow.followups.update(followup.id, state=settled.state, settled_at=settled.settled_at)
            publish_event(uow, "followup.settled", followup.id, followup_facts(settled))
        uow.commit()
    core.wake()


def fail_settling(core: Core, job: Job, error: SpeechsvcError) -> None:
    """The follow-up stays open and is tried again: a score must not be lost to a fault of ours. Raises StaleLease."""
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.retry(job, delay_s=3600.0, error_code=error.code, error=str(error), counted=False)
        uow.commit()


def _wait_s(core: Core, settles_at: datetime | None) -> float:
    return 0.0 if settles_at is None else max(0.0, (settles_at - core.clock.now()).total_seconds())
