"""Synthetic Chinese voices: espeak-ng speaks numbered pinyin, since its own dictionary spells most characters out."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
import pytest
import soundfile as sf
from pypinyin import Style, lazy_pinyin

RATE = 8000  # samples a second, as on the telephone
Samples = npt.NDArray[np.float32]
NO_ESPEAK = "espeak-ng is not installed; get it with: apt-get install espeak-ng, or: brew install espeak-ng"


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """A variant of espeak-ng's pinyin voice; `speed` in words a minute, `pitch` 0 to 99."""

    variant: str
    speed: int = 170
    pitch: int = 50


def need_espeak() -> None:
    """Skips where espeak-ng is missing; in CI that is a failure."""
    if shutil.which("espeak-ng"):
        return
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(NO_ESPEAK)
    pytest.skip(NO_ESPEAK)


def say(text: str, voice: Voice) -> Samples:
    """`text` at 8 kHz, shape (samples,), -1 to 1. Latin letters and digits are not spoken."""
    words = _numbered(text)
    if not words:
        return np.zeros(RATE // 10, dtype=np.float32)
    name = f"cmn-latn-pinyin+{voice.variant}"
    command = ["espeak-ng", "-v", name, "-s", str(voice.speed), "-p", str(voice.pitch), "--stdout", words]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    sound, rate = sf.read(io.BytesIO(_with_length(wav)), dtype="float32")
    return resample(sound, rate, RATE)


def resample(sound: Samples, rate: int, to: int) -> Samples:
    """With FFmpeg's resampler, as the service's own decoder."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound, dtype=np.float32)[None], "flt", "mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler("flt", "mono", to)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([f.to_ndarray()[0] for f in frames]).astype(np.float32)


def _numbered(text: str) -> str:
    """Pinyin with tone numbers, clauses apart by commas: qing3 wen4, wei4."""
    clauses = [re.sub(r"[^\u4e00-\u9fff]", "", c) for c in re.split(r"[，。？！、；：…—,.?!\s]+", text)]
    return ", ".join(
        " ".join(lazy_pinyin(c, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True)) for c in clauses if c
    )


def _with_length(wav: bytes) -> bytes:
    """espeak-ng writes a pipe before it knows the length: put the lengths into the header."""
    size = len(wav)
    return wav[:4] + (size - 8).to_bytes(4, "little") + wav[8:40] + (size - 44).to_bytes(4, "little") + wav[44:]
