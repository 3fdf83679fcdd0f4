"""`speechsvc lexicon preview|retag|stats|suggestions|marks|index`: the evidence for tuning a lexicon."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from speechsvc.bootstrap import Application, build_lexicon
from speechsvc.cli.common import err, load_settings, operator, out, say
from speechsvc.config import Settings
from speechsvc.domain.access import Principal
from speechsvc.domain.heatmap import RowKind
from speechsvc.domain.lexicon_data import lexicon_data
from speechsvc.domain.run import CallRange, Run, RunState
from speechsvc.services.index_calls import rebuild_index
from speechsvc.services.lexicon_statistics import lexicon_statistics
from speechsvc.services.mark_mentions import export_marks
from speechsvc.services.preview_lexicon import Preview, preview_here, start_preview
from speechsvc.services.retag_calls import (
    cancel_retag,
    list_retags,
    pause_retag,
    read_retag,
    resume_retag,
    start_retag,
)
from speechsvc.services.suggest_entries import suggest_entries

From = Annotated[datetime | None, typer.Option("--from", help="Calls that began at or after, local time.")]
To = Annotated[datetime | None, typer.Option("--to", help="Calls that began before, local time.")]
Team = Annotated[str | None, typer.Option(help="Calls of this team.")]
Json = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
_SHOWN = 20


def preview(
    path: Annotated[
        Path | None, typer.Argument(help="Lexicon file or folder to try. [default: the stored draft]")
    ] = None,
    row: Annotated[RowKind, typer.Option(help="Rows of the heatmap whose cells are compared.")] = RowKind.CUSTOMER,
    since: From = None,
    until: To = None,
    team: Team = None,
    as_json: Json = False,
) -> None:
    """Show what a draft would change in stored calls of the last 30 days. Changes nothing. 预览词库改动的影响。"""
    application, me, where = _begin(since, until, team)
    content = lexicon_data(build_lexicon(load_settings(lexicon=path))) if path else None
    run = start_preview(application.core, me, where, content=content, row=row, queue=False)
    told: list[dict[str, Any]] = []
    with _bar() as bar:
        task = bar.add_task(say("calls", "通话"), total=run.counts["total"])

        def show(so_far: Preview) -> None:
            bar.update(task, completed=so_far.tally.seen)
            guess = so_far.run.counts.get("estimate")
            if guess and not told:
                told.append(guess)
                _show_estimate(bar.console, guess)

        found = preview_here(application.core, me, run, show)
    if as_json:
        shown = {"id": run.id, "total": run.counts["total"], **found.tally.to_dict(), "cells": found.cells}
        del shown["rows"]
        print(json.dumps(shown | {"calls": list(found.calls)}, ensure_ascii=False))
        return
    _show_preview(found)


def _show_estimate(console: Console, guess: dict[str, Any]) -> None:
    """Before all calls are counted, for people; programs read the result."""
    f = {name: f"{x['value']} ({x['low']}-{x['high']})" for name, x in guess["figures"].items()}
    console.print(
        say(
            f"By a sample of {guess['sampled']} calls, in all: {f['changed']} calls change, {f['gained']} mentions "
            f"gained, {f['lost']} lost, {f['scores_changed']} scores change. Counting goes on.",
            f"按 {guess['sampled']} 通抽样估计，总计：{f['changed']} 通变化，新增提及 {f['gained']}，减少 {f['lost']}，"
            f"{f['scores_changed']} 个评分变化。继续精确统计。",
        )
    )


def _show_preview(found: Preview) -> None:
    t = found.tally
    out().print(
        say(
            f"{t.changed} of {t.seen} calls change ({t.looked_at} read): {t.gained} mentions gained, {t.lost} lost, "
            f"{t.turned} turned; {t.scores_changed} scores change, {t.crossed_up} would newly count, "
            f"{t.crossed_down} no longer; {t.followups_changed} open follow-ups change, {t.followups_up} would newly "
            f"count, {t.followups_down} no longer; {found.cells_total} cells move",
            f"{t.seen} 通通话中有 {t.changed} 通变化（读取 {t.looked_at} 通）：新增提及 {t.gained}，减少 {t.lost}，"
            f"极性变化 {t.turned}；{t.scores_changed} 个评分变化，{t.crossed_up} 个升至及格，"
            f"{t.crossed_down} 个跌破及格；"
            f"未结跟进 {t.followups_changed} 条变分，{t.followups_up} 条升至及格，{t.followups_down} 条跌破及格；"
            f"{found.cells_total} 个热力格变化",
        )
    )
    for one in t.followups[:_SHOWN]:
        out().print(f"{one['followup_id']}  {one['before']} -> {one['after']}", markup=False)
    table = Table(say("entry", "词条"), say("gained", "新增"), say("lost", "减少"))
    for entry, (gained, lost) in sorted(t.entries.items(), key=lambda item: -sum(item[1]))[:_SHOWN]:
        table.add_row(entry, str(gained), str(lost))
    out().print(table)
    for call in found.calls[:_SHOWN]:
        for sign, some in (("+", call["gained"]), ("-", call["lost"])):
            for m in some[:3]:
                out().print(f"{sign} {call['external_id']}  {m['topic']}  {m['sentence']}", markup=False)


def retag(
    since: From = None,
    until: To = None,
    team: Team = None,
    pause: Annotated[str | None, typer.Option(help="Pause this run.")] = None,
    resume: Annotated[str | None, typer.Option(help="Go on with this run.")] = None,
    cancel: Annotated[str | None, typer.Option(help="End this run.")] = None,
    runs: Annotated[bool, typer.Option("--list", help="Show the latest runs.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended; a running service does the work.")] = False,
    as_json: Json = False,
) -> None:
    """Analyse stored calls again with what is published, in the background. 用已发布的词库重新标注历史通话。"""
    application, me, where = _begin(since, until, team)
    core = application.core
    if runs:
        found = list_retags(core, me)
    elif pause:
        found = (pause_retag(core, me, pause),)
    elif cancel:
        found = (cancel_retag(core, me, cancel),)
    else:
        run = resume_retag(core, me, resume) if resume else start_retag(core, me, where)
        found = (_watch(application, me, run) if wait else run,)
    for run in found:
        if as_json:
            print(json.dumps({"id": run.id, "state": run.state.value, **run.counts}, ensure_ascii=False))
        else:
            c = run.counts
            out().print(
                f"{run.id}  {run.state.value}  {c['seen']}/{c['total']}  {say('changed', '变化')} {c['changed']}"
            )


def _watch(application: Application, me: Principal, run: Run) -> Run:
    with _bar() as bar:
        task = bar.add_task(say("calls", "通话"), total=run.counts["total"])
        while run.state is RunState.RUNNING:
            time.sleep(0.5)
            run = read_retag(application.core, me, run.id)
            bar.update(task, completed=run.counts["seen"])
    return run


def stats(since: From = None, until: To = None, team: Team = None, as_json: Json = False) -> None:
    """How each entry works: hits, precision by marks, dead entries, overlaps. 词条统计。"""
    application, me, where = _begin(since, until, team)
    found = lexicon_statistics(application.core, me, where)
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False))
        return
    table = Table(say("entry", "词条"), say("mentions", "提及"), say("calls", "通话"), say("precision", "准确率"))
    for one in found.entries:
        precision = "-" if one.precision is None else f"{one.precision:.2f} ({one.right}/{one.right + one.wrong})"
        table.add_row(one.hits.entry, str(one.hits.mentions), str(one.hits.calls), precision)
    out().print(table)
    out().print(say(f"{len(found.dead)} entries without a hit:", f"{len(found.dead)} 个词条没有命中："))
    for _, entry in found.dead:
        out().print(f"  {entry}", markup=False)
    for overlap in found.overlaps[:_SHOWN]:
        out().print(f"{overlap.entry}  ⊂  {overlap.with_entry}  ×{overlap.places}", markup=False)


def suggestions(
    since: From = None,
    until: To = None,
    team: Team = None,
    limit: Annotated[int, typer.Option(help="Suggestions of each kind.")] = 30,
    as_json: Json = False,
) -> None:
    """What the lexicon lacks: salient phrases of customers, frequent homophone errors. 词库补充建议。"""
    application, me, where = _begin(since, until, team)
    found = suggest_entries(application.core, me, where, limit=limit)
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False))
        return
    names = ("phrase", "短语"), ("times", "次数"), ("calls", "通话"), ("like topic", "近似主题"), ("near", "近似词")
    table = Table(*(say(*name) for name in names), say("example", "例句"))
    for one in found.phrases:
        p = one.phrase
        example = one.examples[0].sentence if one.examples else ""
        table.add_row(p.text, str(p.count), str(p.calls), p.topic or "", p.near or "", example)
    out().print(table)
    for heard in found.homophones:
        out().print(f"{heard.text}  →  {heard.entry}  ×{heard.mentions}", markup=False)


def marks(
    output: Annotated[Path | None, typer.Option("--out", help="File to write. [default: standard output]")] = None,
) -> None:
    """Export marked calls as labelled calls, JSON lines, masked; `lexicon evaluate` reads them. 导出标记过的通话。"""
    application, me, _ = _begin(None, None, None)
    sink = output.open("w", encoding="utf-8") if output else sys.stdout
    try:
        for line in export_marks(application.core, me):
            sink.write(json.dumps(line, ensure_ascii=False) + "\n")
    finally:
        if output:
            sink.close()


def index(
    anew: Annotated[bool, typer.Option("--rebuild", help="Pack everything anew, not only new calls.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the index of stored calls up to date; previews are fast with it and right without. 更新通话索引。"""
    application, me, _ = _begin(None, None, None)
    with _bar() as bar:
        task = bar.add_task(say("calls", "通话"), total=None)
        state = rebuild_index(
            application.core,
            me,
            anew=anew,
            progress=lambda s: bar.update(task, total=s.calls, completed=s.indexed),
        )
    if as_json:
        print(json.dumps(asdict(state)))
    else:
        size = f"{state.size / 1e6:.1f} MB"
        out().print(
            say(
                f"{state.indexed} of {state.calls} calls in {state.blocks} blocks, {size}",
                f"{state.calls} 通通话中已索引 {state.indexed} 通，{state.blocks} 块，{size}",
            )
        )


def add_to(app: typer.Typer) -> None:
    """The commands under their names."""
    for command in (preview, retag, stats, suggestions, marks, index):
        app.command()(command)


def _begin(
    since: datetime | None, until: datetime | None, team: str | None
) -> tuple[Application, Principal, CallRange]:
    settings: Settings = load_settings()
    application = Application(settings)
    application.prepare()
    zone = ZoneInfo(application.system.tenant(settings.tenant).timezone)
    where = CallRange(
        since=since.replace(tzinfo=zone) if since else None,
        until=until.replace(tzinfo=zone) if until else None,
        team=team,
    )
    return application, operator(settings), where


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err(),
        transient=True,
        disable=not err().is_terminal,
    )
