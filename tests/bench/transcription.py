"""The whole transcription stage beside faster-whisper called by hand for each channel, same model, same threads.

Ours also decodes in a limited child process, keeps talk time, marks invented phrases and trims times."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import jiwer
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio

from speechsvc.bootstrap import build_transcriber
from speechsvc.config import Settings
from speechsvc.resources import bundled
from tests.bench.result import Result, Series, in_turns, versus

THREADS = 2
SAMPLES = bundled("models") / "sample-calls"

Heard = tuple[str, str]  # words of the left and of the right channel


@dataclass(kw_only=True)
class Contender:
    """One way to transcribe, and what it heard in each call."""

    transcribe: Callable[[Path], Heard]
    heard: dict[str, Heard] = field(default_factory=dict)


def run(quick: bool) -> list[Result]:
    """Seconds of audio transcribed a second; one repetition is one sample call."""
    calls = sorted(SAMPLES.glob("call*.wav"))[: 2 if quick else None]
    seconds = {path.name: json.loads(path.with_suffix(".json").read_text("utf-8"))["duration"] for path in calls}
    contenders = {"ours": Contender(transcribe=_ours()), "faster-whisper direct": Contender(transcribe=_direct())}
    for one in contenders.values():
        one.transcribe(calls[0])  # loads the model
    left = {name: iter(calls) for name in contenders}

    def next_call(name: str) -> float:
        path = next(left[name])
        contenders[name].heard[path.name] = contenders[name].transcribe(path)
        return float(seconds[path.name])

    works = {name: (lambda name=name: next_call(name)) for name in contenders}
    series = in_turns(len(calls), works, warm_up=False)
    details = _details(series, seconds, contenders)
    return versus("transcription", f"{len(calls)} sample calls", "audio s/s", series, details, computing=True)


def _details(series: dict[str, Series], seconds: dict[str, float], contenders: dict[str, Contender]) -> dict[str, Any]:
    """Audio and computing seconds, real-time factor, and character error rate against what was really said."""
    details: dict[str, Any] = {"audio s": sum(seconds.values()), "threads": THREADS}
    for name, one in contenders.items():
        took = sum(s / rate for s, rate in zip(seconds.values(), series[name].values, strict=True))
        details[name] = {
            "s": round(took, 1),
            "real-time factor": round(took / sum(seconds.values()), 4),
            "median call's factor": round(1 / median(series[name].values), 4),
            "slowest call's factor": round(1 / min(series[name].values), 4),
            "CER": round(_error_rate(one.heard), 4),
        }
    return details


def _ours() -> Callable[[Path], Heard]:
    data = Path(tempfile.gettempdir())  # the bundled model needs no folder of downloads
    settings = Settings(
        _env_file=None, data_dir=data, model="demo", device="cpu", compute_type="int8", cpu_threads=THREADS
    )
    engine = build_transcriber(settings)

    def transcribe(path: Path) -> Heard:
        found = engine.transcribe(path, channels=None, language="zh", progress=lambda fraction: None)
        left, right = ("".join(s.text for s in found.segments if s.channel == channel) for channel in (0, 1))
        return left, right

    return transcribe


def _direct() -> Callable[[Path], Heard]:
    model = WhisperModel(str(bundled("models") / "demo"), device="cpu", compute_type="int8", cpu_threads=THREADS)

    def side(samples: np.ndarray) -> str:
        found, _ = model.transcribe(
            np.ascontiguousarray(samples), language="zh", beam_size=5, vad_filter=True, condition_on_previous_text=False
        )
        return "".join(segment.text for segment in found)

    def transcribe(path: Path) -> Heard:
        left, right = decode_audio(str(path), split_stereo=True)
        return side(left), side(right)

    return transcribe


def _error_rate(heard: dict[str, Heard]) -> float:
    said, words = [], []
    for name, channels in heard.items():
        turns = json.loads((SAMPLES / name).with_suffix(".json").read_text("utf-8"))["turns"]
        for number, text in enumerate(channels):
            said.append(_plain("".join(t["text"] for t in turns if t["channel"] == number)))
            words.append(_plain(text))
    return float(jiwer.process_characters(said, words).cer)


def _plain(text: str) -> str:
    return re.sub(r"[^\w]", "", text)
