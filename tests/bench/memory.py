"""Peak memory of the whole speech stage for a short and a long call; each in a fresh process. There is no peer."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from tests.bench.result import Result, Series
from tests.support.memory import RATE, Peaks, measure, pause, sample_call, write_call

_TALK = 0.25  # share of the call in which people speak


def run(quick: bool) -> list[Result]:
    """Ten minutes and four hours (quick: ten minutes and one hour); a quarter of each is conversation."""
    lengths = {"10-minute call": 600, "1-hour call": 3600} if quick else {"10-minute call": 600, "4-hour call": 14_000}
    with tempfile.TemporaryDirectory() as folder:
        found = {name: measure(_call(Path(folder) / "call.wav", seconds)) for name, seconds in lengths.items()}
    first = next(iter(found.values()))
    return [_result(name, peaks, first) for name, peaks in found.items()]


def _call(path: Path, seconds: float) -> Path:
    parts, long = [], 0.0
    for number in itertools.cycle(range(1, 7)):
        if long >= seconds:
            return write_call(path, parts)
        talk = sample_call(number)
        parts += [talk, pause(len(talk) / RATE * (1 / _TALK - 1))]
        long += len(talk) / RATE / _TALK
    raise AssertionError


def _result(name: str, peaks: Peaks, first: Peaks) -> Result:
    rate = peaks.duration / peaks.seconds
    details = {
        "worker's peak MB": peaks.worker,
        "decoder's peak MB": peaks.decoder,
        "worker's MB over the first": round(peaks.worker - first.worker, 1),
        "audio s": peaks.duration,
        "segments": peaks.segments,
    }
    ours = Series(name="ours", values=(rate,), processor=(rate,))
    return Result(benchmark="memory", case=name, unit="audio s/s", ours=ours, details=details)
