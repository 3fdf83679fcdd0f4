"""`speechsvc lexicon evaluate`: how well the lexicon finds what people labelled, written and learned entries apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from speechsvc.bootstrap import build_lexicon
from speechsvc.cli.common import FileMissing, load_settings, out, say

_ENTRIES_SHOWN = 15
_VIEWS = ("micro", "negated", "heat")


def evaluate(
    calls: Annotated[
        list[Path], typer.Argument(help="Labelled calls, JSON lines; tests/gold/README.md has the form. 标注通话。")
    ],
    path: Annotated[Path | None, typer.Option("--lexicon", help="Lexicon file or folder. 词库。")] = None,
    no_homophones: Annotated[bool, typer.Option("--no-homophones", help="Exact words only. 不容忍同音字。")] = False,
    no_learned: Annotated[bool, typer.Option("--no-learned", help="Written entries only. 只用手写词条。")] = False,
    noise: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Also with this share of characters misheard. 同音噪声比例。")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the noise. 噪声种子。")] = 1,
    entries: Annotated[
        int, typer.Option(min=0, help="How many of the worst entries to list. 列出最差词条数。")
    ] = _ENTRIES_SHOWN,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Measure the lexicon on labelled calls: precision, recall, F1. 在标注样本上评测词库。

    A find is right if the same turn has the same topic label. "heat" is call by topic that the customer affirmed.
    """
    from speechsvc.tagging.noise import noised
    from speechsvc.tagging.tagger import LexiconTagger

    lexicon = build_lexicon(load_settings(lexicon=path))
    labelled = [call for file in calls for call in _read(file)]
    taggers = {"written": LexiconTagger(lexicon.written, homophones=not no_homophones)}
    if lexicon.learned is not None and not no_learned:
        taggers["with_learned"] = LexiconTagger(lexicon, homophones=not no_homophones)
    texts = {"": labelled} | ({"noise": [noised(call, noise, seed) for call in labelled]} if noise else {})
    reports = {
        (name, text): _measured(tagger, used) for name, tagger in taggers.items() for text, used in texts.items()
    }
    seen = _seen(lexicon.learned.trained if "with_learned" in taggers and lexicon.learned else {}, labelled)
    if as_json:
        print(json.dumps(_joined(reports, lexicon.label, seen), ensure_ascii=False))
        return
    _show(reports, seen, entries)


def _measured(tagger: Any, calls: Sequence[Any]) -> dict[str, Any]:
    from speechsvc.tagging.evaluate import evaluate as measure

    return measure(tagger, calls).as_dict()


def _read(file: Path) -> list[Any]:
    from speechsvc.tagging.evaluate import LabelledCallsInvalid, read_labelled_calls

    if not file.is_file():
        raise FileMissing(what=say(f"file {file}", f"文件 {file}"))
    try:
        return read_labelled_calls(file)
    except ValueError as error:
        raise LabelledCallsInvalid(problem=error) from error


def _seen(trained: Any, calls: Sequence[Any]) -> int:
    """How many of the calls the learned entries were trained on."""
    from speechsvc.tagging.learned.train import call_digest

    known = set(trained.get("seen", ()))
    return sum(call_digest(call) in known for call in calls)


def _joined(reports: dict[tuple[str, str], dict[str, Any]], label: str, seen: int) -> dict[str, Any]:
    """The figures of everything in force at the top, as before there were learned entries; the others beside."""
    last = [name for name, text in reports if not text][-1]
    joined = reports[last, ""] | {"lexicon": label, "calls_trained_on": seen}
    for (name, text), report in reports.items():
        if (name, text) != (last, ""):
            joined["_".join(filter(None, (name, text)))] = report
    return joined


def _show(reports: dict[tuple[str, str], dict[str, Any]], seen: int, entries: int) -> None:
    first = next(iter(reports.values()))
    out().print(
        say(
            f"{first['calls']} calls, {first['turns']} turns; "
            f"{first['free_turns_hit']} of {first['free_turns']} turns of topic-free calls hit",
            f"{first['calls']} 通，{first['turns']} 轮；"
            f"无话题通话的 {first['free_turns']} 轮中误报 {first['free_turns_hit']} 轮",
        )
    )
    if seen:
        out().print(
            say(
                f"The learned entries were trained on {seen} of these calls: their figures here flatter them.",
                f"其中 {seen} 通参与过学习词条的训练，带学习词条的数字会偏高。",
            ),
            style="yellow",
        )
    for (name, text), report in reports.items():
        out().print(_figures(report, _title(name, text), full=not text))
    last = [report for (_, text), report in reports.items() if not text][-1]
    if entries:
        out().print(_worst(last, entries))


def _title(name: str, text: str) -> str:
    title = say("written entries", "手写词条") if name == "written" else say("with learned entries", "加学习词条")
    return title + (say(", with homophone noise", "，加同音噪声") if text else "")


def _figures(report: dict[str, Any], title: str, *, full: bool) -> Table:
    table = Table(title=title)
    table.add_column(say("topic", "主题"), no_wrap=True)
    for name in ("P", "R", "F1", say("right", "正确"), say("wrong", "误报"), say("missed", "漏报")):
        table.add_column(name, justify="right")
    for name in _VIEWS:
        table.add_row(f"[bold]{name}[/]", *_cells(report[name]))
    macro = report["macro_f1"]
    table.add_row("[bold]macro[/]", "", "", "-" if macro is None else f"{macro:.3f}", "", "", "")
    table.add_section()
    for speaker, figures in report["by_speaker"].items():
        table.add_row(speaker, *_cells(figures))
    if full:
        table.add_section()
        for topic, figures in sorted(report["by_topic"].items()):
            table.add_row(topic, *_cells(figures))
    return table


def _cells(figures: dict[str, Any]) -> list[str]:
    shares = ["-" if figures[k] is None else f"{figures[k]:.3f}" for k in ("precision", "recall", "f1")]
    return [*shares, *(str(figures[k]) for k in ("right", "wrong", "missed"))]


def _worst(report: dict[str, Any], number: int) -> Table:
    """Entries by what they do wrong, less what they do right."""
    table = Table(title=say("worst entries", "最差词条"))
    table.add_column(say("entry", "词条"))
    for name in (say("right", "正确"), say("wrong", "误报")):
        table.add_column(name, justify="right")
    ranked = sorted(report["by_entry"].items(), key=lambda item: (item[1]["right"] - item[1]["wrong"], item[0]))
    for entry, counts in ranked[:number]:
        if counts["wrong"]:
            table.add_row(entry, str(counts["right"]), str(counts["wrong"]))
    return table
