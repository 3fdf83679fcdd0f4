"""Sheets of text as files: an Excel workbook, or a zip archive of CSV files."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

from speechsvc.errors import SpeechsvcError
from speechsvc.tagging.lexicon_sheets import Sheets

_CELL_CHARACTERS = 32_767  # Excel's limit
_UNPACKED_BYTES = 64 << 20  # a small archive can hold endless zeros
_FORMULA = ("=", "+", "-", "@", "\t", "'")  # a spreadsheet would calculate these; an apostrophe says that they are text
_UNSAFE = "_x005F_"  # what a workbook writes for an underscore that begins such an escape
_TIME = (1980, 1, 1, 0, 0, 0)  # the same content makes the same file


class TableUnreadable(SpeechsvcError):
    """The table cannot be read: {problem}"""

    code, status = "table_unreadable", 422
    zh = "表格无法读取：{problem}"
    advice = "Export the lexicon in the same format and compare; save as .xlsx, or as CSV in UTF-8."
    advice_zh = "请用相同格式导出词库对照；保存为 .xlsx 或 UTF-8 编码的 CSV。"


class FormatUnusable(SpeechsvcError):
    """This format cannot hold it: {problem}"""

    code, status = "format_unusable", 422
    zh = "该格式无法容纳：{problem}"
    advice, advice_zh = "Use YAML instead.", "请改用 YAML。"


def write_xlsx(sheets: Sheets) -> bytes:
    """All cells are text, so that a spreadsheet turns no 27001 into a number. Raises FormatUnusable."""
    import xlsxwriter  # here: only who exports pays for it

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    text, head = (
        book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}),
        book.add_format({"bold": True}),
    )
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        sheet.set_column(0, len(rows[0]) - 1, 22, text)
        sheet.freeze_panes(1, 0)
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                if len(cell) > _CELL_CHARACTERS or _UNSAFE in cell:
                    raise FormatUnusable(problem=f"sheet {name}, row {y + 1}: a cell is too long, or holds {_UNSAFE}")
                if cell:
                    sheet.write_string(y, x, cell, head if y == 0 else text)
    book.close()
    return out.getvalue()


def read_xlsx(data: bytes) -> Sheets:
    """Raises TableUnreadable."""
    import openpyxl

    _check_archive(data)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return {sheet.title.strip().lower(): [[_text(c) for c in r] for r in sheet.values] for sheet in book.worksheets}
    except TableUnreadable:
        raise
    except Exception as error:  # the library has no error of its own for a broken file
        raise TableUnreadable(problem=f"not a workbook ({type(error).__name__})") from error


def write_csv(sheets: Sheets) -> bytes:
    """UTF-8 with a byte order mark, which Excel needs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in sheets.items():
            page = io.StringIO(newline="")
            csv.writer(page).writerows([[_guarded(cell) for cell in row] for row in rows])
            archive.writestr(zipfile.ZipInfo(f"{name}.csv", _TIME), page.getvalue().encode("utf-8-sig"))
    return out.getvalue()


def read_csv(data: bytes) -> Sheets:
    """A zip archive of topics.csv, entries.csv, examples.csv (about.csv may be missing). Raises TableUnreadable."""
    _check_archive(data)
    sheets: Sheets = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                short = name.rsplit("/", 1)[-1].lower()
                if short.endswith(".csv"):
                    rows = csv.reader(io.StringIO(_decoded(archive.read(name)), newline=""), strict=True)
                    sheets[short.removesuffix(".csv")] = [[_unguarded(cell) for cell in row] for row in rows]
    except (zipfile.BadZipFile, csv.Error, NotImplementedError, RuntimeError, EOFError) as error:
        raise TableUnreadable(problem=str(error)) from error
    return sheets


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise TableUnreadable(problem="not a workbook or zip archive") from error
    if unpacked > _UNPACKED_BYTES:
        raise TableUnreadable(problem=f"more than {_UNPACKED_BYTES >> 20} MB when unpacked")


def _decoded(data: bytes) -> str:
    """Chinese Excel saves CSV as GBK unless told otherwise."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableUnreadable(problem="neither UTF-8 nor GBK text")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    raise TableUnreadable(problem=f"a cell holds a {type(value).__name__}, {value}; format the column as text")


def _guarded(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell
