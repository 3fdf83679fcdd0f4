"""`speechsvc rubric`: the scoring rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from speechsvc.cli.common import load_settings, out, say
from speechsvc.cli.ingest import connect
from speechsvc.cli.rule_files import read_rules
from speechsvc.cli.rules import AsJson, Key, Url, add_commands, check_draft
from speechsvc.domain.ruleset import RulesetKind

app = typer.Typer(help="Work on the scoring rules. 评分规则工具。", no_args_is_help=True)


@app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="Rubric file; the default one if not given.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="The running service's draft instead.")] = False,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Check the rubric: its form, and that its points add up. 检查评分规则。"""
    from speechsvc.tagging.rubric_file import load_rubric

    if draft:
        check_draft(RulesetKind.RUBRIC, url, key, as_json)
        return
    rubric = load_rubric(path or load_settings().rubric)
    if as_json:
        print(json.dumps({"version": rubric.label, "problems": []}, ensure_ascii=False))
    else:
        out().print(say(f"{rubric.label}: no problems", f"{rubric.label}：没有问题"), markup=False)


@app.command()
def preview(
    file: Annotated[Path | None, typer.Argument(help="Rubric file; without it the running service's draft.")] = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show which stored follow-ups would cross the pass line. 预览哪些跟进会跨过及格线。"""
    body = {} if file is None else {"content": read_rules(RulesetKind.RUBRIC, file)}
    found = connect(load_settings(), url, key).post("/v1/rubric/draft/preview", body)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for one in found["scores"]:
        side = say(" crosses the line", " 跨过及格线") if one["crosses"] else ""
        out().print(f"{one['followup_id']} {one['before']} → {one['after']} {one['state']}{side}", markup=False)
    total, crossing = found["followups"], found["crossing"]
    out().print(say(f"{crossing} of {total} cross the pass line", f"{total} 个跟进中 {crossing} 个跨过及格线"))


add_commands(app, RulesetKind.RUBRIC)
