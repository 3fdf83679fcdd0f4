"""Flags text that was probably never said. Flagged text is kept and shown; it never counts.

Whisper invents sentences in silence and noise (subtitle credits above all), falls into loops, and sometimes writes
more than anyone can say. Each check gives a stable reason; thresholds sit far from what people do.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from speechsvc.domain.utterance import syllables
from speechsvc.resources import bundled
from speechsvc.transcription.echoes import Hints
from speechsvc.transcription.flips import flips
from speechsvc.transcription.recognise import RawSegment
from speechsvc.transcription.script import comparable

RULES = 3  # raise it with every change of code here, in flips, echoes or in sounds that can alter a reason

NO_SPEECH = "no_speech"  # the detector heard nothing under the text
INVENTED = "invented_phrase"  # a sentence known to be invented by Whisper
REPETITION = "repetition"  # a loop, within or across segments
SPEECH_RATE = "speech_rate"  # more syllables a second than anyone says
LANGUAGE = "language"  # mostly another language or script than the call's
PROMPT_ECHO = "prompt_echo"  # the prompt or the hotwords given back over too little speech
MUSIC = "music"  # tones or music under the text, and no voice


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardSettings:
    """Thresholds. Fast Mandarin is about 7 syllables a second; short bursts reach 10."""

    least_speech_s: float = 0.1  # detected speech under a segment
    most_syllables_per_s: float = 14.0
    echo_syllables_per_s: float = 9.0  # slower than this, the words of a hint may really have been said
    rate_from_syllables: int = 8  # shorter segments have too coarse times to judge
    compression_ratio: float = 2.4  # the library's own threshold
    loop_segments: int = 3  # the same text in so many segments running


@dataclass(frozen=True, kw_only=True, slots=True)
class InventedPhrases:
    """The list `models/invented-phrases.yaml`, made comparable."""

    version: int
    contains: tuple[str, ...]  # invented wherever they occur
    whole: frozenset[str]  # invented only if they are all that a segment says

    def match(self, text: str) -> bool:
        plain = comparable(text)
        return plain in self.whole or any(phrase in plain for phrase in self.contains)


@cache
def load_phrases(folder: Path | None = None) -> InventedPhrases:
    """The phrases in `folder` (default: the bundled models)."""
    raw = yaml.safe_load(((folder or bundled("models")) / "invented-phrases.yaml").read_text("utf-8"))
    return InventedPhrases(
        version=int(raw["version"]),
        contains=tuple(comparable(item["text"]) for item in raw["contains"]),
        whole=frozenset(comparable(item["text"]) for item in raw["whole"]),
    )


def suspect_reasons(
    segments: Sequence[RawSegment],
    speech_seconds: Sequence[float],
    *,
    phrases: InventedPhrases,
    settings: GuardSettings | None = None,
    sound_seconds: Sequence[float] | None = None,
    language: str = "zh",
    hints: Hints | None = None,
) -> list[tuple[str, ...]]:
    """Reasons for each segment of one channel, in order; `hints` is what the model was told beforehand.

    Under each: `speech_seconds` of detected speech, tones and music left out, and `sound_seconds` of those.
    """
    settings = settings or GuardSettings()
    looping = _looping(segments, settings.loop_segments)
    sounds = sound_seconds or [0.0] * len(segments)
    return [
        (
            *_heard(seconds, sound, settings),
            *_written(segment, i in looping, phrases, settings, language),
            *_echoed(segment.text, seconds, hints or Hints(), settings),
            *_too_fast(segment.text, seconds, settings),
        )
        for i, (segment, seconds, sound) in enumerate(zip(segments, speech_seconds, sounds, strict=True))
    ]


def repeats(text: str) -> bool:
    """Whether the text is mostly one unit said over and over, beyond what people do (对对对对, 好的好的好的)."""
    plain = comparable(text)
    for unit in range(1, len(plain) // 3 + 1):
        needed = 12 if unit == 1 else 6 if unit <= 3 else 4 if unit <= 5 else 3
        if _longest_run(plain, unit) >= max(needed * unit, len(plain) / 2):
            return True
    return False


def _heard(seconds: float, sound: float, settings: GuardSettings) -> tuple[str, ...]:
    """What the sound under the text says."""
    if seconds >= settings.least_speech_s:
        return ()
    return (MUSIC,) if sound >= settings.least_speech_s else (NO_SPEECH,)


def _written(
    segment: RawSegment, loops: bool, phrases: InventedPhrases, settings: GuardSettings, language: str
) -> tuple[str, ...]:
    """What the text itself says."""
    found = []
    if phrases.match(segment.text):
        found.append(INVENTED)
    if loops or repeats(segment.text) or _compresses(segment.text, settings.compression_ratio):
        found.append(REPETITION)
    if flips(segment.text, language):
        found.append(LANGUAGE)
    return tuple(found)


def _echoed(text: str, seconds: float, hints: Hints, settings: GuardSettings) -> tuple[str, ...]:
    little = syllables(text) > settings.echo_syllables_per_s * max(seconds, 0.01)
    return (PROMPT_ECHO,) if little and hints.echoed_by(text) else ()


def _too_fast(text: str, seconds: float, settings: GuardSettings) -> tuple[str, ...]:
    count = syllables(text)
    fast = count >= settings.rate_from_syllables and count > settings.most_syllables_per_s * max(seconds, 0.01)
    return (SPEECH_RATE,) if fast else ()


def _longest_run(text: str, unit: int) -> int:
    """Longest stretch of characters that equal those `unit` before them, counting the first unit."""
    best = run = 0
    for i in range(unit, len(text)):
        run = run + 1 if text[i] == text[i - unit] else 0
        best = max(best, run)
    return best + unit if best >= unit else 0


def _compresses(text: str, threshold: float) -> bool:
    data = text.encode("utf-8")
    return len(data) >= 60 and len(data) / len(zlib.compress(data)) > threshold


def _looping(segments: Sequence[RawSegment], least: int) -> set[int]:
    """Indexes in runs of at least `least` segments with the same text of four characters or more."""
    found: set[int] = set()
    first = 0
    texts = [comparable(segment.text) for segment in segments]
    for i in range(1, len(texts) + 1):
        if i < len(texts) and texts[i] == texts[first]:
            continue
        if i - first >= least and len(texts[first]) >= 4:
            found.update(range(first, i))
        first = i
    return found


def confidence(avg_logprob: float) -> float:
    """0 to 1 from the mean token log-probability."""
    return round(min(1.0, max(0.0, math.exp(avg_logprob))), 4)
