"""Anonymous speakers of a recording with one channel: what a diarizer finds, before anybody is named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerSpan:
    """One stretch of speech by one speaker. Spans say nothing about the voice itself."""

    start: int  # samples at 16 kHz
    end: int
    speaker: int  # 0, 1, ... in order of appearance, meaningful within one recording only
