"""Recognises the windows of all channels together, several at a time: what a GPU needs to be busy.

A small driver over faster-whisper's `BatchedInferencePipeline`. The pipeline reads each window once and drops what
the model left unsaid at its end, and it never tries again at a higher temperature. So: windows are packed from whole
stretches of speech, what a window left unsaid goes into the next round, and a window that the library would have
repeated at a higher temperature is given to the library's sequential way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper import BatchedInferencePipeline
from faster_whisper.transcribe import restore_speech_timestamps

from speechsvc.transcription.recognise import DecodingSettings, RawSegment, raw_segment, speech_only
from speechsvc.transcription.vad import RATE, Span, VoiceActivity

_LEFT = int(0.4 * RATE)  # samples; less detected speech at a window's end is not worth another round
_STEP = int(0.5 * RATE)  # samples that a window must get on by to come back
_LOG_PROB, _COMPRESSION = -1.0, 2.4  # beyond these the library tries again at a higher temperature: its own defaults

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Stretches of one channel that are read in one go, in samples of the recording."""

    channel: int  # index into the channels given
    spans: tuple[Span, ...]

    @property
    def length(self) -> int:
        return sum(end - start for start, end in self.spans)

    def after(self, done: int) -> Window:
        """What is left when the first `done` samples of the window's sound are taken off."""
        spans = []
        for start, end in self.spans:
            gone = min(done, end - start)
            done -= gone
            if start + gone < end:
                spans.append((start + gone, end))
        return Window(channel=self.channel, spans=tuple(spans))


def recognise_batched(
    model: Any,
    channels: Sequence[tuple[Samples, VoiceActivity]],
    *,
    language: str,
    settings: DecodingSettings,
    progress: Callable[[float], None],
) -> list[list[RawSegment]]:
    """Segments of each channel in order. Samples are int16 at 16 kHz; `progress` gets seconds of speech done."""
    most = int((settings.window_seconds or model.feature_extractor.chunk_length) * RATE)
    todo = [w for i, (_, activity) in enumerate(channels) for w in pack(activity, most, channel=i)]
    found: list[list[RawSegment]] = [[] for _ in channels]
    done = 0.0
    while todo:
        taken, todo = _take(todo, settings.group_seconds)
        left: list[Window] = []
        for window, segments in _read(model, channels, taken, language, settings):
            rest = _unsaid(window, segments, channels[window.channel][1])
            found[window.channel] += [raw_segment(segment) for segment in segments]
            done += (window.length - (rest.length if rest else 0)) / RATE
            progress(done)
            left += [rest] if rest else []
        todo = left + todo
    return [sorted(segments, key=lambda s: (s.start, s.end)) for segments in found]


def pack(activity: VoiceActivity, most: int, *, channel: int = 0) -> list[Window]:
    """Speech in windows of at most `most` samples, cut in pauses; a stretch without a pause is cut where it must."""
    windows: list[list[Span]] = []
    room = 0
    for start, end in _pieces(activity, most):
        if not windows or end - start > room:
            windows.append([])
            room = most
        windows[-1].append((start, end))
        room -= end - start
    return [Window(channel=channel, spans=tuple(spans)) for spans in windows]


def _pieces(activity: VoiceActivity, most: int) -> Iterator[Span]:
    """Chunks cut in the middle of each pause."""
    pauses = [(a[1] + b[0]) // 2 for a, b in pairwise(activity.talk)]
    for start, end in activity.chunks:
        for cut in [*(p for p in pauses if start < p < end), end]:
            while cut - start > most:
                yield start, start + most
                start += most
            yield start, cut
            start = cut


def _take(todo: list[Window], seconds: float) -> tuple[list[Window], list[Window]]:
    """As many windows as hold `seconds` of speech, at least one: memory does not grow with the call."""
    total, count = 0.0, 0
    while count < len(todo) and (count == 0 or total + todo[count].length / RATE <= seconds):
        total += todo[count].length / RATE
        count += 1
    return todo[:count], todo[count:]


def _read(
    model: Any,
    channels: Sequence[tuple[Samples, VoiceActivity]],
    windows: list[Window],
    language: str,
    settings: DecodingSettings,
) -> Iterator[tuple[Window, list[Any]]]:
    """Each window with the library's segments, times restored to the recording."""
    sounds = [speech_only(channels[w.channel][0], w.spans) for w in windows]
    edges = np.cumsum([0, *(len(sound) for sound in sounds)])
    clips = [{"start": (a + 0.5) / RATE, "end": (b + 0.5) / RATE} for a, b in pairwise(edges)]
    segments, _ = BatchedInferencePipeline(model).transcribe(
        np.concatenate(sounds),
        language=language,
        clip_timestamps=clips,
        without_timestamps=False,
        batch_size=settings.batch_size,
        **settings.options(),
    )
    by_window: dict[int, list[Any]] = {}
    for segment in segments:
        by_window.setdefault(segment.seek, []).append(segment)
    for window, sound, edge in zip(windows, sounds, edges, strict=False):
        own = by_window.get(int(edge / RATE * model.frames_per_second), [])
        for segment in own:
            segment.start, segment.end = segment.start - edge / RATE, segment.end - edge / RATE
        if any(s.avg_logprob < _LOG_PROB or s.compression_ratio > _COMPRESSION for s in own):
            own = list(model.transcribe(sound, language=language, **settings.options())[0])
        own = [s for s in own if s.text.strip() and s.end > s.start]
        chunks = [{"start": start, "end": end} for start, end in window.spans]
        yield window, list(restore_speech_timestamps(own, chunks, RATE))


def _unsaid(window: Window, segments: list[Any], activity: VoiceActivity) -> Window | None:
    """The end of a window, if speech was detected there that the model left for the next window."""
    if not segments:
        return None
    last = int(max(segment.end for segment in segments) * RATE)
    done = sum(max(0, min(end, last) - start) for start, end in window.spans)
    rest = window.after(done)
    speech = sum(max(0, min(b, d) - max(a, c)) for a, b in rest.spans for c, d in activity.talk)
    return rest if done >= _STEP and speech >= _LEFT else None
