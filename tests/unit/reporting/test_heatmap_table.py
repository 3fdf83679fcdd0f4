"""JSON, CSV and terminal table of a heatmap."""

import csv
import io

import pytest
from rich.console import Console

from speechsvc.domain.heatmap import Measure
from speechsvc.reporting.heatmap_scale import STOPS, WHITE_FROM, colour, ink, top_of_scale
from speechsvc.reporting.heatmap_table import heatmap_csv, heatmap_json, heatmap_text
from speechsvc.reporting.heatmap_words import cell_text, percent, period
from tests.unit.reporting.heatmaps import TOPICS, sample


def read(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")  # Excel reads UTF-8 only with it
    return list(csv.reader(io.StringIO(text[1:])))


def test_json_holds_all_measures_and_the_asked_value() -> None:
    data = heatmap_json(sample(Measure.MENTIONS), link=lambda row, topic: f"/m?{row.key}&{topic}")
    cell = data["rows"][0]["cells"]["budget_approval"]
    assert cell["share"] == pytest.approx(3 / 8)
    assert cell["mentions"] == cell["value"] == pytest.approx(6 / 8)
    assert cell["seconds"] == 42.5
    assert cell["mentions_url"] == "/m?c0&budget_approval"
    assert data["rows"][1]["cells"] == {}
    assert data["from"] == "2026-11-01T00:00:00+08:00"
    assert [t["id"] for t in data["topics"]] == [t[0] for t in TOPICS]


def test_csv_in_both_languages() -> None:
    lines = read(heatmap_csv(sample()))
    assert lines[0] == ["客户", "编号", "有效通话", "未知说话人占比", "预算审批", "价格折扣", "决策链"]
    assert lines[1] == ["恒信医疗", "c0", "8", "10.0%", "37.5%", "0.0%", "0.0%"]
    assert read(heatmap_csv(sample(), "en"))[0][:2] == ["Customer", "Id"]
    assert read(heatmap_csv(sample(Measure.SECONDS)))[1][4] == "42.5"


@pytest.mark.parametrize("evil", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_csv_never_starts_a_formula(evil: str) -> None:
    topics = (("t", evil, evil),)
    for line in read(heatmap_csv(sample(labels=(evil,), topics=topics))):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line)


def test_csv_quotes_separators() -> None:
    assert read(heatmap_csv(sample(labels=('甲,"乙"\n丙',))))[1][0] == '甲,"乙"\n丙'


def printed(width: int, **options: object) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(heatmap_text(sample(**options), width=width))  # type: ignore[arg-type]
    return console.export_text()


def test_terminal_table_shows_values_and_notes() -> None:
    text = printed(100)
    assert "38%" in text
    assert "恒信医疗" in text
    assert "2026-11-01 至 2026-11-30" in text
    assert "10%" in text  # unknown speakers
    assert "没有有效通话" in printed(100, labels=())


def test_terminal_table_fits_narrow_terminals() -> None:
    topics = tuple((f"t{i}", f"主题{i:02d}", f"Topic {i}") for i in range(18)) + TOPICS[:1]
    text = printed(60, topics=topics)
    assert "38%" in text  # the topic spoken of most stays
    assert "/19" in text
    assert max(len(line) for line in text.splitlines()) <= 60


def test_terminal_table_takes_labels_literally() -> None:
    assert "[red]x[/]" in printed(100, labels=("[red]x[/]",))


@pytest.mark.parametrize(
    ("value", "text"), [(0.001, "<1%"), (0.375, "38%"), (0.996, "99%"), (1.0, "100%"), (0.0, "0%")]
)
def test_percent(value: float, text: str) -> None:
    assert percent(value) == text


def test_cell_text() -> None:
    assert cell_text(0, Measure.SHARE) == ""
    assert cell_text(0.04, Measure.MENTIONS) == "<0.1"
    assert cell_text(1.25, Measure.MENTIONS) == "1.2"
    assert cell_text(0.2, Measure.SECONDS) == "<1"
    assert cell_text(1234.4, Measure.SECONDS) == "1,234"


def test_period_names_the_last_day_included() -> None:
    assert period(sample().query, "zh") == "2026-11-01 至 2026-11-30"


def luminance(hexadecimal: str) -> float:
    channels = [int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_scale_gets_darker_all_the_way_and_text_reads_on_it() -> None:
    lights = [luminance(colour(i / 100)) for i in range(101)]
    assert lights == sorted(lights, reverse=True)
    assert colour(0) == STOPS[0]
    assert colour(1) == STOPS[-1]
    for i in range(101):
        a, b = sorted((luminance(colour(i / 100)), luminance(ink(i / 100))))
        assert (b + 0.05) / (a + 0.05) >= 4.4, i
    assert 0 < WHITE_FROM < 1


def test_top_of_scale_is_a_round_number_no_smaller_than_any_value() -> None:
    assert top_of_scale(sample()) == 0.4
    assert top_of_scale(sample(Measure.SECONDS)) == 50
    assert top_of_scale(sample(labels=())) == 0.2
