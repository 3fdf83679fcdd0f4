"""What a telephone does to a voice, and log-mel features exactly as faster-whisper computes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.signal import firwin, resample_poly

from models.recipe.voice import RATE

MODEL_RATE = 16_000  # Hz
HOP = 160  # samples a frame
LOWEST, HIGHEST = -10.0, 4.0  # of log10 mel power; quantised to bytes in between
Samples = npt.NDArray[np.float32]
_A, _LOG_A, _LOG_MU = 87.6, 1 + math.log(87.6), math.log(256)
_WINDOW = np.hanning(401)[:-1].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Line:
    """One connection: all that a speaker says in a stream goes through the same."""

    telephone: bool  # 8 kHz and G.711, else wide band
    gain: float
    noise: float  # standard deviation, of full scale 1
    law: str  # u or a

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Line:
        noise = float(10 ** rng.uniform(-4.3, -2.2)) if rng.random() < 0.8 else 0.0
        return cls(bool(rng.random() < 0.65), float(rng.uniform(0.25, 0.95)), noise, "u" if rng.random() < 0.7 else "a")

    def carry(self, samples: Samples, rng: np.random.Generator) -> Samples:
        """What arrives at 16 kHz of `samples` at espeak-ng's rate."""
        if not self.telephone:
            wide = _resampled(samples, 320, 441) * self.gain
            return wide + _hiss(rng, self.noise, len(wide)) if self.noise else wide
        narrow = _resampled(samples, 160, 441) * self.gain
        if self.noise:
            narrow = narrow + _hiss(rng, self.noise, len(narrow))
        return _resampled(_companded(narrow, self.law), 2, 1)


def _hiss(rng: np.random.Generator, level: float, count: int) -> Samples:
    return rng.standard_normal(count, np.float32) * np.float32(level)


def _resampled(samples: Samples, up: int, down: int) -> Samples:
    return resample_poly(samples, up, down, window=_low_pass(max(up, down))).astype(np.float32, copy=False)


@cache
def _low_pass(most: int) -> Samples:
    """The filter that resample_poly would design anew at every call."""
    return firwin(20 * most + 1, 1 / most, window=("kaiser", 5.0)).astype(np.float32)


def _companded(x: Samples, law: str) -> Samples:
    """G.711 there and back, by its formula with 8 bits."""
    x = np.clip(x, -1, 1)
    size = np.abs(x)
    if law == "u":
        steps = np.round(np.log1p(255 * size) * (127 / _LOG_MU))
        return np.sign(x) * (np.exp(steps * (_LOG_MU / 127)) - 1) / 255
    steps = np.round(np.where(size < 1 / _A, _A * size, 1 + np.log(np.maximum(_A * size, 1))) * (127 / _LOG_A))
    y = steps * (_LOG_A / 127)
    return np.sign(x) * np.where(y < 1, y, np.exp(y - 1)) / _A


def log_mel(samples: Samples, filters: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """log10 mel power, shape (frames, 80), before clamping; `filters` has shape (80, 201)."""
    padded = np.pad(np.pad(samples, (0, HOP)), (200, 200), mode="reflect")
    count = 1 + (len(padded) - 400) // HOP
    frames = np.lib.stride_tricks.as_strided(padded, (count, 400), (padded.strides[0] * HOP, padded.strides[0]))
    power = np.abs(np.fft.rfft(frames * _WINDOW, axis=1))[:-1] ** 2
    return np.log10(np.maximum(power.astype(np.float32) @ filters.T, 1e-10))


def quantised(mel: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Bytes in steps of 0.055: half a decibel, below what the noise added in training changes."""
    return np.round((np.clip(mel, LOWEST, HIGHEST) - LOWEST) * (255 / (HIGHEST - LOWEST))).astype(np.uint8)


def frames_of(times: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Samples at espeak-ng's rate as feature frames."""
    return (times * (MODEL_RATE / RATE / HOP)).astype(np.float32)
