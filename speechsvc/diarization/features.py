"""What of a voice is left on the telephone: 20 ms frames of cepstrum and pitch, for the speech of one recording.

Frames live in memory while one recording is worked on, and nowhere else.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE = 16_000
HOP = 320  # samples a frame, 20 ms
_WIDE = 640  # samples looked at for pitch: two periods of a deep voice
_WINDOW = 480  # samples looked at for the cepstrum, in the middle of the wide ones
_FFT = 512
_LOW, _HIGH = 200.0, 3600.0  # Hz: what a telephone carries
_BANDS, _CEPSTRA = 24, 16  # the loudness (cepstrum 0) is left out
_PITCH = (60.0, 400.0)  # Hz
_VOICED = 0.5  # autocorrelation from which a pitch is believed
_BLOCK = 3000  # frames computed at once: a minute
_ENOUGH = 100_000  # frames from which mean and deviation are taken
_QUIET = 5.0  # natural logarithms of power, about 22 dB, below loud speech: such frames tell nothing about a voice

Span = tuple[int, int]  # start and end in samples
Floats = npt.NDArray[np.float32]
DIMENSIONS = _CEPSTRA + 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frames:
    """Frames of the spans, one after another."""

    values: Floats  # shape (frames, DIMENSIONS), mean 0 and deviation 1 over the active frames of the recording
    active: npt.NDArray[np.bool_]  # loud enough to tell a voice, shape (frames,)
    span: npt.NDArray[np.int32]  # index of the span of each frame
    start: npt.NDArray[np.int64]  # first sample of each frame

    def __len__(self) -> int:
        return len(self.start)


def speech_frames(samples: npt.NDArray[np.int16], spans: Sequence[Span]) -> Frames:
    """Frames of all spans. `samples` is int16 at 16 kHz, shape (samples,); memory follows the speech, 90 B a frame."""
    count = sum(-(-(last - first) // HOP) for first, last in spans)
    values = np.empty((count, DIMENSIONS), dtype=np.float32)
    power = np.empty(count, dtype=np.float32)
    span, start = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int64)
    done = 0
    for i, at, block in _blocks(samples, spans):
        described, loudness = _describe(block)
        part = slice(done, done + len(loudness))
        values[part], power[part], span[part] = described, loudness, i
        start[part] = at + HOP * np.arange(len(loudness))
        done += len(loudness)
    if not count:
        return Frames(values=values, active=power > 0, span=span, start=start)
    active = power >= np.percentile(power, 95) - _QUIET
    _standardise(values, active)
    return Frames(values=values, active=active, span=span, start=start)


def _blocks(samples: npt.NDArray[np.int16], spans: Sequence[Span]) -> Iterator[tuple[int, int, Floats]]:
    """(span, first sample, samples with half a window more on each side as float32)."""
    margin = (_WIDE - HOP) // 2
    for i, (first, last) in enumerate(spans):
        for at in range(first, last, HOP * _BLOCK):
            count = -(-(min(last, at + HOP * _BLOCK) - at) // HOP)
            low, high = at - margin, at + count * HOP + margin
            block = np.zeros(high - low, dtype=np.float32)
            part = samples[max(0, low) : high]
            block[max(0, -low) : max(0, -low) + len(part)] = part
            yield i, at, block / 32768.0
        _forget(samples)


def _forget(samples: npt.NDArray[np.int16]) -> None:
    """Gives back pages of a mapped file, which would count as memory of this process."""
    mapped = getattr(samples, "_mmap", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _describe(block: Floats) -> tuple[Floats, Floats]:
    """Cepstra with the logarithm of the pitch (NaN where there is none), and log power, a row a frame."""
    wide = np.lib.stride_tricks.sliding_window_view(block, _WIDE)[::HOP]
    middle = (_WIDE - _WINDOW) // 2
    spectrum = np.abs(np.fft.rfft(wide[:, middle : middle + _WINDOW] * _TAPER, _FFT)) ** 2
    bands = np.log(spectrum @ _MEL.T + 1e-7)
    values = np.concatenate([bands @ _COSINES.T, _pitch(wide)[:, None]], axis=1)
    return values.astype(np.float32), bands.mean(axis=1).astype(np.float32)


def _pitch(wide: Floats) -> npt.NDArray[np.float64]:
    """Logarithm of the pitch in Hz by autocorrelation, NaN where a frame is not voiced."""
    centred = wide - wide.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(centred, 2 * _WIDE)) ** 2
    longest, shortest = int(RATE / _PITCH[0]), int(RATE / _PITCH[1])
    correlation = np.fft.irfft(power)[:, : longest + 1]
    overlap = 1 - np.arange(shortest, longest + 1) / _WIDE  # a longer lag compares fewer samples
    likeness = correlation[:, shortest:] / (correlation[:, :1] + 1e-9) / overlap
    # the shortest lag that is nearly as good: twice a period fits as well as the period
    good = likeness >= 0.9 * likeness.max(axis=1, keepdims=True)
    lag = shortest + good.argmax(axis=1)
    return np.where(likeness.max(axis=1) >= _VOICED, np.log(RATE / lag), np.nan)


def _standardise(values: Floats, active: npt.NDArray[np.bool_]) -> None:
    """In place, by mean and deviation of the active frames; a missing pitch becomes the mean, which favours nobody."""
    chosen = np.flatnonzero(active)
    known = values[chosen[:: 1 + len(chosen) // _ENOUGH]]
    if np.isnan(known[:, -1]).all():  # nobody voiced at all
        known[:, -1] = 0.0
    values -= np.nanmean(known, axis=0)
    values /= np.maximum(np.nanstd(known, axis=0), 1e-3)
    np.nan_to_num(values, copy=False)


def _mel_filters() -> npt.NDArray[np.float64]:
    def mel(hertz: float) -> float:
        return float(2595 * np.log10(1 + hertz / 700))

    edges = 700 * (10 ** (np.linspace(mel(_LOW), mel(_HIGH), _BANDS + 2) / 2595) - 1)
    hertz = np.fft.rfftfreq(_FFT, 1 / RATE)
    up = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(up, down), 0, None)


_MEL = _mel_filters()
_TAPER = np.hanning(_WINDOW)
_COSINES = np.cos(np.pi / _BANDS * (np.arange(_BANDS) + 0.5) * np.arange(1, _CEPSTRA + 1)[:, None])
