"""`speechsvc lexicon train-next-step`: the model of the agreed next step, from calls in which people judged it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from speechsvc.cli.common import out, say
from speechsvc.cli.lexicon_train import labelled_calls
from speechsvc.resources import bundled


def train_next_step(
    calls: Annotated[list[Path], typer.Argument(help="Calls with customer_next_step. 标注了下一步的通话。")],
    to: Annotated[
        Path | None, typer.Option("--out", help="File to write; the bundled model if not given. 输出文件。")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Train the model of the agreed next step and measure it by cross-validation. 训练“下一步”模型并交叉验证。

    Calls whose ids agree up to the first hyphen are one story and share a fold. The same calls give the same file.
    """
    from speechsvc.tagging.learned.next_step_train import Options
    from speechsvc.tagging.learned.next_step_train import train_next_step as learn
    from speechsvc.tagging.next_step_model import FILE, write_model

    model = learn([call for file in calls for call in labelled_calls(file)], Options())
    target = to or bundled("lexicons") / FILE
    write_model(target, model)
    if as_json:
        print(json.dumps(dict(model.trained) | {"digest": model.digest, "file": str(target)}, ensure_ascii=False))
        return
    out().print(_table(model.trained["cross_validated"]))
    out().print(say(f"written to {target}", f"已写入 {target}"))


def _table(measured: dict[str, dict[str, Any]]) -> Table:
    table = Table(title=say("next step, cross-validated over stories", "下一步（按故事交叉验证）"))
    for name in (
        say("calls", "通话"),
        say("number", "数量"),
        say("right", "正确"),
        say("phrases right", "规则正确"),
        say("none agreed", "无下一步"),
        say("wrongly agreed", "误判为有"),
        say("phrases", "规则误判"),
    ):
        table.add_column(name)
    for kind, figures in measured.items():
        table.add_row(kind, *(str(value) for value in figures.values()))
    return table
