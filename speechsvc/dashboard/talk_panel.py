"""Who spoke when, as bars over the call's length, and each side's figures as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from speechsvc.domain.conversation import Speaker
from speechsvc.domain.talk import SideTalk, TalkMetrics
from speechsvc.domain.transcript import Transcript

_STEPS = 600  # of the call's length; closer stretches are drawn as one, so that long calls stay light
_LEAST = 2  # steps: a short answer must be seen
Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One stretch, in per cent of the call's length."""

    kind: str  # agent, customer, unknown, or hold
    x: float
    width: float
    start: float  # seconds: where to play from
    end: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """One speaker's bars."""

    speaker: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One figure for each side that speaks; none where it cannot be told."""

    code: str
    values: tuple[float | None, ...]


def lanes(transcript: Transcript) -> tuple[Lane, ...]:
    """Agent and customer, and unknown speakers where there are some; none without times."""
    if not transcript.speech or transcript.duration <= 0:
        return ()
    spoken = {who: [(i.start, i.end) for i in transcript.speech if i.speaker is who] for who in Speaker}
    return tuple(
        Lane(speaker=who.value, bars=bars(who.value, spans, transcript.duration))
        for who, spans in spoken.items()
        if spans or (who is not Speaker.UNKNOWN and not spoken[Speaker.UNKNOWN])
    )


def holds(talk: TalkMetrics) -> tuple[Bar, ...]:
    found = talk.detail.silences if talk.detail else ()
    return bars("hold", [(s.start, s.end) for s in found if s.hold], talk.duration)


def bars(kind: str, spans: Iterable[Span], duration: float) -> tuple[Bar, ...]:
    """Spans in order, neighbours that are too close to be told apart joined."""
    joined: list[list[float]] = []
    for start, end in sorted((max(0.0, a), min(b, duration)) for a, b in spans if a < duration):
        if joined and start - joined[-1][1] < duration / _STEPS:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    least = duration * _LEAST / _STEPS
    return tuple(_bar(kind, a, b, min(max(b, a + least), duration), duration) for a, b in joined)


def _bar(kind: str, start: float, end: float, drawn_to: float, duration: float) -> Bar:
    x, width = 100 * start / duration, 100 * (drawn_to - start) / duration
    return Bar(kind=kind, x=round(x, 2), width=round(width, 2), start=start, end=end)


def rows(talk: TalkMetrics) -> tuple[Row, ...]:
    """The table under the bars; empty for analyses of earlier releases."""
    sides: Sequence[SideTalk] = talk.detail.sides if talk.detail else ()
    if not sides:
        return ()
    return tuple(
        Row(code=code, values=tuple(getattr(side, code) for side in sides))
        for code in (
            "seconds",
            "share",
            "longest_monologue",
            "interruptions",
            "response_gap_median",
            "response_gap_p90",
            "syllables_per_second",
            "questions",
        )
    )
