"""One channel with several speakers becomes one channel a speaker."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from speechsvc.domain.speakers import SpeakerSpan
from speechsvc.transcription.vad import RATE, VadSettings, VoiceActivity
from speechsvc.transcription.voices import join_utterances, pad_apart, split_voices

SOUND = np.zeros(20 * RATE, dtype=np.int16)


def span(start: float, end: float, speaker: int) -> SpeakerSpan:
    return SpeakerSpan(start=int(start * RATE), end=int(end * RATE), speaker=speaker)


class KnownSpeakers:
    """A `Diarizer` that is told the answer."""

    def __init__(self, *spans: SpeakerSpan) -> None:
        self.spans = spans

    def find(self, samples: npt.NDArray[np.int16], talk: Sequence[tuple[int, int]]) -> tuple[SpeakerSpan, ...]:
        return self.spans

    def describe(self) -> dict[str, Any]:
        return {"name": "known"}


def test_each_speaker_gets_their_own_speech_and_chunks_do_not_meet() -> None:
    spans = (span(1, 3, 0), span(3, 5, 1), span(5.2, 6, 0), span(6.4, 7, 0), span(12, 13, 1))
    talk = tuple((s.start, s.end) for s in spans)
    activity = VoiceActivity(chunks=((0, 20 * RATE),), talk=talk)
    voices, parts = split_voices(0, SOUND, activity, KnownSpeakers(*spans), VadSettings())
    assert [v.voice for v in voices] == [0, 1]
    assert [len(p.talk) for p in parts] == [3, 2]
    assert sorted(t for p in parts for t in p.talk) == sorted(talk)
    chunks = sorted(c for p in parts for c in p.chunks)
    assert len(chunks) == 4, "the two stretches of one speaker with a short pause are one turn"
    assert all(end <= start for (_, end), (start, _) in pairwise(chunks))
    assert chunks[0][0] == int(0.6 * RATE), "0.4 s of padding where nobody else speaks"


def test_turns_join_only_while_nobody_else_speaks() -> None:
    joined = join_utterances([span(0, 1, 0), span(1.5, 2, 0), span(2, 3, 1), span(3, 4, 0), span(9, 10, 0)], 2 * RATE)
    assert joined == [span(0, 2, 0), span(2, 3, 1), span(3, 4, 0), span(9, 10, 0)]


def test_padding_stays_inside_the_recording_and_off_an_overlapping_speaker() -> None:
    padded = pad_apart([span(0.1, 5, 0), span(4.5, 6, 1), span(19.9, 20, 0)], len(SOUND), 400)
    assert padded[0] == (0, 5 * RATE)
    assert padded[1] == (int(4.5 * RATE), int(6.4 * RATE))
    assert padded[2][1] == len(SOUND)
