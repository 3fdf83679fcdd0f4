"""The workbook is read back part by part, as a spreadsheet program would."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import pytest

from speechsvc.domain.heatmap import Measure
from speechsvc.reporting.heatmap_xlsx import heatmap_xlsx
from tests.unit.reporting.heatmaps import sample

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def parts(book: bytes) -> dict[str, ElementTree.Element]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        assert archive.testzip() is None
        return {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}


def cells(book: bytes, sheet: int = 1) -> dict[str, str | float]:
    found: dict[str, str | float] = {}
    for cell in parts(book)[f"xl/worksheets/sheet{sheet}.xml"].iter(f"{MAIN}c"):
        assert cell.find(f"{MAIN}f") is None  # never a formula
        text, value = cell.find(f"{MAIN}is/{MAIN}t"), cell.find(f"{MAIN}v")
        found[cell.attrib["r"]] = (text.text or "") if text is not None else float(value.text)  # type: ignore
    return found


def test_numbers_are_numbers_under_their_heads() -> None:
    read = cells(heatmap_xlsx(sample()))
    assert [read[f"{c}1"] for c in "ABCDEFG"][:5] == ["客户", "编号", "有效通话", "未知说话人占比", "预算审批"]
    assert (read["A2"], read["C2"], read["D2"], read["E2"], read["F2"]) == ("恒信医疗", 8, 0.1, 0.375, 0)
    assert cells(heatmap_xlsx(sample(Measure.SECONDS), "en"))["E2"] == 42.5


def test_the_second_sheet_says_what_it_means() -> None:
    words = " ".join(str(v) for v in cells(heatmap_xlsx(sample()), 2).values())
    assert "2026-11-01 至 2026-11-30" in words
    assert "有效通话 ÷" in words


@pytest.mark.parametrize("text", ["=1+1", "<b>&\"'", "a\x00b\x1f\ud800c", "x" * 40_000, "{at}", ""])
def test_any_label_makes_a_readable_book(text: str) -> None:
    read = cells(heatmap_xlsx(sample(labels=(text,)), "en"))
    clean = text.replace("\x00", "").replace("\x1f", "").replace("\ud800", "")[:32_767]
    assert read["A2"] == (clean or "c0")


def test_more_than_26_columns_and_no_rows() -> None:
    topics = tuple((f"t{i}", f"主题{i}", f"Topic {i}") for i in range(30))
    read = cells(heatmap_xlsx(sample(topics=topics)))
    assert read["AH1"] == "主题29"
    empty = parts(heatmap_xlsx(sample(labels=())))
    assert empty["xl/worksheets/sheet1.xml"].find(f"{MAIN}conditionalFormatting") is None


def test_every_part_is_declared_and_linked() -> None:
    book = parts(heatmap_xlsx(sample()))
    declared = {e.attrib["PartName"][1:] for e in book["[Content_Types].xml"] if "PartName" in e.attrib}
    linked = {f"xl/{e.attrib['Target']}" for e in book["xl/_rels/workbook.xml.rels"]} | {"xl/workbook.xml"}
    assert declared == linked == {n for n in book if n.startswith("xl/") and "_rels" not in n}


def test_the_same_heatmap_gives_the_same_bytes() -> None:
    assert heatmap_xlsx(sample()) == heatmap_xlsx(sample())
