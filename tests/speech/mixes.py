"""Mono recordings of two people, as an old call system keeps them: both voices on one telephone line."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile as sf

from tests.speech.voices import RATE, Samples, Voice, say

_FRAME = RATE // 100
_QUIET = 0.01  # of the voice's loudest frame: below it nobody speaks
_PAUSE = 0.5  # seconds; a shorter pause belongs to the turn, as for talk time


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One turn as it was really spoken."""

    speaker: str
    start: float  # seconds
    end: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What the line does to the voices."""

    loudness_db: tuple[float, float] = (0.0, -5.0)  # of the first and of the second speaker
    noise_db: float = -50.0  # of full scale
    low_hz: float = 300.0  # lower edge of the band, 3 dB down
    low_order: int = 2  # 6 dB an octave each
    gap: tuple[float, float] = (-0.3, 0.8)  # seconds between turns; below 0 they overlap


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """A mono recording at 8 kHz and what is in it."""

    sound: Samples  # shape (samples,)
    said: tuple[Said, ...]
    speech: tuple[Said, ...] = field(default=())  # where each really makes sound; longer pauses left out

    def write(self, path: Path) -> Path:
        """G.711 u-law in WAV."""
        sf.write(path, self.sound, RATE, subtype="ULAW", format="WAV")
        return path


def mix(turns: Sequence[tuple[str, str]], voices: dict[str, Voice], *, seed: str, line: Line | None = None) -> Mix:
    """Speaks `turns` of (speaker, text) after one another into one channel of telephone band, u-law and noise."""
    line = line or Line()
    rng = random.Random(seed)
    gains = dict(zip(voices, (10 ** (db / 20) for db in line.loudness_db), strict=False))
    at, last, placed, said = 0.6, 0.0, [], []
    for speaker, text in turns:
        sound = _trimmed(say(text, voices[speaker])) * gains.get(speaker, 1.0)
        start = max(last, at)
        placed.append((speaker, start, sound))
        last = start + 0.1  # an overlap never puts turns out of order
        end = start + len(sound) / RATE
        said.append(Said(speaker=speaker, start=start, end=end, text=text))
        at = end + rng.uniform(*line.gap)
    whole = np.zeros(int((said[-1].end + 0.6) * RATE), dtype=np.float32)
    for _, start, sound in placed:
        first = int(start * RATE)
        whole[first : first + len(sound)] += 0.5 * sound[: len(whole) - first]
    speech = [s for speaker, start, sound in placed for s in _audible(speaker, start, sound)]
    return Mix(sound=_line(whole, line, rng), said=tuple(said), speech=tuple(speech))


def _line(sound: Samples, line: Line, rng: random.Random) -> Samples:
    """Band of the telephone up to 3400 Hz, then hiss, then u-law."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    low = (hertz / line.low_hz) ** line.low_order
    edge = low / np.sqrt(1 + low**2) * np.clip((3550 - hertz) / 150, 0, 1)
    narrow = np.fft.irfft(spectrum * edge, len(sound))
    hiss = np.random.default_rng(rng.randrange(1 << 30)).normal(0, 10 ** (line.noise_db / 20), len(sound))
    box = io.BytesIO()
    sf.write(box, np.clip(narrow + hiss, -1, 1), RATE, subtype="ULAW", format="WAV")
    box.seek(0)
    return sf.read(box, dtype="float32")[0]


def _loudness(sound: Samples) -> Samples:
    """RMS of each 10 ms, shape (frames,)."""
    count = len(sound) // _FRAME
    return np.sqrt(np.square(sound[: count * _FRAME].reshape(count, _FRAME)).mean(axis=1))


def _trimmed(sound: Samples) -> Samples:
    """Without the silence that espeak-ng puts around a sentence."""
    loud = _loudness(sound)
    heard = np.flatnonzero(loud > _QUIET * loud.max()) if len(loud) else np.array([])
    return sound[heard[0] * _FRAME : (heard[-1] + 1) * _FRAME] if len(heard) else sound


def _audible(speaker: str, start: float, sound: Samples) -> list[Said]:
    loud = _loudness(sound)
    heard = np.flatnonzero(loud > _QUIET * loud.max()) if len(loud) and loud.max() > 0 else np.array([], dtype=int)
    if not len(heard):
        return []
    breaks = np.flatnonzero(np.diff(heard) > _PAUSE * 100)
    firsts, lasts = [heard[0], *heard[breaks + 1]], [*heard[breaks], heard[-1]]
    return [
        Said(speaker=speaker, start=start + a / 100, end=start + (b + 1) / 100, text="")
        for a, b in zip(firsts, lasts, strict=True)
    ]
