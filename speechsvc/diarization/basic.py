"""The `Diarizer` port without any download: acoustic clustering of the recording's own speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from speechsvc.diarization.clustering import ClusterSettings, label_frames
from speechsvc.diarization.features import HOP, Frames, speech_frames
from speechsvc.domain.speakers import SpeakerSpan

VERSION = 1
CANNOT = ("overlapping speech", "voices that sound alike", "more than three speakers", "turns of less than 0.3 s")


class BasicDiarizer:
    """Finds one to three speakers. Features of voices exist only while a recording is worked on."""

    def __init__(self, settings: ClusterSettings | None = None) -> None:
        self._settings = settings or ClusterSettings()

    def find(self, samples: npt.NDArray[np.int16], talk: Sequence[tuple[int, int]]) -> tuple[SpeakerSpan, ...]:
        """Cuts `talk` (samples at 16 kHz, in order) where the speaker changes; nothing is added or left out."""
        frames = speech_frames(samples, talk)
        labels, _ = label_frames(frames, self._settings)
        return tuple(_spans(frames, labels, talk))

    def describe(self) -> dict[str, Any]:
        """For the transcript's `model`."""
        settings = {**asdict(self._settings), "starts": list(self._settings.starts)}
        return {"name": "basic", "version": VERSION, "settings": settings, "cannot": list(CANNOT)}


def _spans(frames: Frames, labels: npt.NDArray[np.int64], talk: Sequence[tuple[int, int]]) -> list[SpeakerSpan]:
    breaks = (np.diff(labels) != 0) | (np.diff(frames.span) != 0)
    firsts = np.flatnonzero(np.concatenate([[True], breaks])) if len(frames) else np.array([], dtype=int)
    lasts = np.append(firsts[1:] - 1, len(frames) - 1)
    found = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=False):
        end = min(int(frames.start[last]) + HOP, talk[frames.span[first]][1])
        found.append(SpeakerSpan(start=int(frames.start[first]), end=end, speaker=int(labels[first])))
    return found
