"""Two hundred calls in a row through the speech stage of one process: how much memory each hundred leaves behind.

No peer: the figure is the slope of memory over calls after a warm-up, by least squares."""

from __future__ import annotations

import gc
import tempfile
import wave
from functools import partial
from pathlib import Path

import numpy as np
import psutil

from speechsvc.bootstrap import Application
from tests.bench.calls import SAMPLES
from tests.bench.result import Result, in_turns, versus
from tests.bench.stage import queue_call, recognise_next, stage_application

CALLS, QUICK = 200, 30
WARM_UP = 0.2  # share of the calls before memory is looked at
SECONDS = (4, 6, 9)  # lengths of the calls, in turn


def run(quick: bool) -> list[Result]:
    """Calls a second, and MB per 100 calls."""
    count = QUICK if quick else CALLS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        application = stage_application(folder / "ours", 2, profile="fast")
        recordings = [_cut(folder / f"{n}.wav", number, seconds) for n, (number, seconds) in enumerate(_cuts())]
        memory: list[float] = []
        series = in_turns(1, {"ours": partial(_all, application, recordings, count, memory)}, warm_up=False)
        application.close()
    kept = memory[int(len(memory) * WARM_UP) :]
    details = {
        "MB per 100 calls": round(slope(kept) * 100, 2),
        "MB after warm-up": round(kept[0]),
        "MB at the end": round(kept[-1]),
        "most MB": round(max(memory)),
    }
    return versus("soak", f"{count} short calls, fast", "calls/s", series, details)


def slope(values: list[float]) -> float:
    """Of the straight line through the values by least squares, a step."""
    return float(np.polyfit(range(len(values)), values, 1)[0])


def _all(application: Application, recordings: list[Path], count: int, memory: list[float]) -> float:
    process = psutil.Process()
    for n in range(count):
        queue_call(application, recordings[n % len(recordings)])
        recognise_next(application)
        gc.collect()
        memory.append(process.memory_info().rss / 2**20)
    return count


def _cuts() -> list[tuple[int, int]]:
    return [(number, seconds) for number in range(1, 7) for seconds in SECONDS]


def _cut(path: Path, number: int, seconds: int) -> Path:
    """The first seconds of a sample call."""
    with wave.open(str(SAMPLES / f"call{number}.wav")) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(seconds * source.getframerate()))
    return path
