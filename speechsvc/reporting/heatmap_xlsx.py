"""The heatmap as an Excel workbook: numbers stay numbers, the colour scale is Excel's own, rows and heads stay in view.

Written part by part (ECMA-376, SpreadsheetML): two sheets need no library. Text is stored as text, never as a formula.
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.sax.saxutils import escape

from speechsvc.domain.heatmap import Heatmap, Measure
from speechsvc.reporting import heatmap_words as words
from speechsvc.reporting.heatmap_scale import STOPS

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BOLD, _PERCENT, _ONE_DECIMAL, _WHOLE, _WRAPPED = 1, 2, 3, 4, 5  # positions in cellXfs below
_FORMAT = {Measure.SHARE: _PERCENT, Measure.MENTIONS: _ONE_DECIMAL, Measure.SECONDS: _WHOLE}
_OLDEST = (1980, 1, 1, 0, 0, 0)  # a fixed time, so that the same heatmap gives the same bytes
_FIRST_CELL = 4  # columns before the topics: label, key, calls, unknown share
_MOST_TEXT = 32_767  # characters Excel keeps in a cell


def heatmap_xlsx(heatmap: Heatmap, language: str = "zh") -> bytes:
    """A sheet with the heatmap in the asked measure, and one that says what it means."""
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(language),
        "xl/_rels/workbook.xml.rels": _relations(
            [("worksheet", "worksheets/sheet1.xml"), ("worksheet", "worksheets/sheet2.xml"), ("styles", "styles.xml")]
        ),
        "xl/styles.xml": _styles(),
        "xl/worksheets/sheet1.xml": _heatmap_sheet(heatmap, language),
        "xl/worksheets/sheet2.xml": _meaning_sheet(heatmap, language),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _OLDEST), _HEAD + text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _heatmap_sheet(heatmap: Heatmap, language: str) -> str:
    english = language == "en"
    head = ["Id", "Effective calls", "Unknown speakers"] if english else ["编号", "有效通话", "未知说话人占比"]
    names = [words.topic_name(t, language) for t in heatmap.topics]
    rows = [[_text(x, _WRAPPED) for x in (words.row_name(heatmap.query.row, language), *head, *names)]]
    style = _FORMAT[heatmap.query.measure]
    for row in heatmap.rows:
        first = [_text(words.row_label(row, language)), _text(row.key), _number(row.calls, _WHOLE)]
        values = [_number(heatmap.value(row, t[0]), style) for t in heatmap.topics]
        rows.append([*first, _number(row.unknown_share, _PERCENT), *values])
    return (
        f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozen"/>'
        "</sheetView></sheetViews>"
        f'<cols><col min="1" max="1" width="28" customWidth="1"/><col min="2" max="2" width="14" customWidth="1"/>'
        f'<col min="3" max="{_FIRST_CELL + max(1, len(names))}" width="10" customWidth="1"/></cols>'
        f"{_sheet_data(rows)}{_colour_scale(len(heatmap.rows), len(names))}</worksheet>"
    )


def _meaning_sheet(heatmap: Heatmap, language: str) -> str:
    query = heatmap.query
    notes = [
        words.title(heatmap, language),
        words.period(query, language),
        words.measure_name(query.measure, language),
        words.definition(query, language),
        words.unknown_note(heatmap, language),
    ]
    rows = [[_text(note, _BOLD if i == 0 else 0)] for i, note in enumerate(n for n in notes if n)]
    columns = '<cols><col min="1" max="1" width="90" customWidth="1"/></cols>'
    return f'<worksheet xmlns="{_MAIN}">{columns}{_sheet_data(rows)}</worksheet>'


def _sheet_data(rows: list[list[str]]) -> str:
    """Each cell is XML with {at} where its address belongs."""
    lines = []
    for y, row in enumerate(rows, start=1):
        cells = "".join(cell.replace("{at}", f"{_column(x)}{y}", 1) for x, cell in enumerate(row))
        lines.append(f'<row r="{y}">{cells}</row>')
    return f"<sheetData>{''.join(lines)}</sheetData>"


def _text(text: str, style: int = 0) -> str:
    clean = escape(_ILLEGAL.sub("", text)[:_MOST_TEXT])
    return f'<c r="{{at}}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{clean}</t></is></c>'


def _number(value: float, style: int) -> str:
    return f'<c r="{{at}}" s="{style}"><v>{value}</v></c>'


def _colour_scale(rows: int, topics: int) -> str:
    if not rows or not topics:
        return ""
    area = f"{_column(_FIRST_CELL)}2:{_column(_FIRST_CELL + topics - 1)}{rows + 1}"
    return (
        f'<conditionalFormatting sqref="{area}"><cfRule type="colorScale" priority="1"><colorScale>'
        f'<cfvo type="num" val="0"/><cfvo type="max"/><color rgb="FFFFFFFF"/><color rgb="FF{STOPS[3][1:].upper()}"/>'
        "</colorScale></cfRule></conditionalFormatting>"
    )


def _column(index: int) -> str:
    """0 -> A, 26 -> AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def _workbook(language: str) -> str:
    first, second = ("Heatmap", "Meaning") if language == "en" else ("热力图", "说明")
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets><sheet name="{first}" sheetId="1" r:id="rId1"/>'
        f'<sheet name="{second}" sheetId="2" r:id="rId2"/></sheets></workbook>'
    )


def _styles() -> str:
    formats = [(0, 0, ""), (0, 1, ""), (9, 0, ""), (164, 0, ""), (3, 0, ""), (0, 1, '<alignment wrapText="1"/>')]
    xfs = "".join(
        f'<xf numFmtId="{n}" fontId="{f}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"'
        + (f' applyAlignment="1">{a}</xf>' if a else "/>")
        for n, f, a in formats
    )
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="0.0"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill>'
        '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(formats)}">{xfs}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _content_types() -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "/xl/workbook.xml": f"{kind}.sheet.main+xml",
        "/xl/styles.xml": f"{kind}.styles+xml",
        "/xl/worksheets/sheet1.xml": f"{kind}.worksheet+xml",
        "/xl/worksheets/sheet2.xml": f"{kind}.worksheet+xml",
    }
    overrides = "".join(f'<Override PartName="{p}" ContentType="{t}"/>' for p, t in parts.items())
    defaults = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
    )
    return f'<Types xmlns="{_PACKAGE}/content-types">{defaults}{overrides}</Types>'


def _relations(targets: list[tuple[str, str]]) -> str:
    links = "".join(
        f'<Relationship Id="rId{i}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'
