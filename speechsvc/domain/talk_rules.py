"""Talk metrics from voice activity (audio) or from turns (text). Pure arithmetic on intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from speechsvc.domain.conversation import Conversation, Speaker
from speechsvc.domain.talk import TalkMetrics
from speechsvc.domain.transcript import SpeechInterval
from speechsvc.domain.utterance import is_acknowledgement, plain

BACKCHANNEL_SECONDS = 1.0  # shorter customer speech does not interrupt a monologue: 嗯, 对
BACKCHANNEL_CHARACTERS = 2  # the same, where there are words


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stretch:
    speaker: Speaker
    start: float
    end: float
    backchannel: bool


def measure_talk(speech: Sequence[SpeechInterval], duration: float) -> TalkMetrics:
    """Metrics from voice activity. `duration`: seconds of the whole call; intervals beyond it or empty are cut away."""
    cut = ((i.speaker, max(0.0, i.start), min(i.end, duration)) for i in speech)
    return _measure(
        [_Stretch(speaker=s, start=a, end=b, backchannel=b - a < BACKCHANNEL_SECONDS) for s, a, b in cut if b > a],
        duration,
    )


def measure_talk_from_turns(conversation: Conversation) -> TalkMetrics:
    """The same from the turns' times; suspect turns and turns without words are left out.

    The duration is the end of the last turn, suspect or not. Texts without times give zeros.
    """
    spoken = [
        _Stretch(speaker=t.speaker, start=max(0.0, t.start), end=t.end, backchannel=_is_backchannel(t.text))
        for t in conversation.turns
        if not t.suspect and t.seconds > 0 and plain(t.text)
    ]
    return _measure(spoken, max((t.end for t in conversation.turns), default=0.0))


def _is_backchannel(text: str) -> bool:
    return len(plain(text)) <= BACKCHANNEL_CHARACTERS or is_acknowledgement(text)


def _measure(stretches: list[_Stretch], duration: float) -> TalkMetrics:
    ordered = sorted(stretches, key=lambda s: (s.start, s.end, s.speaker.value))
    seconds = {who: _covered((s.start, s.end) for s in ordered if s.speaker is who) for who in Speaker}
    turns, customer_turns = _count_turns(ordered)
    return TalkMetrics(
        duration=duration,
        agent=seconds[Speaker.AGENT],
        customer=seconds[Speaker.CUSTOMER],
        unknown=seconds[Speaker.UNKNOWN],
        silence=max(0.0, duration - _covered((s.start, s.end) for s in ordered)),
        turns=turns,
        customer_turns=customer_turns,
        longest_monologue=_longest_monologue(ordered),
    )


def _covered(intervals: Iterable[tuple[float, float]]) -> float:
    """Seconds covered by the union of the intervals."""
    total, reached = 0.0, 0.0
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _count_turns(ordered: list[_Stretch]) -> tuple[int, int]:
    turns = customer_turns = 0
    last: Speaker | None = None
    for stretch in ordered:
        if stretch.speaker is not last:
            turns += 1
            customer_turns += stretch.speaker is Speaker.CUSTOMER
            last = stretch.speaker
    return turns, customer_turns


def _longest_monologue(ordered: list[_Stretch]) -> float:
    """Agent seconds between two contributions of somebody else; backchannels and unknown murmurs do not end it."""
    longest = 0.0
    run: list[tuple[float, float]] = []
    for stretch in ordered:
        if stretch.speaker is Speaker.AGENT:
            run.append((stretch.start, stretch.end))
        elif not stretch.backchannel:
            longest, run = max(longest, _covered(run)), []
    return max(longest, _covered(run))
