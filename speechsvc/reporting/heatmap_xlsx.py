"""The heatmap as an Excel workbook: numbers stay numbers, the colour scale is Excel's own, heads stay in view."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from speechsvc.domain.heatmap import Heatmap, Measure
from speechsvc.reporting import heatmap_words as words
from speechsvc.reporting.heatmap_scale import STOPS

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMAT = {Measure.SHARE: "0%", Measure.MENTIONS: "0.0", Measure.SECONDS: "0"}
_FIRST_CELL = 4  # columns before the topics: label, key, calls, unknown share
_MOST_TEXT = 32_767  # characters Excel keeps in a cell
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def heatmap_xlsx(heatmap: Heatmap, language: str = "zh") -> bytes:
    """A sheet with the heatmap in the asked measure, and one that says what it means."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
        styles = {name: book.add_format({"num_format": name}) for name in ("0%", "0.0", "0")}
        wrapped = book.add_format({"text_wrap": True, "bold": True, "valign": "top"})
        sheet = book.add_worksheet("Heatmap" if language == "en" else "热力图")
        _head(sheet, heatmap, language, wrapped)
        for y, row in enumerate(heatmap.rows, start=1):
            sheet.write_string(y, 0, _clean(words.row_label(row, language)))
            sheet.write_string(y, 1, _clean(row.key))
            sheet.write_number(y, 2, row.calls, styles["0"])
            sheet.write_number(y, 3, row.unknown_share, styles["0%"])
            for x, topic in enumerate(heatmap.topics, start=_FIRST_CELL):
                sheet.write_number(y, x, heatmap.value(row, topic[0]), styles[_FORMAT[heatmap.query.measure]])
        _colour(sheet, len(heatmap.rows), len(heatmap.topics))
        _meaning(book.add_worksheet("Meaning" if language == "en" else "说明"), heatmap, language)
    return out.getvalue()


def _head(sheet: Worksheet, heatmap: Heatmap, language: str, style: object) -> None:
    fixed = (
        ["Id", "Effective calls", "Unknown speakers"] if language == "en" else ["编号", "有效通话", "未知说话人占比"]
    )
    names = [words.topic_name(t, language) for t in heatmap.topics]
    for x, text in enumerate([words.row_name(heatmap.query.row, language), *fixed, *names]):
        sheet.write_string(0, x, _clean(text), style)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 14)
    sheet.set_column(2, _FIRST_CELL + max(1, len(names)) - 1, 10)
    sheet.freeze_panes(1, 1)


def _colour(sheet: Worksheet, rows: int, topics: int) -> None:
    if rows and topics:
        scale = {
            "type": "2_color_scale",
            "min_type": "num",
            "min_value": 0,
            "min_color": "#FFFFFF",
            "max_color": STOPS[3],
        }
        sheet.conditional_format(1, _FIRST_CELL, rows, _FIRST_CELL + topics - 1, scale)


def _meaning(sheet: Worksheet, heatmap: Heatmap, language: str) -> None:
    query = heatmap.query
    notes = (
        words.title(heatmap, language),
        words.period(query, language),
        words.measure_name(query.measure, language),
        words.definition(query, language),
        words.unknown_note(heatmap, language),
    )
    for y, note in enumerate(n for n in notes if n):
        sheet.write_string(y, 0, _clean(note))
    sheet.set_column(0, 0, 90)


def _clean(text: str) -> str:
    """Text as Excel may hold it; never a formula."""
    return _ILLEGAL.sub("", text)[:_MOST_TEXT]
