"""The heatmap as a picture: drawn for real, then looked at pixel by pixel where it matters."""

import io
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from speechsvc.domain.heatmap import Measure
from speechsvc.reporting.heatmap_image import MOST_ROWS, heatmap_png
from speechsvc.reporting.heatmap_scale import colour
from speechsvc.reporting.matplotlib_parts import FONT
from tests.unit.reporting.heatmaps import sample

DPI = 60


def pixels(png: bytes) -> "np.ndarray":
    assert png.startswith(b"\x89PNG")
    return (imread(io.BytesIO(png))[..., :3] * 255).round().astype(int)


def count(image: "np.ndarray", hexadecimal: str) -> int:
    rgb = [int(hexadecimal[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(image - rgb).max(axis=2) <= 1).sum())


def test_the_cell_has_the_colour_of_its_value() -> None:
    image = pixels(heatmap_png(sample(), dpi=DPI))
    level = 0.375 / 0.4
    assert count(image, colour(level)) > 300
    assert count(image, "#f4f6f9") > 5 * 300  # the five cells without a mention stay quiet


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("measure", list(Measure))
def test_every_language_and_measure_draws_without_a_warning(language: str, measure: Measure) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        heatmap_png(sample(measure), language, dpi=DPI)


def test_labels_are_drawn_literally() -> None:
    hard = ("$\\frac{1}{0}$", "Acme $1 & $2", "😀 한국어 ⿰", "很长的客户名称" * 20, "", "多行\n名称\x00")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing character would warn
        image = pixels(heatmap_png(sample(labels=hard), dpi=DPI))
    assert image.shape[1] < 1000  # a long label is cut, it does not widen the picture


def test_names_are_in_the_font() -> None:
    from matplotlib.ft2font import FT2Font

    have = FT2Font(str(FONT)).get_charmap()
    assert not [c for c in "赟喆堃祎犇翀旻彧玥珺瑄婳翊骎镕头预算审批（）“”…·÷≥" if ord(c) not in have]
    assert FONT.stat().st_size <= 4 << 20
    assert "SIL OPEN FONT LICENSE" in FONT.with_name("OFL.txt").read_text("utf-8")


def test_many_rows_are_cut_with_a_note() -> None:
    full = pixels(heatmap_png(sample(labels=tuple(f"客户{i}" for i in range(MOST_ROWS))), dpi=DPI))
    more = pixels(heatmap_png(sample(labels=tuple(f"客户{i}" for i in range(MOST_ROWS + 30))), dpi=DPI))
    assert 0 < more.shape[0] - full.shape[0] < 0.36 * DPI  # one line of note, not thirty rows


def test_an_empty_heatmap_says_so() -> None:
    image = pixels(heatmap_png(sample(labels=()), dpi=DPI))
    assert image.shape[0] > 150
    middle = image[image.shape[0] // 2 : -30, image.shape[1] // 3 : -image.shape[1] // 3]
    assert (np.abs(middle - [0xF4, 0xF6, 0xF9]).max(axis=2) > 60).sum() > 50  # the words


def test_the_same_heatmap_gives_the_same_bytes() -> None:
    assert heatmap_png(sample(), dpi=DPI) == heatmap_png(sample(), dpi=DPI)


def test_works_without_a_usable_home_and_writes_nothing_there(tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    (work / "matplotlibrc").write_text("figure.facecolor: red\ntext.color: red\nfont.size: 40\n")
    code = (
        "import os, sys\n"
        "from tests.unit.reporting.heatmaps import sample\n"
        "from speechsvc.reporting.heatmap_image import heatmap_png\n"
        "sys.stdout.buffer.write(heatmap_png(sample(), dpi=60))\n"
        "assert 'MPLCONFIGDIR' not in os.environ\n"
    )
    root = str(Path(__file__).parents[3])
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG", "MPL"))}
    env |= {"HOME": str(home), "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"}
    for value in (str(home), "/nonexistent"):
        done = subprocess.run([sys.executable, "-c", code], cwd=work, env=env | {"HOME": value}, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stderr == b""
        assert done.stdout == heatmap_png(sample(), dpi=60)
    assert list(home.rglob("*")) == []
