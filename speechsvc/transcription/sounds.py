"""Tones and music on the line: what sounds, and is no voice.

The voice activity detector lets little of them through, but not nothing, and in its pauses it does not say whether
there was silence or hold music. Three measures over about two seconds tell them apart. A voice moves its formants (the
shape of the spectrum changes within an eighth of a second), glides in pitch (its harmonics do not stay where they were)
and changes between vowels and fricatives (the centre of the spectrum wanders). Tones and instruments do none of it.
All three must agree, so that noise, a bad line or a held 嗯 beside other words is not taken for music. Singing is
voice: nothing here finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from speechsvc.transcription.vad import RATE, Sound, Span, VoiceActivity, forget

TONE = "tone"  # a few lines of the spectrum hold all energy: dial, ring-back, busy, keys, fax
MUSIC = "music"

_FRAME, _HOP = 1024, 512  # samples: 64 ms, 32 ms
_ENVELOPE_LAG, _LINES_LAG = 4, 3  # frames: 128 ms, 96 ms
_STEP = 512  # samples a level
_JOIN_S = 0.5  # a shorter hole does not end a sounding stretch: busy tone, a rest between two notes
_ROWS = 2000  # frames in one go
_LOUDEST = 8  # bins: four lines of the spectrum with their neighbours


@dataclass(frozen=True, kw_only=True, slots=True)
class SoundSettings:
    """Where tones and music begin. Synthetic voices stay well on the other side; see docs/speech-signals.md."""

    window_s: float = 2.0  # what is judged at once
    run_s: float = 4.0  # inside longer speech, so much of it running is needed
    least_in_speech_s: float = 1.2  # shorter sounding stretches could be a held 嗯
    least_in_pause_s: float = 0.5
    quiet_dbfs: tuple[float, float] = (-55.0, -35.0)  # pauses below the first are silence, above the second are not
    above_noise_db: float = 10.0  # between the two, what stands so far out of the quietest tenth
    tone_share: float = 0.97  # energy in the four strongest lines
    # any one of these holds: steadiness from 0 to 1 (fine structure of the spectrum like that 96 ms before) at least,
    # change of the spectrum's shape in 128 ms at most (dB), standard deviation of its centre at most (Hz)
    speech_limits: tuple[tuple[float, float, float], ...] = ((0.45, 4.0, 160.0), (0.5, 6.0, 130.0))
    pause_limits: tuple[tuple[float, float, float], ...] = ((0.3, 10.0, 200.0),)  # the detector heard no voice there

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Measures:
    """Of one window; see the module's first lines."""

    sounding_s: float
    top_share: float
    steadiness: float
    envelope_db: float
    wander_hz: float


def hear_sounds(
    samples: npt.NDArray[np.int16], activity: VoiceActivity, settings: SoundSettings | None = None
) -> VoiceActivity:
    """The activity with its sounds, and `talk` without them. What is recognised (`chunks`) stays as it is."""
    sounds = find_sounds(samples, activity.talk, settings)
    return replace(activity, talk=without(activity.talk, sounds), sounds=sounds)


def find_sounds(
    samples: npt.NDArray[np.int16], talk: Sequence[Span], settings: SoundSettings | None = None
) -> tuple[Sound, ...]:
    """Tones and music in one channel, int16 at 16 kHz, in order; under detected speech as well as in its pauses."""
    settings = settings or SoundSettings()
    found = [s for span in talk for s in _in_speech(samples, span, settings)]
    for span in _sounding_pauses(samples, talk, settings):
        found += _judged(samples, span, settings, in_pause=True)
    return tuple(sorted(found, key=lambda s: s.start))


def without(spans: Iterable[Span], sounds: Sequence[Sound]) -> tuple[Span, ...]:
    """The spans with all sounds cut out."""
    left = list(spans)
    for sound in sounds:
        left = [
            (a, b)
            for start, end in left
            for a, b in ((start, min(end, sound.start)), (max(start, sound.end), end))
            if a < b
        ]
    return tuple(left)


