"""Preview and re-tagging over stored calls of 2,000 characters, with the index of candidate calls and without.

The peer of the first case is the same preview with every call looked at: what the index saves. `python -m
tests.bench.workbench 100000` fills a database of that size once and times a preview of each kind of change.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from speechsvc import logging
from speechsvc.bootstrap import Application
from speechsvc.config import Settings
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.ruleset import Content, RulesetKind, RulesetVersion
from speechsvc.domain.run import CallRange, RunState
from speechsvc.services.index_calls import rebuild_index
from speechsvc.services.preview_lexicon import Preview, cancel_preview, preview_here, start_preview
from speechsvc.services.retag_calls import read_retag, start_retag
from speechsvc.services.run_next import run_next
from tests.bench.corpus import CHARACTERS, NEWEST, fill
from tests.bench.databases import folder
from tests.bench.drafts import KINDS, everywhere, twenty_changes
from tests.bench.result import Result, in_turns, versus

ME = Principal(tenant_id="default", key_id="bench", role=Role.ADMIN)
ALL = CallRange(until=NEWEST.replace(year=2030))
Change = Callable[[Content], Content]
LONGEST_S = 30.0  # of one preview; the others' rates are told by what they did until then


def run(quick: bool) -> list[Result]:
    """Calls a second."""
    calls, repetitions = (80, 2) if quick else (500, 3)
    with folder() as where:
        application = opened(where)
        try:
            fill(application.core, application.database.engine, "default", calls)
            return [*_previews(application, calls, repetitions), *_retag(application, calls)]
        finally:
            application.close()


def opened(where: Path) -> Application:
    application = Application(Settings(_env_file=None, data_dir=where, tenant="default"))
    application.prepare()
    return application


def _previews(application: Application, calls: int, repetitions: int) -> list[Result]:
    found: dict[str, Any] = {}

    def work(name: str, change: Change) -> Callable[[], float]:
        def preview() -> float:
            tally = one_preview(application, change).tally
            found[name] = {"read": tally.looked_at, "changed": tally.changed}
            return calls

        return preview

    without = in_turns(repetitions, {"whole": work("without index", twenty_changes)}, warm_up=False)["whole"]
    rebuild_index(application.core, ME)
    cases = {"twenty": work("twenty", twenty_changes), "everywhere": work("everywhere", everywhere)}
    series = in_turns(repetitions, cases, warm_up=True)
    details = {"calls": calls, "characters a call": 2000}
    return [
        *versus(
            "workbench",
            "preview, 20 entries",
            "calls/s",
            {"ours": series["twenty"], "every call read": without},
            details | found["twenty"],
        ),
        *versus(
            "workbench",
            "preview, an entry in every call",
            "calls/s",
            {"ours": series["everywhere"]},
            details | found["everywhere"],
        ),
    ]


def one_preview(application: Application, change: Change) -> Preview:
    run = start_preview(application.core, ME, ALL, content=change(_content(application)), queue=False)
    return preview_here(application.core, ME, run, lambda so_far: None)


def _content(application: Application) -> Content:
    return application.core.rulebook().default(RulesetKind.LEXICON).content


def _retag(application: Application, calls: int) -> list[Result]:
    """Publishes the draft, then brings every call to it."""
    core = application.core
    rebuild_index(core, ME)
    publish(application, twenty_changes(_content(application)))
    counts: dict[str, Any] = {}

    def retag() -> float:
        run = start_retag(core, ME, CallRange())
        while read_retag(core, ME, run.id).state is RunState.RUNNING and run_next(core, "text"):
            pass
        counts.update(read_retag(core, ME, run.id).counts)
        return calls

    series = in_turns(1, {"ours": retag}, warm_up=False)
    return versus("workbench", "re-tag after publishing 20 entries", "calls/s", series, counts)


def publish(application: Application, content: Content) -> None:
    ruleset = application.core.rulebook().read(RulesetKind.LEXICON, content, 1)
    version = RulesetVersion(
        kind=RulesetKind.LEXICON, number=1, label=ruleset.label, digest=ruleset.digest, published_at=NEWEST
    )
    with application.core.db.tenant("default") as uow:
        assert uow.rulesets.add(version, ruleset.content)
        uow.commit()


def measure(where: Path, calls: int) -> None:
    """One large database, kept in `where` for the next run; prints seconds for each kind of change."""
    application = opened(where)
    with application.core.db.tenant("default", write=False) as uow:
        stored = uow.call_index.count(CallRange())
    if not stored:
        fill(application.core, application.database.engine, "default", calls)
    rebuild_index(application.core, ME)
    application.core.analyser("default")
    for name, change in KINDS.items():
        print(_timed(application, name, change), flush=True)
    application.close()


def _timed(application: Application, name: str, change: Change) -> str:
    """A preview, ended after LONGEST_S."""
    content = change(_content(application))
    began, busy = time.monotonic(), time.process_time()
    moments: dict[str, float] = {}
    run = start_preview(application.core, ME, ALL, content=content, queue=False)

    def hear(so_far: Preview) -> None:
        now = time.monotonic() - began
        moments.setdefault("first", now)
        if so_far.run.counts.get("estimate"):
            moments.setdefault("estimate", now)
        if now > LONGEST_S:
            cancel_preview(application.core, ME, run.id)

    found = preview_here(application.core, ME, run, hear)
    took = time.monotonic() - began
    tally, total = found.tally, found.run.counts["total"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    when = ", ".join(f"{what} {at:.1f} s" for what, at in moments.items())
    busy = time.process_time() - busy
    return (
        f"{name}: {tally.seen} of {total} calls in {took:.1f} s ({busy:.1f} s of processor time), "
        f"{when}; {tally.looked_at} read, {tally.changed} changed, +{tally.gained} -{tally.lost}; "
        f"{tally.seen / took:,.0f} calls/s, {tally.seen * CHARACTERS / took:,.0f} characters/s; {peak} MB"
    )


if __name__ == "__main__":
    logging.configure("ERROR", "text")
    measure(Path("bench-output") / "workbench", int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
