"""The heatmap on a terminal: however narrow, no number is cut."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from speechsvc.reporting.heatmap_table import heatmap_text
from tests.unit.reporting.heatmaps import sample


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [60, 80, 120, 240])
def test_no_number_and_no_heading_is_cut(width: int, language: str) -> None:
    console = Console(file=io.StringIO(), width=width)
    console.print(heatmap_text(sample(), language, width))
    assert "…" not in console.file.getvalue()  # type: ignore[attr-defined]
