"""Writes a recording as a WAV that every browser plays, with chosen spans silenced (masked personal data)."""

from __future__ import annotations

import os
import wave
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from speechsvc.audio.decode import RATE, DecodedAudio, DecodeLimits, decode
from speechsvc.audio.mapped import forget

Silence = tuple[int | None, float, float]  # (channel or all, start seconds, end seconds)

_BLOCK = RATE * 60  # samples written in one go
_FADE = RATE // 200  # 5 ms: an abrupt cut would click


def write_playback(source: DecodedAudio | Path, out: Path, silence: Sequence[Silence]) -> None:
    """Writes `out` as 16 kHz PCM16 with the source's channel count; spans in `silence` hold zeros.

    `source` is decoded audio or the path of a recording. `out` appears complete or not at all.
    Raises the errors of `decode`.
    """
    if isinstance(source, DecodedAudio):
        _write(source, out, silence)
        return
    with TemporaryDirectory(prefix="speechsvc-playback-", ignore_cleanup_errors=True) as folder:
        _write(decode(source, Path(folder)), out, silence)


class WavPlayback:
    """The `Playback` port over `write_playback`."""

    def __init__(self, limits: DecodeLimits | None = None, temp: Path | None = None) -> None:
        self._limits, self._temp = limits, temp

    def write(self, recording: Path, out: Path, silence: Sequence[Silence], decoded: Any = None) -> None:
        """From `decoded` where the opener has kept it, else from `recording`."""
        if isinstance(decoded, DecodedAudio):
            _write(decoded, out, silence)
            return
        with TemporaryDirectory(prefix="speechsvc-playback-", dir=self._temp, ignore_cleanup_errors=True) as folder:
            _write(decode(recording, Path(folder), self._limits), out, silence)


def _write(audio: DecodedAudio, out: Path, silence: Sequence[Silence]) -> None:
    part = out.with_name(out.name + ".part")
    try:
        with wave.open(str(part), "wb") as file:
            file.setnchannels(audio.channels)
            file.setsampwidth(2)
            file.setframerate(RATE)
            for start in range(0, len(audio.samples), _BLOCK):
                block = np.array(audio.samples[start : start + _BLOCK], dtype="<i2")
                _silence(block, start, silence)
                file.writeframesraw(block.tobytes())
                forget(audio.samples)
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)


def _silence(block: npt.NDArray[np.int16], offset: int, silence: Sequence[Silence]) -> None:
    """Zeroes the spans that touch this block; its first sample is number `offset` of the recording."""
    for channel, start_s, end_s in silence:
        start = max(0, int(start_s * RATE) - offset)
        end = min(len(block), int(np.ceil(end_s * RATE)) - offset)
        if start >= end:
            continue
        columns = slice(None) if channel is None else slice(channel, channel + 1)
        _fade(block[max(0, start - _FADE) : start, columns], falling=True)
        block[start:end, columns] = 0
        _fade(block[end : end + _FADE, columns], falling=False)


def _fade(edge: npt.NDArray[np.int16], *, falling: bool) -> None:
    ramp = np.linspace(0.0, 1.0, len(edge) + 2)[1:-1, None]
    edge[:] = (edge * (ramp[::-1] if falling else ramp)).astype(np.int16)
