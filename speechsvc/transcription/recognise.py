"""Recognises one channel: the speech between the pauses goes to faster-whisper, its times come back restored.

Text equals `WhisperModel.transcribe(vad_filter=True, condition_on_previous_text=False, ...)`: the same chunks in the
same order, the same restoring of times. Only a channel with more speech than `group_seconds` is recognised in groups,
cut in a pause, so that memory does not grow with the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper.transcribe import restore_speech_timestamps

from speechsvc.transcription.vad import RATE, Span, VoiceActivity, forget


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodingSettings:
    """How the model is asked. Previous text as a prompt is off: it feeds loops and carries errors on."""

    profile: str = "sequential"  # sequential, fast or batched
    beam_size: int = 5
    condition_on_previous_text: bool = False
    word_timestamps: bool = False
    group_seconds: float = 300.0  # of speech recognised in one go
    window_seconds: int | None = None  # None: the model's own
    padding_seconds: int | None = None  # of silence behind a window's speech that the encoder sees; None: all
    batch_size: int = 1  # windows decoded at once; batched and fast
    hotwords: str | None = None  # words the model is told to expect; they may leak into the text
    initial_prompt: str | None = None  # text the model is told came before; may leak too

    def options(self) -> dict[str, Any]:
        """Arguments that faster-whisper's own and its batched `transcribe` share; what is off is left to them."""
        optional = {
            "chunk_length": self.window_seconds,
            "hotwords": self.hotwords,
            "initial_prompt": self.initial_prompt,
        }
        return {
            "task": "transcribe",
            "beam_size": self.beam_size,
            "condition_on_previous_text": self.condition_on_previous_text,
            "word_timestamps": self.word_timestamps,
            "vad_filter": False,  # done already: chunks come in
            **{name: value for name, value in optional.items() if value is not None},
        }

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class RawSegment:
    """One segment as the model gave it, times in seconds of the recording."""

    start: float
    end: float
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float


def recognise_channels(
    model: Any,
    channels: Sequence[tuple[npt.NDArray[np.int16], VoiceActivity]],
    *,
    language: str,
    settings: DecodingSettings,
    progress: Callable[[float], None],
) -> list[list[RawSegment]]:
    """Segments of each channel, one channel after the other; `progress` gets seconds of speech done in all."""
    found, before = [], 0.0
    for samples, activity in channels:

        def report(seconds: float, before: float = before) -> None:
            progress(before + seconds)

        raw = recognise(model, samples, activity, language=language, settings=settings, progress=report)
        found.append(list(raw))
        before += activity.chunk_samples / RATE
    return found


def recognise(
    model: Any,
    samples: npt.NDArray[np.int16],
    activity: VoiceActivity,
    *,
    language: str,
    settings: DecodingSettings,
    progress: Callable[[float], None],
) -> Iterator[RawSegment]:
    """Segments of one channel in order. `samples` is int16 at 16 kHz; `progress` gets seconds of speech done."""
    done = 0.0
    for group in group_chunks(activity, int(settings.group_seconds * RATE)):
        audio = speech_only(samples, group, activity.gap)
        segments, _ = model.transcribe(audio, language=language, **settings.options())
        chunks = [{"start": start, "end": end + activity.gap} for start, end in group]
        for segment in restore_speech_timestamps(_watched(segments, done, progress), chunks, RATE):
            yield raw_segment(segment)
        done += len(audio) / RATE
        progress(done)


def speech_only(samples: npt.NDArray[np.int16], chunks: Sequence[Span], gap: int = 0) -> npt.NDArray[np.float32]:
    """The chunks one after another, `gap` samples of silence after each, as float32 in -1 to 1, shape (samples,)."""
    audio = np.zeros(sum(end - start + gap for start, end in chunks), dtype=np.float32)
    at = 0
    for start, end in chunks:
        audio[at : at + end - start] = samples[start:end]
        at += end - start + gap
    audio /= 32768.0
    forget(samples)
    return audio


def group_chunks(activity: VoiceActivity, most: int) -> list[list[Span]]:
    """Chunks in groups of at most `most` samples; a longer chunk is cut in its last pause that fits."""
    groups: list[list[Span]] = []
    room = 0
    for chunk in _fitting(activity, most):
        length = chunk[1] - chunk[0]
        if not groups or length > room:
            groups.append([])
            room = most
        groups[-1].append(chunk)
        room -= length
    return groups


def _fitting(activity: VoiceActivity, most: int) -> Iterator[Span]:
    pauses = [(end + start) // 2 for (_, end), (start, _) in zip(activity.talk, activity.talk[1:], strict=False)]
    for start, end in activity.chunks:
        while end - start > most:
            cut = max((p for p in pauses if start < p <= start + most), default=start + most)
            yield start, cut
            start = cut
        yield start, end


def _watched(segments: Iterable[Any], done: float, progress: Callable[[float], None]) -> Iterator[Any]:
    """Passes segments on; their ends, before restoring, are seconds of speech done."""
    for segment in segments:
        progress(done + segment.end)
        yield segment


def raw_segment(segment: Any) -> RawSegment:
    """Out of the library's own segment."""
    return RawSegment(
        start=float(segment.start),
        end=float(segment.end),
        text=segment.text,
        avg_logprob=float(segment.avg_logprob),
        no_speech_prob=float(segment.no_speech_prob),
        compression_ratio=float(segment.compression_ratio),
    )
