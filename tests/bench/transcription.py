"""Each recognition profile beside faster-whisper called by hand for each channel: one process, same model and threads.

Ours also decodes in a limited child process, keeps talk time, marks invented phrases and trims times."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.calls import SAMPLES, BenchCall, Heard, error_rate
from tests.bench.result import Result, Series, in_turns, versus
from tests.bench.speech import DIRECT, Transcribe, direct, ours

THREADS = 2
PROFILES = ("sequential", "fast", "batched")


@dataclass(kw_only=True)
class Contender:
    """One way to transcribe, and what it heard in each call."""

    transcribe: Transcribe
    heard: dict[str, Heard] = field(default_factory=dict)


def run(quick: bool) -> list[Result]:
    """Seconds of audio transcribed a second; one repetition is one sample call."""
    calls = [_sample(path) for path in sorted(SAMPLES.glob("call*.wav"))[: 2 if quick else None]]
    contenders = {profile: Contender(transcribe=ours(THREADS, profile=profile)) for profile in PROFILES}
    contenders[DIRECT] = Contender(transcribe=direct(THREADS))
    left = {name: iter(calls) for name in contenders}

    def next_call(name: str) -> float:
        call = next(left[name])
        contenders[name].heard[call.path.name] = contenders[name].transcribe(call.path)
        return call.seconds

    works = {name: (lambda name=name: next_call(name)) for name in contenders}
    series = in_turns(len(calls), works, warm_up=False)
    details = _details(series, calls, contenders)
    results = []
    for profile in PROFILES:
        pair = {profile: series[profile], DIRECT: series[DIRECT]}
        case = f"{len(calls)} sample calls, {profile}"
        results += versus("transcription", case, "audio s/s", pair, details[profile], computing=True)
    return results


def _sample(path: Path) -> BenchCall:
    facts = json.loads(path.with_suffix(".json").read_text("utf-8"))
    left, right = ("".join(t["text"] for t in facts["turns"] if t["channel"] == channel) for channel in (0, 1))
    return BenchCall(path=path, seconds=float(facts["duration"]), said=(left, right))


def _details(
    series: dict[str, Series], calls: list[BenchCall], contenders: dict[str, Contender]
) -> dict[str, dict[str, Any]]:
    """Computing seconds, real-time factor, and character error rate, of each profile and of the direct call."""
    total = sum(call.seconds for call in calls)
    facts = {}
    for name, one in contenders.items():
        took = sum(call.seconds / rate for call, rate in zip(calls, series[name].values, strict=True))
        facts[name] = {
            "s": round(took, 1),
            "real-time factor": round(took / total, 4),
            "median call's factor": round(1 / median(series[name].values), 4),
            "slowest call's factor": round(1 / min(series[name].values), 4),
            "CER": round(error_rate(calls, one.heard), 4),
        }
    common = {"audio s": round(total), "threads": THREADS}
    return {profile: common | {profile: facts[profile], DIRECT: facts[DIRECT]} for profile in PROFILES}
