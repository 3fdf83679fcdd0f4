"""`speechsvc lexicon train`: learned entries from labelled calls and marks, and what they would be worth."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from speechsvc.bootstrap import build_lexicon
from speechsvc.cli.common import FileMissing, load_settings, out, say
from speechsvc.domain.learned import LearnedEntries, LearnedTopic
from speechsvc.domain.learned_report import shares
from speechsvc.errors import InvalidInput
from speechsvc.resources import bundled


def train(
    calls: Annotated[list[Path], typer.Argument(help="Labelled calls and exported marks. 标注通话与质检标记。")],
    path: Annotated[Path | None, typer.Option("--lexicon", help="Lexicon folder. 词库文件夹。")] = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="File to write; the lexicon's learned.json if not given. 输出文件。")
    ] = None,
    floor: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share of added mentions that must be right. 新增的最低准确率。"),
    ] = 0.7,
    threshold: Annotated[
        list[str] | None,
        typer.Option(help="TOPIC=PERCENT or TOPIC=off, instead of the one chosen; may be repeated. 指定话题阈值。"),
    ] = None,
    details: Annotated[bool, typer.Option("--table", help="Precision at every threshold. 各阈值的准确率。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Train learned entries and measure them by cross-validation. 训练学习词条并交叉验证。

    They add mentions that no written entry finds; nothing that is written changes. The same data gives the same file.
    """
    from speechsvc.tagging.learned.model_file import FILE, write_learned_file
    from speechsvc.tagging.learned.train import Options
    from speechsvc.tagging.learned.train import train as learn
    from speechsvc.tagging.tagger import LexiconTagger

    lexicon = build_lexicon(load_settings(lexicon=path))
    labelled = [call for file in calls for call in labelled_calls(file)]
    tagger = LexiconTagger(lexicon, learned=False)
    with Progress(disable=as_json, transient=True, console=out()) as progress:
        task = progress.add_task(say("training", "训练中"), total=1.0)
        written = [tagger.tag(call.conversation) for call in labelled]
        learned = learn(
            lexicon,
            labelled,
            written,
            Options(floor=floor),
            told=lambda share: progress.update(task, completed=share),
        )
    learned = overridden(learned, threshold or ())
    target = to or (path or bundled("lexicons") / "default") / FILE
    write_learned_file(target, learned)
    if as_json:
        print(json.dumps(summary(learned) | {"file": str(target)}, ensure_ascii=False))
        return
    out().print(_chosen(learned))
    if details:
        out().print(_every_threshold(learned))
    out().print(say(f"written to {target}", f"已写入 {target}"))


def overridden(learned: LearnedEntries, thresholds: list[str] | tuple[str, ...]) -> LearnedEntries:
    """With thresholds as a person chose them. Raises InvalidInput."""
    chosen = dict(_threshold(text, learned) for text in thresholds)
    topics = tuple(replace(t, threshold=chosen[t.id]) if t.id in chosen else t for t in learned.topics)
    return replace(learned, topics=topics)


def summary(learned: LearnedEntries) -> dict[str, Any]:
    """What was chosen, and what cross-validation found at every threshold."""
    return {
        "trained": dict(learned.trained),
        "digest": learned.digest,
        "topics": [
            {"id": t.id, "threshold": t.threshold, "measured": [_shares(t, m.percent) for m in t.measured]}
            for t in learned.topics
        ],
    }


def _threshold(text: str, learned: LearnedEntries) -> tuple[str, int | None]:
    topic, _, value = text.partition("=")
    if learned.topic(topic) is None:
        raise InvalidInput(field="--threshold", problem=f"'{topic}' is no topic of this lexicon")
    if value == "off":
        return topic, None
    if not value.isdigit() or int(value) > 100:
        raise InvalidInput(field="--threshold", problem=f"'{text}' is not TOPIC=PERCENT (0 to 100) or TOPIC=off")
    return topic, int(value)


def labelled_calls(file: Path) -> list[Any]:
    """Labelled calls of a file. Raises FileMissing, LabelledCallsInvalid."""
    from speechsvc.tagging.evaluate import LabelledCallsInvalid, read_labelled_calls

    if not file.is_file():
        raise FileMissing(what=say(f"file {file}", f"文件 {file}"))
    try:
        return read_labelled_calls(file)
    except ValueError as error:
        raise LabelledCallsInvalid(problem=error) from error


def _shares(topic: LearnedTopic, percent: int | None) -> dict[str, Any]:
    """Empty if that threshold was not measured."""
    one = next((m for m in topic.measured if m.percent == percent), None)
    return {} if one is None else shares(asdict(one))


def _columns(table: Table) -> Table:
    for name in (
        say("from %", "阈值"),
        say("alone P", "单独 P"),
        say("alone R", "单独 R"),
        say("adds", "新增"),
        say("wrong", "误报"),
        say("right %", "准确率"),
        say("all F1", "合计 F1"),
    ):
        table.add_column(name, justify="right")
    return table


def _row(topic: LearnedTopic, percent: int | None) -> list[str]:
    found = _shares(topic, percent)
    names = ("precision", "recall", "added_right", "added_wrong", "added_precision", "union_f1")
    values = [found.get(name) for name in names]
    shown = ["-" if v is None else f"{v:.2f}" if isinstance(v, float) else str(v) for v in values]
    return ["off" if percent is None else str(percent), *shown]


def _chosen(learned: LearnedEntries) -> Table:
    table = Table(title=say("learned entries, cross-validated over calls", "学习词条（按通话交叉验证）"))
    table.add_column(say("topic", "主题"), no_wrap=True)
    _columns(table)
    for topic in learned.topics:
        table.add_row(topic.id, *_row(topic, topic.threshold))
    return table


def _every_threshold(learned: LearnedEntries) -> Table:
    table = Table(title=say("every threshold", "各阈值"))
    table.add_column(say("topic", "主题"), no_wrap=True)
    _columns(table)
    for topic in learned.topics:
        for one in topic.measured:
            table.add_row(topic.id, *_row(topic, one.percent), style="bold" if one.percent == topic.threshold else "")
        table.add_section()
    return table
