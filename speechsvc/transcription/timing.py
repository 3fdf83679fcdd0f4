"""Segment times held to the detected speech. The words stay as they are.

The model hears speech with its pauses cut out, and its times are good to some tenths of a second: a segment that
begins just before a cut begins, restored, seconds too early, over the other speaker's turn. Times therefore shrink to
the speech under them; a sliver of speech across a long pause is the neighbour's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from speechsvc.transcription.recognise import RawSegment
from speechsvc.transcription.vad import RATE, Sound, Span

_MARGIN = 0.1  # seconds kept around detected speech
_SLIVER = 0.35  # seconds of speech that may be the neighbour's
_PAUSE = 0.6  # seconds of pause behind which a sliver is the neighbour's


def settle(segment: RawSegment, talk: Sequence[Span]) -> tuple[RawSegment, float]:
    """The segment with settled times, and seconds of detected speech under it."""
    under = _under(segment, talk)
    if not under:
        return segment, 0.0
    while len(under) > 1 and _is_sliver(under[0]) and under[1][0] - under[0][1] > _PAUSE:
        under = under[1:]
    while len(under) > 1 and _is_sliver(under[-1]) and under[-1][0] - under[-2][1] > _PAUSE:
        under = under[:-1]
    start = max(segment.start, under[0][0] - _MARGIN)
    end = min(segment.end, under[-1][1] + _MARGIN)
    seconds = sum(b - a for a, b in under)
    return replace(segment, start=round(start, 2), end=round(max(end, start), 2)), seconds


def seconds_under(segment: RawSegment, sounds: Sequence[Sound]) -> float:
    """Seconds of the segment that are tones or music."""
    return sum(b - a for a, b in _under(segment, [(s.start, s.end) for s in sounds]))


def _under(segment: RawSegment, talk: Sequence[Span]) -> list[tuple[float, float]]:
    """Detected speech within the segment, in seconds."""
    cut = ((max(segment.start, a / RATE), min(segment.end, b / RATE)) for a, b in talk)
    return [(a, b) for a, b in cut if b > a]


def _is_sliver(span: tuple[float, float]) -> bool:
    return span[1] - span[0] < _SLIVER
