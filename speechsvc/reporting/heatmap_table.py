"""The heatmap as JSON for programs, CSV for spreadsheets, and a table for terminals."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from speechsvc.domain.heatmap import Heatmap, Measure, Row
from speechsvc.reporting import heatmap_words as words
from speechsvc.reporting.heatmap_scale import colour, ink, top_of_scale

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def heatmap_json(heatmap: Heatmap, link: Callable[[Row, str], str] | None = None) -> dict[str, Any]:
    """All three measures of each cell and `value` in the asked one; topics without a mention are absent from `cells`.

    `link` gives the address of the mentions behind a cell.
    """
    query = heatmap.query
    return {
        "row": query.row.value,
        "measure": query.measure.value,
        "speaker": query.speaker,
        "sources": [s.value for s in query.sources],
        "from": query.since.isoformat() if query.since else None,
        "to": query.until.isoformat() if query.until else None,
        "definition": words.definition(query, "en"),
        "definition_zh": words.definition(query, "zh"),
        "topics": [{"id": t, "name": en, "name_zh": zh} for t, zh, en in heatmap.topics],
        "rows": [_row(heatmap, row, link) for row in heatmap.rows],
    }


def heatmap_csv(heatmap: Heatmap, language: str = "zh") -> str:
    """One line a row, in the asked measure; begins with a byte order mark so that Excel reads the Chinese.

    Shares are per cent with one digit. A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    head = ["编号", "有效通话", "未知说话人占比"] if language != "en" else ["Id", "Effective calls", "Unknown speakers"]
    names = [words.topic_name(t, language) for t in heatmap.topics]
    writer.writerow([_safe(x) for x in (words.row_name(heatmap.query.row, language), *head, *names)])
    for row in heatmap.rows:
        cells = [_number(heatmap.value(row, t[0]), heatmap.query.measure) for t in heatmap.topics]
        first = [_safe(words.row_label(row, language)), _safe(row.key), str(row.calls)]
        writer.writerow([*first, _number(row.unknown_share, Measure.SHARE), *cells])
    return out.getvalue()


def heatmap_text(heatmap: Heatmap, language: str = "zh", width: int = 100) -> RenderableType:
    """For terminals of `width` columns: as many topics as fit, those with the largest values first."""
    shown = _fitting(heatmap, language, width)
    title = f"{words.title(heatmap, language)}  {words.period(heatmap.query, language)}"
    notes = _notes(heatmap, language, len(shown))
    table = _table(heatmap, language, shown)
    return Group(Text(title, style="bold"), *([table] if heatmap.rows else []), Text(notes, style="dim"))


_LABEL_COLUMNS = 24
_CELL_COLUMNS = 6  # " 100% "
_FRAME_COLUMNS = 3  # two blanks and a line


def _table(heatmap: Heatmap, language: str, shown: tuple[tuple[str, str, str], ...]) -> Table:
    table = Table(pad_edge=False)
    table.add_column(words.row_name(heatmap.query.row, language), max_width=_LABEL_COLUMNS, overflow="fold")
    table.add_column("通话" if language != "en" else "calls", justify="right", no_wrap=True)
    for topic in shown:
        table.add_column(
            Text(_heading(words.topic_name(topic, language), language)), justify="right", min_width=_CELL_COLUMNS
        )
    top = top_of_scale(heatmap)
    for row in heatmap.rows:
        cells = [_cell(heatmap.value(row, t[0]), heatmap.query.measure, top) for t in shown]
        table.add_row(Text(words.row_label(row, language)), str(row.calls), *cells)
    return table


def _row(heatmap: Heatmap, row: Row, link: Callable[[Row, str], str] | None) -> dict[str, Any]:
    cells: dict[str, dict[str, Any]] = {}
    for topic, cell in row.cells.items():
        cells[topic] = {
            "calls": cell.calls,
            "share": cell.share,
            "mentions": cell.mentions,
            "seconds": cell.seconds,
            "value": heatmap.value(row, topic),
        }
        if link is not None:
            cells[topic]["mentions_url"] = link(row, topic)
    return {
        "key": row.key,
        "label": row.label,
        "calls": row.calls,
        "unknown_share": row.unknown_share,
        "cells": cells,
    }


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(value: float, measure: Measure) -> str:
    if measure is Measure.SHARE:
        return f"{value * 100:.1f}%"
    return f"{value:.2f}" if measure is Measure.MENTIONS else f"{value:.1f}"


def _fitting(heatmap: Heatmap, language: str, width: int) -> tuple[tuple[str, str, str], ...]:
    """Topics in the lexicon's order; where they do not all fit, those most spoken of."""
    per_column = (11 if language == "en" else _CELL_COLUMNS) + _FRAME_COLUMNS
    longest = max((cell_len(words.row_label(r, language)) for r in heatmap.rows), default=0)
    room = max(1, (width - min(_LABEL_COLUMNS, width // 3, longest) - 12) // per_column)
    if room >= len(heatmap.topics):
        return heatmap.topics
    totals = {t[0]: sum(heatmap.value(r, t[0]) * r.calls for r in heatmap.rows) for t in heatmap.topics}
    best = sorted(heatmap.topics, key=lambda t: -totals[t[0]])[:room]
    return tuple(t for t in heatmap.topics if t in best)


def _heading(name: str, language: str) -> str:
    """Four Chinese characters as two lines of two."""
    if language == "en" or len(name) > 4:
        return name
    return f"{name[:2]}\n{name[2:]}"


def _notes(heatmap: Heatmap, language: str, shown: int) -> str:
    lines = [words.definition(heatmap.query, language)]
    if not heatmap.rows:
        lines.append(words.empty_note(language))
    elif shown < len(heatmap.topics):
        count = f"{shown}/{len(heatmap.topics)}"
        lines.append(
            f"本屏只显示提及最多的 {count} 个主题"
            if language != "en"
            else f"the {count} topics most spoken of are shown"
        )
    note = words.unknown_note(heatmap, language)
    return "\n".join([*lines, note] if note else lines)


def _cell(value: float, measure: Measure, top: float) -> Text:
    text = words.cell_text(value, measure)
    if not text:
        return Text("·", style="dim")
    level = value / top
    return Text(f" {text} ", style=Style(color=ink(level), bgcolor=colour(level)))
