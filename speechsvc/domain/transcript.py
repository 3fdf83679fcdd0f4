"""A transcript: what one model with one configuration heard in one recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from speechsvc.domain.conversation import Conversation, Speaker, Turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """One recognised stretch of speech."""

    speaker: Speaker
    channel: int  # 0 left or mono, 1 right
    start: float  # seconds from the beginning of the recording
    end: float  # seconds
    text: str
    confidence: float | None = None  # 0 to 1: exp of the mean token log-probability
    suspect: tuple[str, ...] = ()  # why the words may be invented; empty when trusted
    voice: int | None = None  # anonymous number of the speaker where one channel holds several; else None


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeechInterval:
    """One interval in which the voice activity detector heard speech."""

    channel: int
    speaker: Speaker
    start: float  # seconds
    end: float  # seconds
    voice: int | None = None  # as in Segment


@dataclass(frozen=True, kw_only=True, slots=True)
class SoundInterval:
    """One interval of tones (ring-back, keys, fax) or music in which nobody speaks."""

    channel: int
    kind: str  # tone or music
    start: float  # seconds
    end: float  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovedInterval:
    """One interval of a channel that was not given to the recogniser, since nobody speaks there."""

    channel: int
    start: float  # seconds
    end: float  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """Segments in order of start, with what is needed to trace and repeat them."""

    segments: tuple[Segment, ...]
    speech: tuple[SpeechInterval, ...]  # from one VAD run, before padding; talk time is measured on these
    duration: float  # seconds of audio decoded
    language: str
    model: dict[str, Any] = field(default_factory=dict)  # name, revision, compute_type, device, engine and settings
    warnings: tuple[str, ...] = ()  # stable codes: channels_identical, channels_inverted, channel_silent, truncated ...
    partial: bool = False  # the recording ended before its declared length
    sounds: tuple[SoundInterval, ...] = ()  # between speech; transcripts of earlier releases have none
    removed: tuple[RemovedInterval, ...] = ()  # what the recogniser never heard, by the same VAD run, after padding

    def conversation(self, call_id: str) -> Conversation:
        """The same words as turns, one turn a segment, indexes equal."""
        turns = (
            Turn(speaker=s.speaker, start=s.start, end=s.end, text=s.text, suspect=s.suspect) for s in self.segments
        )
        return Conversation(call_id=call_id, turns=tuple(turns))