def measure(window: npt.NDArray[np.int16]) -> Measures | None:
    """`window` of shape (samples,); None where too little of it sounds to say anything."""
    power = _power(window)
    band = power[:, _BAND]
    energy = band.sum(axis=1)
    sounding = energy > max(0.03 * float(np.percentile(energy, 95)), 1e-4) if len(energy) else np.zeros(0, bool)
    if np.count_nonzero(sounding) <= _ENVELOPE_LAG:
        return None
    envelope = _both(_shape(power), sounding, _ENVELOPE_LAG)
    lines = _both(_fine_structure(band), sounding, _LINES_LAG)
    if envelope is None or lines is None:
        return None
    strongest = np.partition(band[sounding], -_LOUDEST, axis=1)[:, -_LOUDEST:].sum(axis=1) / energy[sounding]
    centre = (band[sounding] * _FREQUENCIES[_BAND]).sum(axis=1) / energy[sounding]
    return Measures(
        sounding_s=np.count_nonzero(sounding) * _HOP / RATE,
        top_share=float(np.median(strongest)),
        steadiness=float((lines[0] * lines[1]).sum(axis=1).mean()),
        envelope_db=float(np.abs(envelope[0] - envelope[1]).mean()),
        wander_hz=float(centre.std()),
    )


def classify(m: Measures | None, settings: SoundSettings, *, in_pause: bool) -> str | None:
    """`TONE`, `MUSIC`, or None where it may be a voice, noise, or too short to say."""
    limits = settings.pause_limits if in_pause else settings.speech_limits
    if m is None or m.sounding_s < (settings.least_in_pause_s if in_pause else settings.least_in_speech_s):
        return None
    if m.top_share >= settings.tone_share and m.steadiness >= limits[0][0]:
        return TONE
    calm = any(m.steadiness >= s and m.envelope_db < e and m.wander_hz < w for s, e, w in limits)
    return MUSIC if calm else None


