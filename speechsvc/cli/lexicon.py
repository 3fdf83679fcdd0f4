"""`speechsvc lexicon`: checks on the lexicon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from speechsvc.bootstrap import build_lexicon
from speechsvc.cli.common import load_settings, out, say

app = typer.Typer(help="Work on the lexicon. 词库工具。", no_args_is_help=True)


@app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="Lexicon file or folder; the one in force if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Check the lexicon: its form, and every example through the real matcher."""
    from speechsvc.tagging.check import check_lexicon

    lexicon = build_lexicon(load_settings(lexicon=path))
    problems = check_lexicon(lexicon)
    if as_json:
        print(json.dumps({"version": lexicon.version, "problems": [str(p) for p in problems]}, ensure_ascii=False))
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
