"""Jobs that go over many stored calls, step by step, and how each of them ends when it cannot go on."""

from __future__ import annotations

from collections.abc import Callable

from speechsvc.domain.job import Job, JobKind
from speechsvc.errors import SpeechsvcError
from speechsvc.services.core import Core
from speechsvc.services.index_calls import index_step
from speechsvc.services.preview_lexicon import fail_preview, preview_step
from speechsvc.services.retag_calls import fail_retag, retag_step
from speechsvc.services.touch_health import watch_leads

STEPS: dict[JobKind, Callable[[Core, Job], None]] = {
    JobKind.PREVIEW: preview_step,
    JobKind.RETAG: retag_step,
    JobKind.INDEX: index_step,
    JobKind.WATCH: watch_leads,
}


def give_up(core: Core, job: Job, error: SpeechsvcError) -> None:
    """Raises StaleLease."""
    if job.kind is JobKind.PREVIEW:
        return fail_preview(core, job, error.code)
    if job.kind is JobKind.RETAG:
        return fail_retag(core, job, error.code)
    with core.db.tenant(job.tenant_id) as uow:  # index and watch are made again when next asked for
        uow.jobs.bury(job, error_code=error.code, error=str(error))
        uow.commit()
    return None
