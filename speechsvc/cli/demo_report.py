"""What the demo prints and writes."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from speechsvc.cli.client import Client
from speechsvc.cli.common import say, ui_language
from speechsvc.dashboard import names
from speechsvc.dashboard.show import with_names
from speechsvc.domain.heatmap import Heatmap
from speechsvc.reporting.heatmap_table import heatmap_text

_KEY_LINES = 6


def print_call(console: Console, result: dict[str, Any], topics: Mapping[str, str]) -> None:
    """Head, key lines with the mentioned words marked, mentions, score with reasons. `topics`: names by id."""
    call = result["call"]
    meta = call["metadata"]
    who = f"{meta['salesperson']['name']} → {meta['customer']['name']}"
    console.rule(
        f"[bold]{escape(meta['external_id'])}[/]  {escape(who)}  ({names.status(call['status'], ui_language())})",
        align="left",
    )
    if call["status"] == "failed":
        console.print(f"{call['error']['message']}  [{call['error']['code']}]", markup=False)
        return
    mentions = result["mentions"]["mentions"]
    _print_lines(console, result["transcript"]["segments"], mentions, topics)
    _print_score(console, result["score"], topics)


def _print_lines(
    console: Console,
    segments: Sequence[dict[str, Any]],
    mentions: Sequence[dict[str, Any]],
    topics: Mapping[str, str],
) -> None:
    by_turn: dict[int, list[dict[str, Any]]] = {}
    for mention in mentions:
        by_turn.setdefault(mention["turn"], []).append(mention)
    # customers' lines first choice: they are what the heatmap counts
    chosen = sorted(by_turn, key=lambda t: (segments[t]["speaker"] != "customer", -len(by_turn[t]), t))[:_KEY_LINES]
    for turn in sorted(chosen):
        segment = segments[turn]
        line = Text(f"{_clock(segment['start'])} {_SPEAKERS[segment['speaker']][ui_language() == 'en']} ")
        base = len(line)
        line.append(segment["text"])
        for mention in by_turn[turn]:
            style = "bold cyan" if mention["polarity"] == "affirmed" else "strike yellow"
            line.stylize(style, base + mention["start_char"], base + mention["end_char"])
        found = say(", ", "、").join(_topic_name(m, topics) for m in by_turn[turn])
        console.print(line, Text(f"  ← {found}", style="dim"), sep="", soft_wrap=True)
    left = len(by_turn) - len(chosen)
    if left > 0:
        console.print(say(f"  … and {left} more lines with mentions", f"  ……另有 {left} 句提及"), style="dim")


def _topic_name(mention: dict[str, Any], topics: Mapping[str, str]) -> str:
    name = str(topics.get(mention["topic"], mention["topic"]))
    return name if mention["polarity"] == "affirmed" else name + say(" (set aside)", "（否定）")


_SPEAKERS = {"agent": ("销售", "agent   "), "customer": ("客户", "customer"), "unknown": ("未知", "unknown ")}


def _print_score(console: Console, document: dict[str, Any], topics: Mapping[str, str]) -> None:
    score = document.get("score", document)
    counts = say("counts", "计入业绩") if score["counts_toward_performance"] else say("does not count", "不计入业绩")
    contact = document.get("contact", {})
    outcome = contact.get("outcome") if isinstance(contact, dict) else contact
    told = names.contact(str(outcome), ui_language())
    console.print(
        Text.assemble(
            (f"{say('Score', '评分')} {score['total']}", "bold"),
            f"/100{say(', ', '，')}{counts}{say('; contact: ', '；沟通结果：')}{told}",
        )
    )
    language = "reason_zh" if ui_language() == "zh" else "reason"
    name = "name_zh" if ui_language() == "zh" else "name"
    for component in score["components"]:
        label = component.get(name) or component["name"]
        reason = with_names(component.get(language) or component["reason"], topics)
        line = f"  {component['points']:>3}/{component['max_points']:<3} {label}: {reason}"
        console.print(line, markup=False, style="dim", soft_wrap=True)
    for gate in score.get("gates", ()):
        console.print(f"  ! {gate.get(language) or gate.get('reason')}", markup=False, style="yellow", soft_wrap=True)


def print_heatmap(console: Console, heatmap: Heatmap) -> None:
    """As many topics as the terminal is wide; PNG and CSV have all of them."""
    console.rule(say("[bold]Customer-focus heatmap[/]", "[bold]客户关注焦点热力图[/]"), align="left")
    console.print(heatmap_text(heatmap, ui_language(), console.width))


def print_events(console: Console, events: Sequence[dict[str, Any]], received: Sequence[dict[str, Any]]) -> None:
    console.rule(say("[bold]CRM events[/]", "[bold]CRM 事件[/]"), align="left")
    got = {e["id"] for e in received}
    for event in events:
        data = event["data"]
        sign = (
            say("webhook received, signature valid", "已收到 webhook，签名有效")
            if event["id"] in got
            else say("in the feed", "在变更流中")
        )
        score = (data.get("score") or {}).get("total", "-")
        named = data.get("external_id") or event["subject"]
        console.print(
            f"  #{event['seq']} {event['type']}  {named}  {say('score', '评分')} {score}  ({sign})",
            markup=False,
            soft_wrap=True,
        )


def write_results(
    folder: Path,
    results: Sequence[dict[str, Any]],
    heatmap: dict[str, Any],
    events: Sequence[dict[str, Any]],
    client: Client,
) -> None:
    """JSON a call, scores and mentions as CSV, the heatmap as JSON, CSV and PNG, the events."""
    calls = folder / "calls"
    calls.mkdir(parents=True, exist_ok=True)
    for result in results:
        _write_json(calls / f"{result['call']['metadata']['external_id']}.json", result)
    _write_json(folder / "heatmap.json", heatmap)
    _write_json(folder / "events.json", list(events))
    (folder / "heatmap.csv").write_bytes(client.content("/v1/heatmap", row="customer", format="csv", lang="zh"))
    (folder / "heatmap.png").write_bytes(client.content("/v1/heatmap", row="customer", format="png", lang="zh"))
    _write_scores(folder / "scores.csv", results)
    _write_mentions(folder / "mentions.csv", results)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _write_scores(path: Path, results: Sequence[dict[str, Any]]) -> None:
    header = ["external_id", "salesperson", "customer", "status", "contact", "score", "counts_toward_performance"]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for result in results:
            call = result["call"]
            meta = call["metadata"]
            total = call.get("score")
            counts = None if total is None else _score(result)["counts_toward_performance"]
            names = (meta["salesperson"]["name"], meta["customer"]["name"])
            writer.writerow([meta["external_id"], *names, call["status"], call.get("contact"), total, counts])


def _score(result: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = result["score"]
    score: dict[str, Any] = document.get("score", document)
    return score


def _write_mentions(path: Path, results: Sequence[dict[str, Any]]) -> None:
    columns = ("topic", "speaker", "polarity", "text", "start", "end", "entry", "match", "reason")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["external_id", *columns])
        for result in results:
            for mention in result.get("mentions", {}).get("mentions", ()):
                writer.writerow([result["call"]["metadata"]["external_id"], *(mention.get(c) for c in columns)])


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
