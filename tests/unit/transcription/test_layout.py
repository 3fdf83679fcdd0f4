"""Processes and threads for machines of several kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from speechsvc.transcription.layout import choose_layout, model_memory_mb

SMALL, TURBO = 600, 3000


@pytest.mark.parametrize(
    ("cores", "memory_mb", "model_mb", "device", "expected"),
    [
        (1, 8_000, SMALL, "cpu", (1, 1)),
        (2, 8_000, SMALL, "cpu", (2, 1)),
        (8, 32_000, SMALL, "cpu", (8, 1)),
        (8, 4_000, SMALL, "cpu", (4, 2)),  # memory for four
        (1, 8_000, TURBO, "cpu", (1, 1)),
        (2, 8_000, TURBO, "cpu", (1, 2)),
        (8, 32_000, TURBO, "cpu", (2, 4)),
        (8, 8_000, TURBO, "cpu", (1, 8)),  # memory for one
        (16, 64_000, TURBO, "cuda", (1, 4)),
        (2, 1_000, TURBO, "cpu", (1, 2)),  # too little memory is no reason to run nothing
    ],
)
def test_layout(cores: int, memory_mb: float, model_mb: float, device: str, expected: tuple[int, int]) -> None:
    layout = choose_layout(cores=cores, memory_mb=memory_mb, model_mb=model_mb, device=device)
    assert (layout.processes, layout.threads) == expected
    assert layout.processes * layout.threads <= max(cores, 1)
    assert layout.why
    assert layout.why_zh


def test_what_is_set_is_kept() -> None:
    layout = choose_layout(cores=8, memory_mb=32_000, model_mb=SMALL, device="cpu", processes=3)
    assert (layout.processes, layout.threads) == (3, 2)
    layout = choose_layout(cores=8, memory_mb=32_000, model_mb=SMALL, device="cpu", processes=1, threads=5)
    assert (layout.processes, layout.threads) == (1, 5)


def test_memory_of_a_model(tmp_path: Path) -> None:
    assert model_memory_mb("large-v3-turbo") >= 1000
    (tmp_path / "model.bin").write_bytes(bytes(3_000_000))
    assert model_memory_mb(str(tmp_path)) == pytest.approx(506)
