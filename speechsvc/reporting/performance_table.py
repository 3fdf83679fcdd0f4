"""The performance report as CSV and as an Excel workbook: one line a follow-up."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import xlsxwriter

from speechsvc.domain.performance import Performance, Standing

COLUMNS = ("key", "label", "list", "followup_id", "state", "total", "machine_total", "reasons")
_HEADS = {
    "zh": ("编号", "姓名或团队", "归类", "跟进", "状态", "得分", "机器评分", "原因"),
    "en": ("Id", "Name or team", "List", "Follow-up", "State", "Score", "Machine score", "Reasons"),
}
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def performance_csv(rows: Sequence[Performance]) -> bytes:
    """With a byte order mark for spreadsheets; no cell begins a formula. Columns and codes are the API's."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for cells in _lines(rows):
        writer.writerow([_plain(c) for c in cells])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def performance_xlsx(rows: Sequence[Performance], language: str = "zh") -> bytes:
    """Scores are numbers; heads stay in view and filter."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
        sheet = book.add_worksheet("Performance" if language == "en" else "业绩")
        bold = book.add_format({"bold": True})
        for x, head in enumerate(_HEADS[language]):
            sheet.write_string(0, x, head, bold)
        lines = list(_lines(rows))
        for y, cells in enumerate(lines, start=1):
            for x, cell in enumerate(cells):
                if isinstance(cell, int):
                    sheet.write_number(y, x, cell)
                elif cell:
                    sheet.write_string(y, x, _ILLEGAL.sub("", cell))
        sheet.set_column(0, 6, 16)
        sheet.set_column(7, 7, 40)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(lines), len(COLUMNS) - 1)
    return out.getvalue()


def _lines(rows: Sequence[Performance]) -> Iterator[tuple[str | int | None, ...]]:
    for row in rows:
        for name, found in (("counted", row.counted), ("excluded", row.excluded), ("pending", row.pending)):
            for f in found:
                yield _line(row, name, f)


def _line(row: Performance, name: str, f: Standing) -> tuple[str | int | None, ...]:
    return row.key, row.label, name, f.followup_id, f.state, f.total, f.machine_total, " ".join(f.reasons)


def _plain(cell: str | int | None) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
