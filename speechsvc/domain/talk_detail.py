"""How two people take turns: interruptions, response gaps, silences, holds. Pure arithmetic on stretches of speech."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from speechsvc.domain.conversation import Conversation, Speaker
from speechsvc.domain.talk import SideTalk, Silence, TalkDetail
from speechsvc.domain.transcript import SoundInterval
from speechsvc.domain.utterance import count_questions, syllables

OVERLAP_SECONDS = 0.3  # whoever begins so shortly before the other ends answers early and does not interrupt
SILENCE_SECONDS = 3.0  # a shorter pause is thinking
HOLD_SECONDS = 15.0  # nobody waits so long in a conversation
RATE_FROM_SECONDS = 3.0  # less speech gives no rate
SOUND_SHARE = 0.5  # of a silence, filled with tones or music

Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """One stretch of one speaker's speech, in seconds. Backchannels (嗯, 对) neither take the turn nor end one."""

    speaker: Speaker
    start: float
    end: float
    backchannel: bool


def detail(
    ordered: Sequence[Spoken],
    duration: float,
    conversation: Conversation | None,
    sounds: Sequence[SoundInterval],
) -> TalkDetail:
    """`ordered` by start. Without a conversation, nothing is known of syllables and questions."""
    everybody = union((s.start, s.end) for s in ordered)
    silences = tuple(_silences(everybody, sounds))
    holds = [s for s in silences if s.hold]
    taken = list(_taken(ordered))
    heard = [who for who in Speaker if who is not Speaker.UNKNOWN or any(s.speaker is who for s in ordered)]
    seconds = {who: covered((s.start, s.end) for s in ordered if s.speaker is who) for who in Speaker}
    return TalkDetail(
        sides=tuple(_side(who, seconds, ordered, taken, holds, conversation) for who in heard),
        overlap=_r(_overlap(ordered)),
        before_first_word=_r(everybody[0][0] if everybody else duration),
        after_last_word=_r(max(0.0, duration - everybody[-1][1]) if everybody else 0.0),
        silences=silences,
        longest_silence=max((_r(s.end - s.start) for s in silences), default=0.0),
        hold=_r(sum(s.end - s.start for s in holds)),
    )


def longest_monologue(ordered: Iterable[Spoken], speaker: Speaker) -> float:
    """Seconds of speech between two contributions of somebody else; backchannels and murmurs do not end it."""
    longest = 0.0
    run: list[Span] = []
    for stretch in ordered:
        if stretch.speaker is speaker:
            run.append((stretch.start, stretch.end))
        elif not stretch.backchannel:
            longest, run = max(longest, covered(run)), []
    return max(longest, covered(run))


def union(intervals: Iterable[Span]) -> list[Span]:
    """The same seconds in order, without overlaps."""
    joined: list[Span] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def covered(intervals: Iterable[Span]) -> float:
    """Seconds covered by the union of the intervals."""
    total, reached = 0.0, 0.0
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _side(
    who: Speaker,
    seconds: dict[Speaker, float],
    ordered: Sequence[Spoken],
    taken: Sequence[tuple[Spoken, float, bool]],
    holds: Sequence[Silence],
    conversation: Conversation | None,
) -> SideTalk:
    own, everybody = seconds[who], sum(seconds.values())
    mine = [(at, gap, cut_in) for at, gap, cut_in in taken if at.speaker is who]
    gaps = sorted(
        gap for at, gap, cut_in in mine if not cut_in and not any(abs(h.end - at.start) < 0.01 for h in holds)
    )
    texts = [t.text for t in conversation.turns if t.speaker is who and not t.suspect] if conversation else []
    spoken = sum(map(syllables, texts))
    return SideTalk(
        speaker=who,
        seconds=_r(own),
        share=_r(own / everybody) if everybody else None,
        longest_monologue=_r(longest_monologue(ordered, who)),
        interruptions=sum(1 for _, _, cut_in in mine if cut_in),
        responses=len(gaps),
        response_gap_median=_r(median(gaps)) if gaps else None,
        response_gap_p90=_r(gaps[math.ceil(0.9 * len(gaps)) - 1]) if gaps else None,
        syllables=spoken,
        syllables_per_second=_r(spoken / own) if own >= RATE_FROM_SECONDS and spoken else None,
        questions=sum(map(count_questions, texts)),
    )


def _taken(ordered: Sequence[Spoken]) -> Iterator[tuple[Spoken, float, bool]]:
    """Each stretch that takes the turn from somebody else, with the gap before it and whether it cut in.

    Who begins inside the other's words and stops before them never had the turn.
    """
    holder: Spoken | None = None
    for stretch in ordered:
        if stretch.backchannel:
            continue
        if holder is None or stretch.speaker is holder.speaker:
            holder = stretch if holder is None or stretch.end > holder.end else holder
            continue
        if stretch.end <= holder.end:
            continue
        gap = stretch.start - holder.end
        yield stretch, max(0.0, gap), gap < -OVERLAP_SECONDS and stretch.start - holder.start > OVERLAP_SECONDS
        holder = stretch


def _overlap(ordered: Sequence[Spoken]) -> float:
    """Everybody's own seconds, less those in which anybody speaks, would count three at once twice: so by edges."""
    edges = sorted(
        (at, step)
        for who in Speaker
        for start, end in union((s.start, s.end) for s in ordered if s.speaker is who)
        for at, step in ((start, 1), (end, -1))
    )
    speaking, total = 0, 0.0
    for (at, step), (after, _) in pairwise(edges):
        speaking += step
        total += after - at if speaking > 1 else 0.0
    return total


def _silences(everybody: Sequence[Span], sounds: Sequence[SoundInterval]) -> Iterator[Silence]:
    for (_, start), (end, _) in pairwise(everybody):
        if end - start >= SILENCE_SECONDS:
            sound = _sound(start, end, sounds)
            hold = end - start >= HOLD_SECONDS or sound == "music"
            yield Silence(start=_r(start), end=_r(end), hold=hold, sound=sound)


def _sound(start: float, end: float, sounds: Sequence[SoundInterval]) -> str | None:
    for kind in ("music", "tone"):
        within = ((max(start, s.start), min(end, s.end)) for s in sounds if s.kind == kind)
        if covered((a, b) for a, b in within if a < b) >= SOUND_SHARE * (end - start):
            return kind
    return None


def _r(seconds: float) -> float:
    return round(seconds, 3)
