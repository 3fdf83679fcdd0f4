"""`speechsvc score`: proves stored scores, and scores follow-ups anew where somebody asks for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from speechsvc.bootstrap import Application
from speechsvc.cli.common import load_settings, operator, out, say
from speechsvc.cli.rules import AsJson
from speechsvc.services.rescore_followups import recompute_scores, rescore_followups

app = typer.Typer(help="Recompute scores of follow-ups. 跟进评分复算工具。", no_args_is_help=True)
Names = Annotated[list[str] | None, typer.Option("--followup", help="External id; may be given several times.")]


@app.command()
def recompute(
    followup: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="Every follow-up; also when none is named.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compute stored scores again from their snapshots and compare. 从快照复算评分并比对。

    Exit status 1 where one differs.
    """
    settings = load_settings()
    application = Application(settings)
    application.prepare()
    names: list[str | None] = [None] if everything or not followup else [*followup]
    found = [r for name in names for r in recompute_scores(application.core, operator(settings), name)]
    different = [r for r in found if not r.equal]
    if as_json:
        print(json.dumps({"checked": len(found), "different": [asdict(r) for r in different]}, ensure_ascii=False))
    else:
        for r in different:
            out().print(f"{r.followup_id}: {r.stored} → {r.recomputed}", markup=False)
        same, all_of = len(found) - len(different), len(found)
        out().print(say(f"{same} of {all_of} scores are the same", f"{all_of} 个评分中 {same} 个一致"))
    if different:
        raise typer.Exit(1)


@app.command()
def rescore(
    followup: Annotated[list[str], typer.Option("--followup", help="External id; may be given several times.")],
    reason: Annotated[str, typer.Option(help="Why; goes into the audit log.")],
    with_late: Annotated[bool, typer.Option(help="Count what arrived after the settling too.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Store it; without, only show what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score settled follow-ups anew, with a before/after list. 显式重评，并列出前后分数。"""
    settings = load_settings()
    application = Application(settings)
    application.prepare()
    found = rescore_followups(
        application.core, operator(settings), reason=reason, followups=followup, with_late=with_late, apply=apply
    )
    rows: list[dict[str, Any]] = [asdict(r) | {"changed": r.changed, "crosses": r.crosses} for r in found]
    if as_json:
        print(json.dumps({"applied": apply, "followups": rows}, ensure_ascii=False))
        return
    for r in rows:
        before = "-" if r["before"] is None else r["before"]["total"]
        crossing = say("  crosses the line", "  跨过及格线") if r["crosses"] else ""
        out().print(f"{r['followup_id']}: {before} → {r['after']['total']}{crossing}", markup=False)
    if not apply:
        out().print(say("Nothing was stored; add --apply.", "尚未保存；加 --apply 生效。"))