def _in_speech(samples: npt.NDArray[np.int16], span: Span, settings: SoundSettings) -> Iterator[Sound]:
    """A short span is judged with what sounds around it: a bar of music in which the detector heard a syllable."""
    start, end = span
    length = int(settings.window_s * RATE)
    if end - start >= length:
        yield from _judged(samples, span, settings, in_pause=False)
        return
    first = max(0, min((start + end - length) // 2, len(samples) - length))
    kind = _kind(samples, (first, first + length), settings, in_pause=False)
    if kind is not None:
        yield Sound(start, end, kind)


def _judged(samples: npt.NDArray[np.int16], span: Span, settings: SoundSettings, *, in_pause: bool) -> Iterator[Sound]:
    windows = _windows(span, int(settings.window_s * RATE))
    some = windows[::2] if len(windows) > 3 else windows  # enough to see a run of `run_s`
    if not any(_kind(samples, w, settings, in_pause=in_pause) for w in some):
        return
    kinds = [(w, _kind(samples, w, settings, in_pause=in_pause)) for w in windows]
    for kind, group in groupby(kinds, key=lambda pair: pair[1]):
        run = [window for window, _ in group]
        start, end = run[0][0], run[-1][1]
        if kind is not None and (end - start >= settings.run_s * RATE or (start, end) == span):
            yield Sound(start, end, kind)


def _kind(samples: npt.NDArray[np.int16], window: Span, settings: SoundSettings, *, in_pause: bool) -> str | None:
    kind = classify(measure(samples[window[0] : window[1]]), settings, in_pause=in_pause)
    forget(samples)  # window by window: hours of hold music would stay in memory otherwise
    return kind


def _windows(span: Span, length: int) -> list[Span]:
    """Windows of `length`; a rest shorter than half of it belongs to the last one."""
    start, end = span
    cuts = [*range(start, max(start + 1, end - length // 2), length), end]
    return list(pairwise(cuts))


def _sounding_pauses(samples: npt.NDArray[np.int16], talk: Sequence[Span], settings: SoundSettings) -> Iterator[Span]:
    levels = 20 * np.log10(_levels(samples) + 1e-6)
    if not len(levels):
        return
    loud = levels > np.clip(np.percentile(levels, 10) + settings.above_noise_db, *settings.quiet_dbfs)
    for start, end in talk:
        loud[start // _STEP : -(-end // _STEP)] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    joined: list[list[int]] = []
    for start, end in edges.reshape(-1, 2) * _STEP:
        if joined and start - joined[-1][1] < _JOIN_S * RATE and not _talk_between(talk, joined[-1][1], int(start)):
            joined[-1][1] = int(end)
        else:
            joined.append([int(start), int(end)])
    least = settings.least_in_pause_s * RATE
    yield from ((a, b) for a, b in joined if b - a >= least)


def _talk_between(talk: Sequence[Span], start: int, end: int) -> bool:
    return any(a < end and b > start for a, b in talk)


def _levels(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Root mean square of each whole step, 0 to 1."""
    steps = len(samples) // _STEP
    found = np.zeros(steps, dtype=np.float32)
    for first in range(0, steps, _ROWS):
        last = min(steps, first + _ROWS)
        block = samples[first * _STEP : last * _STEP].reshape(-1, _STEP).astype(np.float32)
        found[first:last] = np.sqrt(np.einsum("ij,ij->i", block, block) / _STEP) / 32768
        forget(samples)
    return found


_FREQUENCIES = np.fft.rfftfreq(_FRAME, 1 / RATE)
_BAND = (_FREQUENCIES >= 200) & (_FREQUENCIES <= 3600)  # what a telephone carries
_WINDOW = np.hanning(_FRAME).astype(np.float32)


def _mel_bands(count: int = 18) -> list[slice]:
    mel = 2595 * np.log10(1 + _FREQUENCIES / 700)
    edges = np.searchsorted(mel, np.linspace(mel[16], mel[230], count + 1))  # 250 to 3600 Hz
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


_BANDS = _mel_bands()


def _power(window: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Power spectrum, shape (frames, bins)."""
    if len(window) < _FRAME:
        return np.zeros((0, len(_FREQUENCIES)), dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(window, _FRAME)[::_HOP].astype(np.float32) / 32768
    return (np.abs(np.fft.rfft(frames * _WINDOW, axis=1)) ** 2).astype(np.float32)


def _shape(power: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Level of 18 bands in dB about their mean, shape (frames, 18), with 40 dB of range."""
    bands = np.stack([10 * np.log10(power[:, b].mean(axis=1) + 1e-9) for b in _BANDS], axis=1)
    bands = np.maximum(bands, bands.max() - 40)
    return np.asarray(bands - bands.mean(axis=1, keepdims=True), dtype=np.float32)


def _fine_structure(band: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The lines of the spectrum without its shape, each frame of length 1; shape (frames, bins)."""
    level = 10 * np.log10(band + 1e-9)
    level = np.maximum(level, level.max(axis=1, keepdims=True) - 50)
    width = 15  # bins: 230 Hz
    summed = np.cumsum(np.pad(level, ((0, 0), (width // 2 + 1, width // 2)), mode="edge"), axis=1)
    lines = level - (summed[:, width:] - summed[:, :-width]) / width
    lines -= lines.mean(axis=1, keepdims=True)
    return np.asarray(lines / (np.linalg.norm(lines, axis=1, keepdims=True) + 1e-9), dtype=np.float32)


def _both(
    rows: npt.NDArray[np.float32], sounding: npt.NDArray[np.bool_], lag: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None:
    """Rows `lag` apart where both frames sound."""
    pair = sounding[lag:] & sounding[:-lag]
    return (rows[lag:][pair], rows[:-lag][pair]) if np.count_nonzero(pair) > 2 else None
