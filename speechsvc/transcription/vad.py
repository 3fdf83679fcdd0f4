"""Voice activity: one run of the detector a channel, read twice: for recognition and for talk time.

The detector (Silero, as faster-whisper ships it) gives a speech probability for each 32 ms. faster-whisper's own
function holds the whole waveform as float32, three times over; this one reads int16 in windows and carries the
detector's state, so that memory does not grow with the call. The reading for recognition equals
`faster_whisper.vad.get_speech_timestamps` sample for sample (a test holds it to that).
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper.vad import get_vad_model

RATE = 16_000
_STEP = 512  # samples a probability
_CONTEXT = 64  # samples of the step before that the detector looks back
_BATCH = 10_000  # steps in one go, as in the library: other sizes round differently

Span = tuple[int, int]  # start and end in samples


@dataclass(frozen=True, kw_only=True, slots=True)
class VadSettings:
    """faster-whisper's defaults for recognition, and a shorter pause for talk time."""

    threshold: float = 0.5
    neg_threshold: float | None = None  # None: threshold - 0.15, at least 0.01
    min_speech_ms: int = 0
    min_silence_ms: int = 2000  # a shorter pause does not end an utterance
    speech_pad_ms: int = 400
    talk_silence_ms: int = 500  # a shorter pause still counts as talking: talk time then comes closest to turns

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Sound:
    """One stretch of tones or music, in samples at 16 kHz."""

    start: int
    end: int
    kind: str  # tone or music


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceActivity:
    """Where a channel holds speech, in samples at 16 kHz."""

    chunks: tuple[Span, ...]  # padded, for recognition
    talk: tuple[Span, ...]  # unpadded, for talk time
    sounds: tuple[Sound, ...] = ()  # tones and music, cut out of `talk`
    gap: int = 0  # samples of silence that recognition hears after each chunk, where chunks are turns

    @property
    def chunk_samples(self) -> int:
        return sum(end - start for start, end in self.chunks)


def voice_activity(samples: npt.NDArray[np.int16], settings: VadSettings | None = None) -> VoiceActivity:
    """Runs the detector once over `samples`, int16 at 16 kHz, shape (samples,)."""
    settings = settings or VadSettings()
    probabilities = speech_probabilities(samples)
    utterances = _intervals(probabilities, len(samples), settings, settings.min_silence_ms)
    talk = _intervals(probabilities, len(samples), settings, settings.talk_silence_ms)
    return VoiceActivity(chunks=pad(utterances, len(samples), settings.speech_pad_ms), talk=tuple(talk))


def speech_probabilities(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """One probability for each 512 samples; the last step is padded with zeros, as the library pads it."""
    steps = len(samples) // _STEP + 1
    session = get_vad_model().session
    state = np.zeros((1, 1, 128), dtype=np.float32)
    cell = np.zeros((1, 1, 128), dtype=np.float32)
    tail = np.zeros(_CONTEXT, dtype=np.float32)
    found = []
    for first in range(0, steps, _BATCH):
        last = min(steps, first + _BATCH)
        block = _block(samples, first, last)
        if last == steps:
            block[-1, -_CONTEXT:] = 0.0  # the library does so, too
        context = np.vstack([tail, block[:-1, -_CONTEXT:]])
        tail = block[-1, -_CONTEXT:].copy()
        output, state, cell = session.run(
            None, {"input": np.concatenate([context, block], axis=1), "h": state, "c": cell}
        )
        found.append(np.asarray(output, dtype=np.float32).reshape(-1))
        forget(samples)
    return np.concatenate(found)


def forget(samples: npt.NDArray[np.int16]) -> None:
    """Gives back the memory of samples that are mapped from a file; they are read again when needed.

    Pages that were read would otherwise count as memory of this process: 900 MB for a four-hour call.
    """
    mapped = getattr(samples, "_mmap", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def pad(spans: Sequence[Span], length: int, pad_ms: int) -> tuple[Span, ...]:
    """Widens spans by `pad_ms` on each side; close neighbours share the gap between them."""
    if not spans:
        return ()
    margin = int(RATE * pad_ms / 1000)
    starts = [start for start, _ in spans]
    ends = [end for _, end in spans]
    starts[0] = max(0, starts[0] - margin)
    for i in range(len(spans) - 1):
        gap = starts[i + 1] - ends[i]
        share = gap // 2 if gap < 2 * margin else margin
        ends[i] = min(length, ends[i] + share)
        starts[i + 1] = max(0, starts[i + 1] - share)
    ends[-1] = min(length, ends[-1] + margin)
    return tuple(zip(starts, ends, strict=True))


def _block(samples: npt.NDArray[np.int16], first: int, last: int) -> npt.NDArray[np.float32]:
    """Steps `first` to `last` as float32, shape (steps, 512), zeros after the end."""
    part = samples[first * _STEP : last * _STEP]
    block = np.zeros((last - first) * _STEP, dtype=np.float32)
    block[: len(part)] = part
    block /= 32768.0
    return block.reshape(-1, _STEP)


def _intervals(
    probabilities: npt.NDArray[np.float32], length: int, settings: VadSettings, min_silence_ms: int
) -> list[Span]:
    """Unpadded speech: begins at `threshold`, ends where it stays below `neg_threshold` for `min_silence_ms`."""
    low = settings.neg_threshold if settings.neg_threshold is not None else max(settings.threshold - 0.15, 0.01)
    least, silence = RATE * settings.min_speech_ms / 1000, RATE * min_silence_ms / 1000
    spans: list[Span] = []
    start: int | None = None
    quiet = 0  # where the present pause began; 0 while there is none
    for i, probability in enumerate(probabilities.tolist()):
        here = _STEP * i
        if probability >= settings.threshold:
            quiet = 0
            start = here if start is None else start
        elif probability < low and start is not None:
            quiet = quiet or here
            if here - quiet >= silence:
                if quiet - start > least:
                    spans.append((start, quiet))
                start, quiet = None, 0
    if start is not None and length - start > least:
        spans.append((start, length))
    return spans
