"""Peak memory of the speech stage, measured in a process of its own: `python -m tests.support.memory CALL`.

Counted is resident memory, with mapped files, of the worker and, apart, of the decoder child that it starts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil

from speechsvc.bootstrap import build_transcriber
from speechsvc.config import Settings
from speechsvc.resources import bundled

SAMPLES = bundled("models") / "sample-calls"
RATE = 8000  # Hz, of the sample calls
_EVERY = 0.02  # seconds between two looks


@dataclass(frozen=True, kw_only=True, slots=True)
class Peaks:
    """What one call cost."""

    worker: float  # MB, at most
    decoder: float  # MB, at most
    duration: float  # seconds of audio
    seconds: float  # that it took, the loading of the model included
    segments: int


def measure(call: Path) -> Peaks:
    """In a fresh process, so that nothing of an earlier call counts."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.memory", str(call)], stdout=subprocess.PIPE, text=True, check=True
    )
    return Peaks(**json.loads(done.stdout.splitlines()[-1]))


def write_call(path: Path, parts: Sequence[npt.NDArray[np.int16]]) -> Path:
    """A stereo WAV of these parts at 8 kHz, shape (samples, 2) each."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for part in parts:
            file.writeframesraw(part.astype("<i2").tobytes())
    return path


def sample_call(number: int) -> npt.NDArray[np.int16]:
    """A bundled call, shape (samples, 2)."""
    with wave.open(str(SAMPLES / f"call{number}.wav"), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)


def pause(seconds: float) -> npt.NDArray[np.int16]:
    """Line noise without anybody."""
    return np.random.default_rng(7).normal(0, 3, (int(seconds * RATE), 2)).astype(np.int16)


class _Watch(threading.Thread):
    """Looks at this process and its children until stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.worker = self.decoder = 0
        self._ended = threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(_EVERY):
            self.worker = max(self.worker, me.memory_info().rss)
            for child in me.children(recursive=True):
                try:
                    self.decoder = max(self.decoder, child.memory_info().rss)
                except psutil.Error:
                    continue

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _run(call: Path) -> Peaks:
    """The stage as a worker runs it: transcript, then the playback copy."""
    from speechsvc.audio.playback import WavPlayback

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder), model="demo", device="cpu", cpu_threads=2)
        watch, started = _Watch(), time.monotonic()
        watch.start()
        transcript = build_transcriber(settings).transcribe(
            call, channels=None, language="zh", progress=lambda fraction: None
        )
        WavPlayback().write(call, Path(folder) / "playback.wav", [(None, 1.0, 2.0)])
        watch.stop()
    return Peaks(
        worker=round(watch.worker / 1e6, 1),
        decoder=round(watch.decoder / 1e6, 1),
        duration=transcript.duration,
        seconds=round(time.monotonic() - started, 1),
        segments=len(transcript.segments),
    )


if __name__ == "__main__":
    print(json.dumps(asdict(_run(Path(sys.argv[1])))))
