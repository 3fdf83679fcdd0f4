"""Finds one side's voice on the other side's channel: the same sound, quieter and a little later.

First a constant delay is looked for in a few loud moments; two people who merely talk at the same time agree on none.
Only where one is found, every quarter of a second is compared at that delay. Memory stays within a minute of sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechsvc.audio.mapped import forget
from speechsvc.domain.crosstalk import Leak

RATE = 16_000
_FRAME = RATE // 4  # samples judged in one go
_BLOCK = 240 * _FRAME  # a minute
_MOST_LAG = 4_800  # samples, 0.3 s: an echo over a mobile network
_PROBES, _FIRST_PROBES = 60, 24  # loud moments looked at; after the first ones one may give up
_ACTIVE, _AUDIBLE = 150.0, 4.0  # RMS of 32768: somebody speaks; more than the silence of a line
_NEAR = 16  # samples, 1 ms: delays that agree
_ALIKE = 0.4  # correlation of a moment whose delay counts
_LEAKS = 0.5  # correlation at the delay from which a frame is leakage
_QUIETER = 0.8  # leakage is at most so loud beside its source
_COPY = 0.95  # correlation, and share of frames, from which both channels are one
_BRIDGE = 3  # quiet frames that may lie within leakage

Samples = npt.NDArray[np.int16]
Levels = npt.NDArray[np.float64]  # RMS, shape (frames, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class CrosstalkFindings:
    """What the channels have of each other."""

    leaks: tuple[Leak, ...] = ()
    copies: bool = False  # both channels are the same sound, one later than the other


def find_crosstalk(samples: Samples) -> CrosstalkFindings:
    """`samples`: int16 at 16 kHz, shape (samples, 2)."""
    levels = frame_levels(samples)
    found: list[Leak] = []
    for source, target in ((0, 1), (1, 0)):
        lag = find_lag(samples, levels, source, target)
        if lag is None:
            continue
        alike = _alike_at(samples, source, target, lag)
        if _are_copies(alike, levels):
            return CrosstalkFindings(copies=True)
        found += _leaks(alike, levels, source, target)
    return CrosstalkFindings(leaks=tuple(sorted(found, key=lambda leak: (leak.start, leak.channel))))


def frame_levels(samples: Samples) -> Levels:
    """RMS of every whole quarter of a second."""
    found = [np.zeros((0, 2))]
    for start in range(0, len(samples) - _FRAME + 1, _BLOCK):
        block = samples[start : start + _BLOCK]
        whole = np.ascontiguousarray(block[: len(block) // _FRAME * _FRAME].T, dtype=np.float32)
        frames = whole.reshape(2, -1, _FRAME)
        found.append(np.sqrt(np.einsum("cfs,cfs->fc", frames, frames) / _FRAME).astype(np.float64))
        forget(samples)
    return np.concatenate(found)


def find_lag(samples: Samples, levels: Levels, source: int, target: int) -> int | None:
    """Samples by which `target` repeats `source`, if the loud moments agree on a number."""
    loud, quiet = levels[:, source], levels[:, target]
    frames = np.flatnonzero((loud >= _ACTIVE) & (quiet >= _AUDIBLE) & (quiet < 1.1 * loud))
    if len(frames) < 6:
        return None
    chosen = np.random.default_rng(1).permutation(frames[np.linspace(0, len(frames) - 1, _PROBES).astype(int)])
    lags: list[int] = []
    for frame in np.unique(chosen[:_FIRST_PROBES]):
        lags += _probe(samples, int(frame), source, target)
    if len(_agreeing(lags)) < 3:
        return None
    rest = np.setdiff1d(np.unique(chosen), chosen[:_FIRST_PROBES])
    for frame in rest:
        lags += _probe(samples, int(frame), source, target)
    forget(samples)
    agreed = _agreeing(lags)
    tried = len(np.unique(chosen))
    return int(np.median(agreed)) if len(agreed) >= max(4, tried // 6) else None


def _probe(samples: Samples, frame: int, source: int, target: int) -> Iterator[int]:
    """The delay at which half a second of `target` is most like `source`; nothing where it is not."""
    start = frame * _FRAME
    here = _sharp(samples[start : start + 2 * _FRAME, target])
    first = max(0, start - _MOST_LAG)
    around = _sharp(samples[first : start + 2 * _FRAME + _MOST_LAG, source])
    if len(around) <= len(here) or not here.any() or not around.any():
        return
    size = 1 << (len(around) + len(here)).bit_length()
    both = np.fft.irfft(np.fft.rfft(around, size) * np.conj(np.fft.rfft(here, size)), size)
    both = np.abs(both[: len(around) - len(here) + 1])
    energy = np.concatenate([[0.0], np.cumsum(np.square(around))])
    energy = energy[len(here) :] - energy[: -len(here)]
    alike = both / np.sqrt(np.maximum(energy, 1e-9) * max(float(np.square(here).sum()), 1e-9))
    alike[energy < energy.max() * 0.01] = 0.0
    best = int(np.argmax(alike))
    if alike[best] >= _ALIKE:
        yield start - first - 2 * best


def _agreeing(lags: list[int]) -> list[int]:
    """The largest group of delays within a millisecond of one of them."""
    groups = ([other for other in lags if abs(other - lag) <= _NEAR] for lag in lags)
    return max(groups, key=len, default=[])


def _sharp(samples: Samples) -> npt.NDArray[np.float64]:
    """At 8 kHz with the low tones taken down, which are alike in all voices."""
    even = samples[: len(samples) // 2 * 2].astype(np.float64)
    pairs = even[0::2] + even[1::2]
    return np.diff(pairs, prepend=pairs[:1])


def _alike_at(samples: Samples, source: int, target: int, lag: int) -> npt.NDArray[np.float64]:
    """Correlation of every frame of `target` with `source` `lag` samples earlier; shape (frames,)."""
    count = len(samples) // _FRAME
    found = np.zeros(count)
    for first in range(0, count, _BLOCK // _FRAME):
        last = min(count, first + _BLOCK // _FRAME)
        here = _frames(samples, target, first * _FRAME, last - first)
        norm = np.sqrt(np.square(here).sum(axis=1))
        for shift in range(-4, 5):
            there = _frames(samples, source, first * _FRAME - lag + shift, last - first)
            both = np.abs((here * there).sum(axis=1)) / np.maximum(norm * np.sqrt(np.square(there).sum(axis=1)), 1e-6)
            found[first:last] = np.maximum(found[first:last], both)
        forget(samples)
    return found


def _frames(samples: Samples, channel: int, start: int, count: int) -> npt.NDArray[np.float32]:
    """Frames from sample `start` on, with zeros outside of the call; low tones taken down."""
    wanted = np.zeros(count * _FRAME + 1, dtype=np.float32)
    first, last = max(0, start - 1), min(len(samples), start + count * _FRAME)
    if last > first:
        wanted[first - start + 1 : last - start + 1] = samples[first:last, channel]
    return np.diff(wanted).reshape(count, _FRAME)


def _are_copies(alike: npt.NDArray[np.float64], levels: Levels) -> bool:
    active = levels.max(axis=1) >= _ACTIVE
    return bool(active.any()) and float((alike[active] >= _COPY).mean()) >= _COPY


def _leaks(alike: npt.NDArray[np.float64], levels: Levels, source: int, target: int) -> Iterator[Leak]:
    loud = np.maximum(levels[:, source], np.roll(levels[:, source], 1))  # what leaks may have been said a frame earlier
    leaking = (alike >= _LEAKS) & (levels[:, target] < _QUIETER * loud) & (levels[:, target] >= _AUDIBLE)
    if not leaking.any():
        return
    still = levels[:, target] < 0.5 * float(np.median(levels[leaking, target]))
    for start, end in _runs(leaking, still):
        yield Leak(channel=target, start=start * _FRAME / RATE, end=end * _FRAME / RATE)


def _runs(leaking: npt.NDArray[np.bool_], still: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Runs of leaking frames, joined over short stillness and with the still frame on either side."""
    start = end = -1
    for frame in np.flatnonzero(leaking).tolist():
        if start >= 0 and frame - end <= _BRIDGE and still[end:frame].all():
            end = frame + 1
            continue
        if start >= 0:
            yield _widened(start, end, still)
        start, end = frame, frame + 1
    if start >= 0:
        yield _widened(start, end, still)


def _widened(start: int, end: int, still: npt.NDArray[np.bool_]) -> tuple[int, int]:
    before = 1 if start > 0 and still[start - 1] else 0
    after = 1 if end < len(still) and still[end] else 0
    return start - before, end + after
