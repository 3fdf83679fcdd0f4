"""Twenty stereo calls of 1 to 10 minutes: our fast profile, laid out for this machine, beside the direct call.

The direct call is what one would write by hand: one process, all threads, one call after the other. Both have their
models loaded; same audio, model, compute type and threads in all. Ours also decodes in a limited child process, keeps
talk time and guards the text."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from speechsvc.bootstrap import recognition_layout
from speechsvc.config import Settings
from speechsvc.transcription.layout import Layout
from tests.bench.calls import BenchCall, Heard, error_rate, joined_call, spoken_call
from tests.bench.result import Result, in_turns, versus
from tests.bench.speech import DIRECT, Transcribe, direct, ours

MINUTES = (10, 1, 8, 1.5, 6, 2, 5, 2.5, 4, 1, 3, 3.5, 2, 1.5, 1, 4.5, 2.5, 1, 1.5, 2)  # of the twenty calls
QUICK = (1.5, 1, 1, 1)

_here: dict[str, Transcribe] = {}  # in a process of the pool: its loaded model


def run(quick: bool) -> list[Result]:
    """Seconds of audio a second, over the whole batch in two halves: ours, peer, ours, peer."""
    with tempfile.TemporaryDirectory() as folder:
        calls = make_calls(Path(folder), QUICK if quick else MINUTES)
        layout = recognition_layout(Settings(_env_file=None, model="demo", device="cpu"))
        return _compare(calls, layout)


def make_calls(folder: Path, minutes: Sequence[float]) -> list[BenchCall]:
    """Every fourth call is spoken by espeak-ng where it is installed; the others are joined from sample calls."""
    calls = []
    for n, length in enumerate(minutes):
        path = folder / f"call{n}.wav"
        spoken = spoken_call(path, 60 * length, seed=n) if n % 4 == 3 else None
        calls.append(spoken or joined_call(path, 60 * length, seed=n))
    return calls


def _compare(calls: list[BenchCall], layout: Layout) -> list[Result]:
    halves = [calls[0::2], calls[1::2]]
    heard: dict[str, dict[str, Heard]] = {"fast": {}, DIRECT: {}}
    left = {name: iter(halves) for name in heard}
    busy = dict.fromkeys(heard, 0.0)  # seconds of processor time
    _here[DIRECT] = direct(layout.processes * layout.threads)
    spawn = get_context("spawn")
    with ProcessPoolExecutor(layout.processes, spawn, initializer=_load, initargs=(layout.threads,)) as pool:
        list(pool.map(_wait, [1.0] * layout.processes))  # every process has loaded its model

        def work(name: str) -> float:
            half = sorted(next(left[name]), key=lambda call: -call.seconds)
            paths = [call.path for call in half]
            run = partial(_transcribe, name)
            for path, (words, used) in zip(paths, (pool.map if name == "fast" else map)(run, paths), strict=True):
                heard[name][path.name] = words
                busy[name] += used
            return sum(call.seconds for call in half)

        series = in_turns(len(halves), {name: partial(work, name) for name in heard}, warm_up=False)
    details: dict[str, Any] = {
        "audio s": round(sum(call.seconds for call in calls)),
        "layout of ours": f"{layout.processes} x {layout.threads}",
        "threads of the direct call": layout.processes * layout.threads,
        "s of processor time": {name: round(used) for name, used in busy.items()},
        "direct : ours in processor time": round(busy[DIRECT] / busy["fast"], 2),
        "CER": {name: round(error_rate(calls, words), 4) for name, words in heard.items()},
    }
    return versus("throughput", f"{len(calls)} calls, fast", "audio s/s", series, details)


def _load(threads: int) -> None:
    _here["fast"] = ours(threads, profile="fast")


def _transcribe(name: str, path: Path) -> tuple[Heard, float]:
    """The words, and seconds of processor time that they took with all children."""
    before = os.times()
    words = _here[name](path)
    return words, sum(os.times()[:4]) - sum(before[:4])


def _wait(seconds: float) -> None:
    """Keeps one process busy so that the next call starts another."""
    time.sleep(seconds)
