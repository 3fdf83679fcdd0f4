"""A recording with one channel, split into one channel a speaker, so that no segment can span two speakers.

Each speaker's stretches are then recognised as a channel of their own, exactly as the two sides of a stereo recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from speechsvc.domain.conversation import Speaker
from speechsvc.domain.speakers import SpeakerSpan
from speechsvc.ports import Diarizer
from speechsvc.transcription.vad import RATE, Span, VadSettings, VoiceActivity

_GAP = int(0.8 * RATE)  # without it the model hears two turns, minutes apart, as one sentence


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Voice:
    """What one speaker says on a channel that others share."""

    index: int
    voice: int
    samples: npt.NDArray[np.int16]
    speaker: Speaker = Speaker.UNKNOWN


def split_voices(
    index: int, samples: npt.NDArray[np.int16], activity: VoiceActivity, diarizer: Diarizer, settings: VadSettings
) -> tuple[tuple[Voice, ...], list[VoiceActivity]]:
    """One `Voice` a speaker that `diarizer` finds in the channel, each with its own part of the activity."""
    spans = diarizer.find(samples, activity.talk)
    utterances = join_utterances(spans, int(RATE * settings.min_silence_ms / 1000))
    chunks = list(zip(utterances, pad_apart(utterances, len(samples), settings.speech_pad_ms), strict=True))
    numbers = sorted({span.speaker for span in spans})
    voices = tuple(Voice(index=index, voice=number, samples=samples) for number in numbers)
    activities = [
        replace(
            activity,
            gap=_GAP,
            chunks=tuple(chunk for utterance, chunk in chunks if utterance.speaker == number),
            talk=tuple((span.start, span.end) for span in spans if span.speaker == number),
        )
        for number in numbers
    ]
    return voices, activities


def join_utterances(spans: Sequence[SpeakerSpan], silence: int) -> list[SpeakerSpan]:
    """Spans of one speaker with less than `silence` samples and nobody else between them are one utterance."""
    joined: list[SpeakerSpan] = []
    for span in spans:
        if joined and joined[-1].speaker == span.speaker and span.start - joined[-1].end < silence:
            joined[-1] = replace(joined[-1], end=max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def pad_apart(spans: Sequence[SpeakerSpan], length: int, pad_ms: int) -> list[Span]:
    """Widens spans by `pad_ms` on each side, never past the middle of the pause between two."""
    margin = int(RATE * pad_ms / 1000)
    starts, ends = [span.start for span in spans], [span.end for span in spans]
    for i, span in enumerate(spans):
        before = max((end for end in (s.end for s in spans[max(0, i - 2) : i])), default=-2 * margin)
        after = spans[i + 1].start if i + 1 < len(spans) else length + 2 * margin
        starts[i] = max(0, span.start - min(margin, max(0, span.start - before) // 2))
        ends[i] = min(length, span.end + min(margin, max(0, after - span.end) // 2))
    return list(zip(starts, ends, strict=True))
