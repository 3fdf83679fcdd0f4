"""Brings stored calls to the lexicon and rubric in force, in the background: page after page, each in one commit with
the place where the next begins, so that a killed worker costs a page and nothing is done twice.

Calls that the index rules out cost nothing, and only what changes gets a new revision and an event. What is settled
elsewhere keeps its own snapshot of the analysis it was settled with, and is not touched here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.heatmap import RowKind
from speechsvc.domain.ids import new_id
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.run import CallRange, Run, RunKind, RunState
from speechsvc.errors import NotFound, SpeechsvcError
from speechsvc.ports import UnitOfWork
from speechsvc.services.analyse_call import save_analysis
from speechsvc.services.core import Core
from speechsvc.services.index_calls import index_soon
from speechsvc.services.publish_event import publish_event
from speechsvc.services.retag_page import Changed, RetagPage, Work
from speechsvc.services.score_followup import Told, call_analysed

STEP_S = 2.0  # after which other jobs get their turn
_PAGE = 500  # calls that the index may rule out at once
_OPEN = (RunState.RUNNING,)


class CallChangedMeanwhile(SpeechsvcError):
    """A call was analysed again while it was re-tagged; this page is done once more."""

    code, permanent = "call_changed_meanwhile", False
    zh = "重新标注期间有通话被再次分析，本页将重做。"


class RunNotOpen(SpeechsvcError):
    """This run is {state}: it cannot be {wanted}."""

    code, status = "run_not_open", 409
    zh = "该任务当前状态为 {state}，无法执行此操作。"
    advice, advice_zh = "Start a new one.", "请重新发起。"


def start_retag(core: Core, principal: Principal, where: CallRange) -> Run:
    """All analysed calls in the range. Raises Forbidden."""
    principal.require(Permission.RULES_WRITE)
    versions = core.analyser(principal.tenant_id).versions
    with core.db.tenant(principal.tenant_id) as uow:
        run = Run(
            id=new_id("rtg"),
            kind=RunKind.RETAG,
            state=RunState.RUNNING,
            created_at=core.clock.now(),
            created_by=principal.key_id,
            where=where,
            request={"lexicon": versions.lexicon, "rubric": versions.rubric},
            counts={"total": uow.call_index.count(where), **dict.fromkeys(("seen", "read", "changed", "skipped"), 0)},
        )
        uow.runs.add(run)
        uow.jobs.add(JobKind.RETAG, run.id)
        uow.audit.add(actor=principal.key_id, action="retag.started", subject=run.id)
        uow.commit()
    core.wake()
    return run


def read_retag(core: Core, principal: Principal, run_id: str) -> Run:
    """Raises NotFound, Forbidden."""
    principal.require(Permission.RULES_WRITE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.runs.get(run_id, RunKind.RETAG)


def list_retags(core: Core, principal: Principal) -> tuple[Run, ...]:
    """The latest, newest first. Raises Forbidden."""
    principal.require(Permission.RULES_WRITE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.runs.list(RunKind.RETAG)


def pause_retag(core: Core, principal: Principal, run_id: str) -> Run:
    """The page at work is finished. Raises NotFound, RunNotOpen, Forbidden."""
    return _move(core, principal, run_id, (RunState.RUNNING, RunState.PAUSED), RunState.PAUSED, "paused")


def cancel_retag(core: Core, principal: Principal, run_id: str) -> Run:
    """What was re-tagged stays. Raises NotFound, RunNotOpen, Forbidden."""
    return _move(core, principal, run_id, (RunState.RUNNING, RunState.PAUSED), RunState.CANCELLED, "cancelled")


def resume_retag(core: Core, principal: Principal, run_id: str) -> Run:
    """Goes on where it stopped. Raises NotFound, RunNotOpen, Forbidden."""
    return _move(core, principal, run_id, (RunState.RUNNING, RunState.PAUSED), RunState.RUNNING, "resumed")


def _move(core: Core, principal: Principal, run_id: str, only: Sequence[RunState], to: RunState, wanted: str) -> Run:
    principal.require(Permission.RULES_WRITE)
    with core.db.tenant(principal.tenant_id) as uow:
        run = uow.runs.get(run_id, RunKind.RETAG)
        ended = {"finished_at": core.clock.now()} if to.ended else {}
        if not uow.runs.change(run_id, only=only, state=to, **ended):
            raise RunNotOpen(state=run.state.value, wanted=wanted)
        if to is RunState.RUNNING and not uow.jobs.waits(JobKind.RETAG, run_id):
            uow.jobs.add(JobKind.RETAG, run_id)
        uow.audit.add(actor=principal.key_id, action=f"retag.{wanted}", subject=run_id)
        uow.commit()
        run = uow.runs.get(run_id, RunKind.RETAG)
    core.wake()
    return run


def retag_step(core: Core, job: Job) -> None:
    """Pages for about STEP_S seconds, then the job is queued again. Raises StaleLease, CallChangedMeanwhile."""
    index_soon(core, job.tenant_id)
    began = time.monotonic()
    page = RetagPage(core, job.tenant_id)
    while True:
        with core.db.tenant(job.tenant_id, write=False) as uow:
            try:
                run = uow.runs.get(job.subject, RunKind.RETAG)
            except NotFound:
                run = None
        if run is None or run.state is not RunState.RUNNING:
            return _finish(core, job)
        last = time.monotonic() - began >= STEP_S
        if _one_page(core, job, run, page, last=last) or last:
            return core.wake()


def _finish(core: Core, job: Job) -> None:
    """The run is not to go on. Resuming waits for this commit, or this sees that it was resumed."""
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.finish(job)
        if not uow.runs.change(job.subject, only=(RunState.PAUSED,), error_code=None):
            with suppress(NotFound):
                if uow.runs.get(job.subject, RunKind.RETAG).state is RunState.RUNNING:
                    uow.jobs.add(JobKind.RETAG, job.subject)
        uow.commit()


def _one_page(core: Core, job: Job, run: Run, page: RetagPage, *, last: bool) -> bool:
    """True when it was the run's last page."""
    with core.db.tenant(job.tenant_id, write=False) as uow:
        found = uow.call_index.calls(run.where, RowKind.WEEK, cursor=run.position, limit=_PAGE)
        work = page.look(uow, found.items)
        position = found.cursor if work.stopped_at is None else uow.call_index.position(work.stopped_at)
    ended = position is None
    with core.db.tenant(job.tenant_id) as uow:
        if ended or last:
            uow.jobs.finish(job)
        else:
            uow.jobs.hold(job)
        events = {one.call.id: data for one in work.changed if (data := _save(core, uow, one)) is not None}
        rescored = _rescore(core, uow, [one for one in work.changed if one.call.id in events])
        counts = _add(run.counts, work, len(events))
        values: dict[str, Any] = {"position": position, "counts": counts}
        if ended:
            values |= {"state": RunState.FINISHED, "finished_at": core.clock.now()}
        going_on = uow.runs.change(run.id, only=(RunState.RUNNING, RunState.PAUSED), **values)
        if last and not ended and going_on:
            uow.jobs.add(JobKind.RETAG, run.id)
        for call_id, data in events.items():
            publish_event(uow, "call.analysed", call_id, data)
        for told in rescored:
            publish_event(uow, *told)
        if ended and going_on:
            publish_event(uow, "retag.finished", run.id, _summary(run, counts))
        uow.commit()
    return ended


