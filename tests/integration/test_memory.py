"""A call may be long: the memory for it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.memory import measure, pause, sample_call, write_call

pytestmark = pytest.mark.serial


def test_memory_does_not_grow_with_the_call(tmp_path: Path) -> None:
    """40 minutes hold 150 MB of samples; read and kept, they would show.

    The short call loads the model, too, and fills the windows in which everything works (5 minutes at most).
    """
    short = measure(write_call(tmp_path / "short.wav", [sample_call(1), pause(340)]))
    parts = [part for number in (1, 2, 3) for part in (sample_call(number), pause(720))]
    long = measure(write_call(tmp_path / "long.wav", parts))
    assert long.duration > 5 * short.duration
    assert long.segments > 2 * short.segments
    assert long.worker - short.worker < 80
    assert abs(long.decoder - short.decoder) < 40
