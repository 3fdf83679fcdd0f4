"""Leases the next due job of a queue, keeps the lease alive, runs the stage, and decides what an error means."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from speechsvc.domain.call import CallStatus
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.retry import SCHEDULE
from speechsvc.errors import NotFound, SpeechsvcError
from speechsvc.logging import get_logger
from speechsvc.ports import StaleLease
from speechsvc.services import over_calls
from speechsvc.services.analyse_call import analyse_call
from speechsvc.services.core import Core
from speechsvc.services.deliver_event import deliver_event, fail_delivery
from speechsvc.services.expect_finish import Expectation
from speechsvc.services.fail_call import fail_call
from speechsvc.services.settle_followup import fail_settling, settle_followup
from speechsvc.services.transcribe_call import transcribe_call

log = get_logger(__name__)

_RETRY_PAUSE_S = (5.0, 60.0, 600.0)
_OUTAGE_PAUSE_S = 30.0
_OUTAGE = (503, 507)  # the store, the database, the model or the disk fails, not the call


class WorkerLost(SpeechsvcError):
    """Processing was cut off {attempts} times without an error of its own."""

    code = "worker_lost"
    zh = "处理过程已中断 {attempts} 次，未留下错误信息。"
    advice = "The recording may need more memory or time than the worker has; check the worker's log and its limits."
    advice_zh = "该录音可能超出了工作进程的内存或时间限制；请查看工作进程日志。"


class StageFailed(SpeechsvcError):
    """An unexpected error stopped the processing: {kind}."""

    code, permanent = "stage_failed", False
    zh = "处理时发生意外错误：{kind}。"


def run_next(core: Core, queue: str) -> bool:
    """Runs at most one job of this queue; False when none was due. Never raises for what a job does."""
    job = _lease(core, queue)
    if job is None:
        return False
    bound = log.bind(job=job.id, kind=job.kind.value, subject=job.subject, attempt=job.attempt, tenant=job.tenant_id)
    bound.info("job_started")
    try:
        _run(core, job)
        bound.info("job_finished")
    except StaleLease:
        bound.warning("job_lost_lease")
    except Exception as error:
        bound.error("job_failed", error_code=getattr(error, "code", None), error_type=type(error).__name__)
        _settle_failure(core, job, error)
    except BaseException:  # the process was told to stop: hand the job back at once
        core.system.release(job)
        raise
    return True


def _lease(core: Core, queue: str) -> Job | None:
    """The oldest due job of the lowest rank: what nobody waits for gives way."""
    kinds = [kind for kind in JobKind if kind.queue == queue]
    for rank in sorted({kind.rank for kind in kinds}):
        job = core.system.lease([kind for kind in kinds if kind.rank == rank], core.limits.lease_s)
        if job is not None:
            return job
    return None


def _run(core: Core, job: Job) -> None:
    if job.kind is JobKind.DELIVER:
        if job.attempt > len(SCHEDULE) + 1:  # it took its worker down each time
            return fail_delivery(core, job, WorkerLost(attempts=job.attempt - 1))
        with _lease_kept(core, job):
            return deliver_event(core, job)
    if job.kind in over_calls.STEPS:
        if job.attempt > core.limits.max_attempts:
            return over_calls.give_up(core, job, WorkerLost(attempts=job.attempt - 1))
        with _lease_kept(core, job):
            return over_calls.STEPS[job.kind](core, job)
    if job.kind is JobKind.SETTLE:
        return settle_followup(core, job)
    if job.attempt > core.limits.max_attempts:
        return fail_call(core, job, WorkerLost(attempts=job.attempt - 1), dead=True)
    with _lease_kept(core, job) as pulse:
        if job.kind is JobKind.TRANSCRIBE:
            return transcribe_call(core, job, pulse.report, pulse.expectation.opened)
        return analyse_call(core, job)


def _settle_failure(core: Core, job: Job, error: Exception) -> None:
    """Retry what may pass, else make the failure the call's result. Where the database fails too, the lease runs out
    and the job starts again.
    """
    known = error if isinstance(error, SpeechsvcError) else StageFailed(kind=type(error).__name__)
    outage = not known.permanent and known.status in _OUTAGE
    try:
        if job.kind is JobKind.DELIVER:
            fail_delivery(core, job, known)
        elif job.kind is JobKind.SETTLE:
            fail_settling(core, job, known)
        elif outage or (not known.permanent and job.attempt < core.limits.max_attempts):
            _retry(core, job, known, outage)
        elif job.kind in over_calls.STEPS:
            over_calls.give_up(core, job, known)
        else:
            fail_call(core, job, known, dead=not known.permanent)
    except StaleLease:
        log.warning("job_lost_lease", job=job.id)
    except Exception as second:
        log.error("job_not_settled", job=job.id, error_type=type(second).__name__)


def _retry(core: Core, job: Job, error: SpeechsvcError, outage: bool) -> None:
    """The call waits again and says why. An outage uses up no tries: recordings outlast it, however long it is."""
    pause = _OUTAGE_PAUSE_S if outage else _RETRY_PAUSE_S[min(job.attempt, len(_RETRY_PAUSE_S)) - 1]
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.retry(job, delay_s=pause, error_code=error.code, error=str(error), counted=not outage)
        if job.kind in over_calls.STEPS:
            uow.commit()
            return
        status = CallStatus.QUEUED if job.kind is JobKind.TRANSCRIBE else CallStatus.ANALYSING
        with suppress(NotFound):  # erased meanwhile
            uow.calls.update(job.subject, status=status, error_code=error.code, error=error.message("en"))
        uow.commit()


@dataclass
class _Pulse:
    """Progress as the stage reports it, sent with the next heartbeat."""

    expectation: Expectation
    progress: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def report(self, value: float) -> None:
        self.progress = min(1.0, max(self.progress, value))


@contextmanager
def _lease_kept(core: Core, job: Job) -> Iterator[_Pulse]:
    """Renews the lease from a thread. A lost lease is not fatal here: the final write will be refused."""
    pulse = _Pulse(expectation=Expectation(core))
    beat = min(2.0, core.limits.lease_s / 3)
    thread = threading.Thread(target=_beat, args=(core, job, pulse, beat), name="lease", daemon=True)
    thread.start()
    try:
        yield pulse
    finally:
        pulse.stop.set()
        thread.join(timeout=beat + 5)


def _beat(core: Core, job: Job, pulse: _Pulse, every_s: float) -> None:
    while not pulse.stop.wait(every_s):
        try:
            expected = pulse.expectation.at(pulse.progress) if job.kind is JobKind.TRANSCRIBE else None
            if not core.system.renew(job, core.limits.lease_s, pulse.progress, expected):
                return
        except Exception as error:
            log.warning("lease_renewal_failed", job=job.id, error_type=type(error).__name__)
