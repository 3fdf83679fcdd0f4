"""Crosstalk: one side heard, quieter, on the other side's channel. What is nothing but that was not said there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from speechsvc.domain.transcript import Segment, SpeechInterval

RULES = 1  # raise with every change of what is found or marked; stored with each transcript
CROSSTALK = "crosstalk"  # reason of a suspect segment
_MOSTLY = 0.75  # share of the speech under a segment that must be leakage
_SHORTEST = 0.2  # seconds of speech that may remain beside leakage; less is an edge

Span = tuple[float, float]  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """A stretch in which a channel carries nothing but the other side's voice."""

    channel: int  # the channel that it leaks into
    start: float  # seconds
    end: float  # seconds


def mark_leaks(
    segments: Sequence[Segment], speech: Sequence[SpeechInterval], leaks: Sequence[Leak]
) -> tuple[Segment, ...]:
    """Segments that are only leakage get the reason `crosstalk`; the words stay."""
    return tuple(
        replace(s, suspect=(*s.suspect, CROSSTALK)) if CROSSTALK not in s.suspect and _leaks(s, speech, leaks) else s
        for s in segments
    )


def without_leaks(speech: Sequence[SpeechInterval], leaks: Sequence[Leak]) -> tuple[SpeechInterval, ...]:
    """Speech with leakage cut out of it, so that nobody's talk time holds the other's words."""
    return tuple(
        replace(interval, start=start, end=end)
        for interval in speech
        for start, end in _rest((interval.start, interval.end), _of(interval.channel, leaks))
    )


def _leaks(segment: Segment, speech: Sequence[SpeechInterval], leaks: Sequence[Leak]) -> bool:
    heard = [
        (max(i.start, segment.start), min(i.end, segment.end))
        for i in speech
        if i.channel == segment.channel and i.start < segment.end and i.end > segment.start
    ]
    total = sum(end - start for start, end in heard)
    return total > 0 and _shared(heard, _of(segment.channel, leaks)) >= _MOSTLY * total


def _of(channel: int, leaks: Sequence[Leak]) -> list[Span]:
    return [(leak.start, leak.end) for leak in leaks if leak.channel == channel]


def _shared(one: Sequence[Span], other: Sequence[Span]) -> float:
    return sum(max(0.0, min(b, d) - max(a, c)) for a, b in one for c, d in other)


def _rest(span: Span, cuts: Sequence[Span]) -> Iterator[Span]:
    """What remains of `span`; whole where nothing was cut. `cuts` are in order and do not overlap."""
    inside = [cut for cut in cuts if cut[0] < span[1] and cut[1] > span[0]]
    if not inside:
        yield span
        return
    at = span[0]
    for start, end in [*inside, (span[1], span[1])]:
        if start - at >= _SHORTEST:
            yield at, start
        at = max(at, end)
