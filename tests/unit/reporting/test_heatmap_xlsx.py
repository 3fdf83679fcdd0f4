"""The workbook is read back with another library, as a spreadsheet program would."""

from __future__ import annotations

import io

import openpyxl
import pytest

from speechsvc.domain.heatmap import Measure
from speechsvc.reporting.heatmap_xlsx import heatmap_xlsx
from tests.unit.reporting.heatmaps import sample


def read(book: bytes, sheet: int = 0) -> list[list[object]]:
    rows = openpyxl.load_workbook(io.BytesIO(book)).worksheets[sheet].iter_rows()
    found = [list(row) for row in rows]
    assert not [c for row in found for c in row if c.data_type == "f"], "never a formula"
    return [[c.value for c in row] for row in found]


def test_numbers_are_numbers_under_their_heads() -> None:
    rows = read(heatmap_xlsx(sample()))
    assert rows[0][:5] == ["客户", "编号", "有效通话", "未知说话人占比", "预算审批"]
    assert [rows[1][i] for i in (0, 2, 3, 4, 5)] == ["恒信医疗", 8, 0.1, 0.375, 0]
    assert read(heatmap_xlsx(sample(Measure.SECONDS), "en"))[1][4] == 42.5


def test_shares_are_shown_as_per_cent_and_coloured() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(heatmap_xlsx(sample()))).worksheets[0]
    assert sheet["E2"].number_format == "0%"
    assert sheet.freeze_panes == "B2"
    assert len(sheet.conditional_formatting) == 1


def test_the_second_sheet_says_what_it_means() -> None:
    words = " ".join(str(row[0]) for row in read(heatmap_xlsx(sample()), 1))
    assert "2026-11-01 至 2026-11-30" in words
    assert "有效通话 ÷" in words


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "<b>&\"'", "a\x00b\x1f\ud800c", "x" * 40_000, "0123", ""])
def test_any_label_makes_a_readable_book(text: str) -> None:
    rows = read(heatmap_xlsx(sample(labels=(text,)), "en"))
    clean = text.replace("\x00", "").replace("\x1f", "").replace("\ud800", "")[:32_767]
    assert rows[1][0] == (clean or "c0")


def test_more_than_26_columns_and_no_rows() -> None:
    topics = tuple((f"t{i}", f"主题{i}", f"Topic {i}") for i in range(30))
    assert read(heatmap_xlsx(sample(topics=topics)))[0][33] == "主题29"
    empty = openpyxl.load_workbook(io.BytesIO(heatmap_xlsx(sample(labels=())))).worksheets[0]
    assert len(empty.conditional_formatting) == 0


def test_the_same_heatmap_gives_the_same_bytes() -> None:
    assert heatmap_xlsx(sample()) == heatmap_xlsx(sample())
