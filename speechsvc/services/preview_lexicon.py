"""What a draft would change in stored calls: asked for, done in steps by a worker, read while it goes on.

A preview changes nothing. Newest calls come first, so that the first results are there at once; the state of the work
is in the database after each step, so that another process can go on with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.heatmap import RowKind
from speechsvc.domain.ids import new_id
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.preview import PreviewTally, moved_cells
from speechsvc.domain.ruleset import Content, RulesetKind
from speechsvc.domain.run import CallRange, Run, RunKind, RunState
from speechsvc.errors import NotFound
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.index_calls import index_soon
from speechsvc.services.preview_calls import PreviewCalls
from speechsvc.services.preview_estimate import estimate
from speechsvc.services.preview_followups import still_there
from speechsvc.services.shelf import Shelf

MONTH = timedelta(days=30)
LISTED = 500  # calls whose changes are shown one by one; all are counted
CELLS = 200  # cells shown
STEP_S = 8.0  # after which other jobs get their turn
_FIRST_S = 0.3  # of the first step
_GUESS_S, _FURTHER_S = 1.0, 2.5  # of the sample's first part, which people wait for; of a further one
_TELLING, _FEW = 1000, 3  # calls seen until when so few that had to be read say nothing of the others
_WORTH_S = 5.0  # what takes longer than that is estimated first
_KEPT = timedelta(days=1)
_FIRST_PAGE, _LARGEST_PAGE = 40, 16_000  # calls
_QUICK_S, _SLOW_S = 0.25, 0.9  # a page that takes less, or more, changes the size of the next
_OPEN = (RunState.RUNNING,)
_WORK: Shelf[tuple[str, str], PreviewCalls] = Shelf(4)  # what a preview compiled, for its next step


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """How far it is and what it found so far."""

    run: Run
    tally: PreviewTally
    cells: list[dict[str, Any]]  # those that move most
    cells_total: int
    calls: tuple[dict[str, Any], ...]  # newest first
    cursor: int | None  # position after which the next calls follow
    last: int  # position of the last of `calls`; where there is none, the one after which they were asked for


def start_preview(
    core: Core,
    principal: Principal,
    where: CallRange,
    *,
    content: Content | None = None,
    row: RowKind = RowKind.CUSTOMER,
    queue: bool = True,
) -> Run:
    """Of `content`, or of the tenant's draft; over the last 30 days unless `where` says otherwise.

    Raises Forbidden, NotFound where there is no draft, and what the rulebook raises for content it cannot use.
    """
    principal.require(Permission.RULES_WRITE)
    now = core.clock.now()
    published = core.analyser(principal.tenant_id).versions.lexicon
    content = _checked(core, principal, content)
    if where.since is None and where.until is None:
        where = CallRange(**{n: getattr(where, n) for n in CallRange.__slots__} | {"since": now - MONTH})
    with core.db.tenant(principal.tenant_id) as uow:
        uow.runs.forget(RunKind.PREVIEW, now - _KEPT)
        run = Run(
            id=new_id("prv"),
            kind=RunKind.PREVIEW,
            state=RunState.RUNNING,
            created_at=now,
            created_by=principal.key_id,
            where=where,
            request={"content": content, "row": row.value, "published": published},
            counts={"total": uow.call_index.count(where), "seen": 0},
        )
        uow.runs.add(run)
        if queue:
            uow.jobs.add(JobKind.PREVIEW, run.id)
        uow.commit()
    core.wake()
    return run


def _checked(core: Core, principal: Principal, content: Content | None) -> Content:
    if content is None:
        with core.db.tenant(principal.tenant_id, write=False) as uow:
            draft = uow.rulesets.draft(RulesetKind.LEXICON)
        if draft is None or draft.content is None:
            raise NotFound(what="draft")
        return draft.content  # was read when it was stored
    return core.rulebook().checked(RulesetKind.LEXICON, content)


def read_preview(
    core: Core, principal: Principal, preview_id: str, *, after: int = -1, limit: int = 50, wait_s: float = 0
) -> Preview:
    """Waits up to `wait_s` seconds for the first results. Raises NotFound, Forbidden."""
    principal.require(Permission.RULES_WRITE)
    deadline = time.monotonic() + wait_s
    while True:
        with core.db.tenant(principal.tenant_id, write=False) as uow:
            run = uow.runs.get(preview_id, RunKind.PREVIEW)
            if run.state.ended or run.counts.get("changed") or time.monotonic() >= deadline:
                found = _preview(run, uow.runs.calls(preview_id, after=after, limit=limit + 1), limit, after)
                found.tally.followups = still_there(uow, found.tally.followups)
                return found
        time.sleep(0.05)


def _preview(run: Run, rows: tuple[tuple[int, str, dict[str, Any]], ...], limit: int, after: int) -> Preview:
    tally = PreviewTally.from_dict(run.summary)
    cells, total = moved_cells(tally, CELLS)
    shown = rows[:limit]
    return Preview(
        run=run,
        tally=tally,
        cells=cells,
        cells_total=total,
        calls=tuple({"call_id": call_id, **body} for _, call_id, body in shown),
        cursor=shown[-1][0] if len(rows) > limit else None,
        last=shown[-1][0] if shown else after,
    )


def cancel_preview(core: Core, principal: Principal, preview_id: str) -> None:
    """No error if it has ended. Raises NotFound, Forbidden."""
    principal.require(Permission.RULES_WRITE)
    with core.db.tenant(principal.tenant_id) as uow:
        uow.runs.get(preview_id, RunKind.PREVIEW)
        uow.runs.change(preview_id, only=_OPEN, state=RunState.CANCELLED, finished_at=core.clock.now())
        uow.commit()


def preview_step(core: Core, job: Job) -> None:
    """A step by a worker; the job is queued again until the preview ends. Raises StaleLease."""

    def hold(uow: UnitOfWork) -> None:
        uow.jobs.hold(job)

    index_soon(core, job.tenant_id)
    ended = _go_on(core, job.tenant_id, job.subject, hold, STEP_S)
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.finish(job)
        if not ended:
            uow.jobs.add(JobKind.PREVIEW, job.subject)
        uow.commit()
    core.wake()


def preview_here(core: Core, principal: Principal, run: Run, progress: Callable[[Preview], None]) -> Preview:
    """Does the whole in this process; `progress` hears after each second or so."""
    principal.require(Permission.RULES_WRITE)
    while not _go_on(core, principal.tenant_id, run.id, lambda uow: None, 1.0):
        progress(read_preview(core, principal, run.id, limit=5))
    return read_preview(core, principal, run.id, limit=LISTED)


def _go_on(core: Core, tenant_id: str, run_id: str, hold: Callable[[UnitOfWork], None], seconds: float) -> bool:
    """Works for about so long. True when the preview has ended, in whatever way."""
    with core.db.tenant(tenant_id, write=False) as uow:
        try:
            run = uow.runs.get(run_id, RunKind.PREVIEW)
        except NotFound:
            return True
    if run.state.ended:
        return True
    work = _WORK.get((tenant_id, run_id), lambda: PreviewCalls(core, tenant_id, run))
    tally, position, page_size = PreviewTally.from_dict(run.summary), run.position, _FIRST_PAGE
    began = time.monotonic()
    if _takes_long(run):
        known = run.counts.get("estimate")
        guess = estimate(work, run.counts["total"], _FURTHER_S if known else _GUESS_S, run_id, known)
        return not _store(core, tenant_id, run_id, hold, {"counts": {**run.counts, "estimate": guess}}, [])
    if position is None:
        seconds = min(seconds, _FIRST_S)
    while True:
        page_began = time.monotonic()
        found, position = work.page(tally, position, page_size, LISTED)
        ended = position is None
        values: dict[str, Any] = {
            "position": position,
            "counts": _counts(run, tally, began),
            "summary": tally.to_dict(),
        }
        if ended:
            values |= {"state": RunState.FINISHED, "finished_at": core.clock.now()}
        if not _store(core, tenant_id, run_id, hold, values, found):
            return True
        if ended or time.monotonic() - began >= seconds:
            return ended
        page_size = _next_size(page_size, time.monotonic() - page_began)


def preview_work(core: Core, tenant_id: str, run_id: str) -> PreviewCalls:
    """For who helps with a preview. Raises NotFound where it is gone."""
    with core.db.tenant(tenant_id, write=False) as uow:
        run = uow.runs.get(run_id, RunKind.PREVIEW)
    return _WORK.get((tenant_id, run_id), lambda: PreviewCalls(core, tenant_id, run))


def _takes_long(run: Run) -> bool:
    """Whether the first calls say that the others take so long that people want to know more before; and more again
    where the sample was not looked at as a whole."""
    seen = run.counts["seen"]
    if run.counts.get("estimate", {"whole": False}).get("whole", True) or not seen:
        return False
    if seen < _TELLING and run.counts["looked_at"] < _FEW:  # reading few calls takes no time
        return False
    return bool((run.counts["total"] - seen) * run.counts["busy_s"] / seen > _WORTH_S)


def _counts(run: Run, tally: PreviewTally, began: float) -> dict[str, Any]:
    busy_s = round(run.counts.get("busy_s", 0.0) + time.monotonic() - began, 3)
    return {
        **run.counts, "seen": tally.seen, "looked_at": tally.looked_at, "changed": tally.changed, "busy_s": busy_s
    }  # fmt: skip


def _store(
    core: Core,
    tenant_id: str,
    run_id: str,
    hold: Callable[[UnitOfWork], None],
    values: dict[str, Any],
    found: list[tuple[int, str, dict[str, Any]]],
) -> bool:
    """False where the preview was cancelled meanwhile. An erased call's results are left out."""
    with core.db.tenant(tenant_id) as uow:
        hold(uow)
        if not uow.runs.change(run_id, only=_OPEN, **values):
            return False
        there = uow.call_index.still_there([call_id for _, call_id, _ in found])
        uow.runs.add_calls(run_id, [one for one in found if one[1] in there])
        uow.commit()
    return True


def _next_size(size: int, took_s: float) -> int:
    if took_s < _QUICK_S:
        return min(_LARGEST_PAGE, size * 2)
    return max(50, size // 2) if took_s > _SLOW_S else size


def fail_preview(core: Core, job: Job, code: str) -> None:
    """The preview ends without a full result. Raises StaleLease."""
    with core.db.tenant(job.tenant_id) as uow:
        uow.jobs.bury(job, error_code=code, error=code)
        uow.runs.change(job.subject, only=_OPEN, state=RunState.FAILED, error_code=code, finished_at=core.clock.now())
        uow.commit()
