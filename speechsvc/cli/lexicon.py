"""`speechsvc lexicon`: checks on the lexicon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from speechsvc.bootstrap import build_lexicon
from speechsvc.cli import lexicon_evidence
from speechsvc.cli.common import load_settings, out, say
from speechsvc.cli.lexicon_evaluate import evaluate
from speechsvc.cli.lexicon_train import train
from speechsvc.cli.next_step_train import train_next_step
from speechsvc.cli.rule_files import read_rules
from speechsvc.cli.rules import AsJson, Key, Url, add_commands, check_draft
from speechsvc.domain.ruleset import RulesetKind

app = typer.Typer(help="Work on the lexicon. 词库工具。", no_args_is_help=True)
app.command()(evaluate)
app.command()(train)
app.command()(train_next_step)
lexicon_evidence.add_to(app)


@app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="Lexicon file or folder; the default one if not given.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="The running service's draft instead.")] = False,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Check the lexicon: its form, and every example through the real matcher. 检查词库并逐条验证例句。"""
    from speechsvc.tagging.check import check_lexicon
    from speechsvc.tagging.lexicon_file import parse_lexicon

    if draft:
        check_draft(RulesetKind.LEXICON, url, key, as_json)
        return
    if path is not None and (path.suffix in (".xlsx", ".zip", ".json") or (path / "entries.csv").exists()):
        lexicon = parse_lexicon(read_rules(RulesetKind.LEXICON, path))
    else:
        lexicon = build_lexicon(load_settings(lexicon=path))
    problems = check_lexicon(lexicon)
    if as_json:
        print(json.dumps({"version": lexicon.label, "problems": [str(p) for p in problems]}, ensure_ascii=False))
    else:
        for problem in problems:
            out().print(str(problem), markup=False)
        entries = sum(len(t.entries) for t in lexicon.topics)
        out().print(
            say(
                f"{len(lexicon.topics)} topics, {entries} entries, {len(problems)} problems",
                f"{len(lexicon.topics)} 个主题，{entries} 个词条，{len(problems)} 个问题",
            )
        )
    if problems:
        raise typer.Exit(1)


add_commands(app, RulesetKind.LEXICON)
