"""`speechsvc rubric`: the scoring rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from speechsvc.cli.common import load_settings, out, say
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


add_commands(app, RulesetKind.RUBRIC)
