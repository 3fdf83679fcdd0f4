"""`speechsvc lexicon`: checks on the lexicon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from speechsvc.bootstrap import build_lexicon
from speechsvc.cli import lexicon_evidence
from speechsvc.cli.common import FileMissing, load_settings, out, say
from speechsvc.cli.lexicon_train import train
from speechsvc.cli.rule_files import read_rules
from speechsvc.cli.rules import AsJson, Key, Url, add_commands, check_draft
from speechsvc.domain.ruleset import RulesetKind

app = typer.Typer(help="Work on the lexicon. 词库工具。", no_args_is_help=True)
app.command()(train)
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


@app.command()
def evaluate(
    calls: Annotated[Path, typer.Argument(help="Labelled calls, JSON lines; tests/gold/README.md has the form.")],
    path: Annotated[Path | None, typer.Option("--lexicon", help="Lexicon file or folder.")] = None,
    no_homophones: Annotated[bool, typer.Option("--no-homophones", help="Exact words only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Measure the lexicon on labelled calls: precision, recall and F1 by topic. 在标注样本上评测词库。"""
    from speechsvc.tagging.evaluate import LabelledCallsInvalid, read_labelled_calls
    from speechsvc.tagging.evaluate import evaluate as measure
    from speechsvc.tagging.tagger import LexiconTagger

    if not calls.is_file():
        raise FileMissing(what=say(f"file {calls}", f"文件 {calls}"))
    tagger = LexiconTagger(build_lexicon(load_settings(lexicon=path)), homophones=not no_homophones)
    try:
        labelled = read_labelled_calls(calls)
    except ValueError as error:
        raise LabelledCallsInvalid(problem=error) from error
    report = measure(tagger, labelled).as_dict()
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        out().print(_figures(report))


def _figures(report: dict[str, Any]) -> Table:
    table = Table(
        say("topic", "主题"), "P", "R", "F1", say("right", "正确"), say("wrong", "误报"), say("missed", "漏报")
    )
    for name in ("micro", "negated", "heat"):
        table.add_row(f"[bold]{name}[/]", *_cells(report[name]))
    for topic, figures in sorted(report["by_topic"].items()):
        table.add_row(topic, *_cells(figures))
    return table


def _cells(figures: dict[str, Any]) -> list[str]:
    shares = ["-" if figures[k] is None else f"{figures[k]:.3f}" for k in ("precision", "recall", "f1")]
    return [*shares, *(str(figures[k]) for k in ("right", "wrong", "missed"))]


add_commands(app, RulesetKind.LEXICON)
