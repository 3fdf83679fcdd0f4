"""The heatmap as a picture to paste into a slide."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from speechsvc.domain.heatmap import Heatmap, Row
from speechsvc.reporting import heatmap_words as words
from speechsvc.reporting.heatmap_scale import colour, ink, top_of_scale
from speechsvc.reporting.matplotlib_parts import Parts, load

MOST_ROWS = 25  # more do not read on a slide

_INK, _QUIET, _EMPTY, _PAPER = "#10233d", "#5b6b80", "#f4f6f9", "#ffffff"
_MARGIN, _LABELS, _BAR = 0.45, 2.75, 1.05  # inches: round the picture, for row labels, for the colour bar
_COLUMN, _ROW, _GAP = 0.585, 0.36, 0.035
_EDGE, _TITLE = 0.36, 1.02  # above and below all; title with its two lines
_LEAST_WIDTH, _LEAST_BODY = 9.0, 1.5


def heatmap_png(heatmap: Heatmap, language: str = "zh", *, title: str | None = None, dpi: int = 150) -> bytes:
    """PNG bytes. Rows beyond the first 25 are left out with a note; an empty heatmap gives a picture that says so.

    The same heatmap gives the same picture on every machine: the font travels with the package.
    """
    parts = load()
    drawing = _Drawing(parts=parts, heatmap=heatmap, language=language, layout=_layout(heatmap, language))
    drawing.head(title or words.title(heatmap, language))
    if heatmap.rows:
        drawing.column_heads()
        for i, row in enumerate(drawing.rows):
            drawing.row(i, row)
        drawing.bar()
    else:
        drawing.emptiness()
    drawing.foot()
    return drawing.png(dpi)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layout:
    """Inches; y grows downwards."""

    width: float
    height: float
    column: float  # width of one column
    left: float  # x of the first cell
    top: float  # y of the first cell


def _layout(heatmap: Heatmap, language: str) -> _Layout:
    rows = min(len(heatmap.rows), MOST_ROWS)
    heads = 1.45 if language == "en" else 0.55
    columns = max(1, len(heatmap.topics))
    column = max(_COLUMN, min(1.1, (_LEAST_WIDTH - 2 * _MARGIN - _LABELS - _BAR) / columns))
    body = heads + max(_LEAST_BODY, rows * _ROW) if rows else 2.55
    return _Layout(
        width=2 * _MARGIN + _LABELS + columns * column + _BAR,
        height=2 * _EDGE + _TITLE + body + 0.1 + 0.2 * len(_notes(heatmap, language)),
        column=column,
        left=_MARGIN + _LABELS,
        top=_EDGE + _TITLE + heads,
    )


class _Drawing:
    """One figure in inches, y downwards."""

    def __init__(self, *, parts: Parts, heatmap: Heatmap, language: str, layout: _Layout) -> None:
        self.parts, self.heatmap, self.language, self.layout = parts, heatmap, language, layout
        self.rows = heatmap.rows[:MOST_ROWS]
        self.top_value = top_of_scale(heatmap)
        self.figure = parts.figure(figsize=(layout.width, layout.height), facecolor=_PAPER)
        self.canvas = parts.canvas(self.figure)

    def head(self, title: str) -> None:
        y = _EDGE
        self._text(_MARGIN, y + 0.2, _cut(title, 60), size=19, color=_INK)
        query = self.heatmap.query
        measure = words.measure_name(query.measure, self.language)
        sources = _comma(self.language).join(words.source_name(s, self.language) for s in query.sources)
        line = " · ".join((words.period(query, self.language), measure, sources))
        self._text(_MARGIN, y + 0.55, line, size=10.5, color=_INK)
        self._text(_MARGIN, y + 0.79, words.definition(query, self.language), size=8.5, color=_QUIET)

    def column_heads(self) -> None:
        for i, topic in enumerate(self.heatmap.topics):
            name = words.topic_name(topic, self.language)
            x, y = self.layout.left + (i + 0.5) * self.layout.column, self.layout.top - 0.09
            if self.language == "en":
                self._text(x - 0.08, y, _cut(name, 24), size=9, color=_INK, rotation=48, va="bottom", ha="left")
                continue
            first, second = _two_lines(name)
            self._text(x, y - (0.19 if second else 0.06), first, size=9.5, color=_INK, ha="center", va="baseline")
            self._text(x, y - 0.01, second, size=9.5, color=_INK, ha="center", va="baseline")

    def row(self, index: int, row: Row) -> None:
        y = self.layout.top + index * _ROW
        calls = words.calls_label(row.calls, self.language)
        right = self.layout.left - 0.12
        count_width = 0.075 * max(_columns(words.calls_label(r.calls, self.language)) for r in self.rows) + 0.06
        label = _cut(words.row_label(row, self.language), int((_LABELS - count_width - 0.2) / 0.071))
        self._text(right, y + _ROW / 2, calls, size=8.5, color=_QUIET, ha="right")
        self._text(right - count_width, y + _ROW / 2, label, size=10, color=_INK, ha="right")
        for i, topic in enumerate(self.heatmap.topics):
            self._cell(self.layout.left + i * self.layout.column, y, self.heatmap.value(row, topic[0]))

    def _cell(self, x: float, y: float, value: float) -> None:
        text = words.cell_text(value, self.heatmap.query.measure)
        level = value / self.top_value
        face = colour(level) if text else _EMPTY
        self._box(x, y, self.layout.column - _GAP, _ROW - _GAP, face)
        if text:
            middle = x + (self.layout.column - _GAP) / 2
            self._text(middle, y + (_ROW - _GAP) / 2, text, size=9, color=ink(level), ha="center")

    def bar(self) -> None:
        """Colour bar with its ends labelled, beside the cells."""
        x = self.layout.left + len(self.heatmap.topics) * self.layout.column + 0.3
        height = min(3.2, max(_LEAST_BODY, len(self.rows) * _ROW) - _GAP)
        steps = 64
        for i in range(steps):
            self._box(
                x, self.layout.top + i * height / steps, 0.16, height / steps + 0.004, colour(1 - i / (steps - 1))
            )
        name = words.measure_name(self.heatmap.query.measure, self.language)
        for level in (1.0, 0.5, 0.0):
            value = level * self.top_value
            text = words.cell_text(value, self.heatmap.query.measure) or "0"
            self._text(x + 0.22, self.layout.top + (1 - level) * height, text, size=8.5, color=_QUIET)
        if self.language == "en":
            self._text(x + 0.62, self.layout.top + height / 2, name, size=8.5, color=_QUIET, rotation=270, ha="center")
        else:
            for i, line in enumerate(reversed(_chunks(name, 4))):
                self._text(x - 0.05, self.layout.top - 0.2 - i * 0.16, line, size=8.5, color=_QUIET)

    def emptiness(self) -> None:
        y = _EDGE + _TITLE + 0.1
        self._box(_MARGIN, y, self.layout.width - 2 * _MARGIN, 2.4, _EMPTY)
        note = words.empty_note(self.language)
        self._text(self.layout.width / 2, y + 1.2, note, size=13, color=_QUIET, ha="center")

    def foot(self) -> None:
        notes = _notes(self.heatmap, self.language)
        for i, note in enumerate(notes):
            y = self.layout.height - _EDGE - 0.2 * (len(notes) - 1 - i)
            self._text(_MARGIN, y, _cut(note, 150), size=8.5, color=_QUIET)

    def png(self, dpi: int) -> bytes:
        out = io.BytesIO()
        self.figure.set_dpi(dpi)
        self.canvas.print_png(out, metadata={"Software": "speechsvc"})
        return out.getvalue()

    def _text(self, x: float, y: float, text: str, *, size: float, color: str, **options: Any) -> None:
        settings = {"ha": "left", "va": "center", "rotation_mode": "anchor"} | options
        self.figure.text(
            x / self.layout.width,
            1 - y / self.layout.height,
            self.parts.drawable(text),
            fontproperties=self.parts.font(size),
            color=color,
            parse_math=False,  # a customer called "$A$" is no formula
            **settings,
        )

    def _box(self, x: float, y: float, width: float, height: float, face: str) -> None:
        w, h = self.layout.width, self.layout.height
        self.figure.add_artist(
            self.parts.rectangle(
                (x / w, 1 - (y + height) / h), width / w, height / h, facecolor=face, edgecolor="none", linewidth=0
            )
        )


def _notes(heatmap: Heatmap, language: str) -> list[str]:
    """What a reader must know about what is not in the picture."""
    notes = [words.unknown_note(heatmap, language)]
    if len(heatmap.rows) > MOST_ROWS:
        total = len(heatmap.rows)
        zh = f"共 {total} 行，图中只显示前 {MOST_ROWS} 行；导出 Excel 或 CSV 可得全部"
        en = f"The first {MOST_ROWS} of {total} rows are shown; the Excel and CSV exports have all"
        notes.insert(0, en if language == "en" else zh)
    return [n for n in notes if n]


def _columns(text: str) -> int:
    """Width in half-width characters."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def _cut(text: str, columns: int) -> str:
    """At most so many half-width characters, with an ellipsis where something was cut."""
    if _columns(text) <= columns:
        return text
    kept, used = "", 1
    for c in text:
        used += _columns(c)
        if used > columns:
            break
        kept += c
    return kept.rstrip() + "…"


def _two_lines(name: str) -> tuple[str, str]:
    """A column head in two lines of at most four characters."""
    if len(name) <= 3:
        return name, ""
    half = (len(name) + 1) // 2
    return _cut(name[:half], 8), _cut(name[half:], 8)


def _chunks(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


def _comma(language: str) -> str:
    return ", " if language == "en" else "、"