def _add(counts: dict[str, Any], work: Work, changed: int) -> dict[str, Any]:
    more = {"seen": work.seen, "read": work.read, "changed": changed, "skipped": len(work.changed) - changed}
    return {name: value + more.get(name, 0) for name, value in counts.items()}


def _save(core: Core, uow: UnitOfWork, one: Changed) -> dict[str, Any] | None:
    """The event's data; none where the call was erased, or is being analysed again on its own."""
    try:
        now = uow.calls.get(one.call.id)
    except NotFound:
        return None
    if now.status is not one.call.status or now.analysis_revision != one.call.analysis_revision:
        return None
    data = save_analysis(core, uow, now, now.status, one.analysis)
    if data["revision"] != now.analysis_revision + 1:
        raise CallChangedMeanwhile
    return data


def _rescore(core: Core, uow: UnitOfWork, changed: Sequence[Changed]) -> list[Told]:
    """Open follow-ups of these calls; what is settled stays as it is. The last event of each follow-up is told."""
    told: dict[str, Told] = {}
    for one in changed:
        event = call_analysed(core, uow, one.call.id, one.analysis)
        if event is not None:
            told[event[1]] = event
    return list(told.values())


def _summary(run: Run, counts: dict[str, Any]) -> dict[str, Any]:
    return {"retag_id": run.id, "versions": dict(run.request), **counts}


def fail_retag(core: Core, job: Job, code: str) -> None:
    """What was re-tagged stays; the run may be started again. Raises StaleLease."""
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.bury(job, error_code=code, error=code)
        uow.runs.change(job.subject, only=_OPEN, state=RunState.FAILED, error_code=code, finished_at=core.clock.now())
        uow.commit()
