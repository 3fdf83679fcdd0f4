"""Ways to turn a recording into words that the speech benchmarks compare: ours by profile, and the library by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio

from speechsvc.bootstrap import build_transcriber
from speechsvc.config import Settings
from speechsvc.resources import bundled
from tests.bench.calls import Heard

Transcribe = Callable[[Path], Heard]
DIRECT = "faster-whisper direct"


def ours(threads: int, **changes: Any) -> Transcribe:
    """Decode to guarded transcript in this process, model loaded."""
    data = Path(tempfile.gettempdir())  # the bundled model needs no folder of downloads
    settings = Settings(
        _env_file=None,
        data_dir=data,
        model="demo",
        device="cpu",
        compute_type="int8",
        asr_processes=1,
        cpu_threads=threads,
        **changes,
    )
    engine = build_transcriber(settings)
    engine.warm_up()

    def transcribe(path: Path) -> Heard:
        found = engine.transcribe(path, channels=None, language="zh", progress=lambda fraction: None)
        left, right = ("".join(s.text for s in found.segments if s.channel == channel) for channel in (0, 1))
        return left, right

    return transcribe


def direct(threads: int) -> Transcribe:
    """What one would write by hand: decode, split, transcribe each channel; model loaded."""
    model = WhisperModel(str(bundled("models") / "demo"), device="cpu", compute_type="int8", cpu_threads=threads)

    def side(samples: np.ndarray) -> str:
        found, _ = model.transcribe(
            np.ascontiguousarray(samples), language="zh", beam_size=5, vad_filter=True, condition_on_previous_text=False
        )
        return "".join(segment.text for segment in found)

    def transcribe(path: Path) -> Heard:
        left, right = decode_audio(str(path), split_stereo=True)
        return side(left), side(right)

    return transcribe
