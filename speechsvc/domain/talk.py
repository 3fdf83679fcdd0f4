"""Talk metrics: who spoke how long and how they took turns, measured on voice activity, not on call length."""

from __future__ import annotations

from dataclasses import dataclass

from speechsvc.domain.conversation import Speaker


@dataclass(frozen=True, kw_only=True, slots=True)
class SideTalk:
    """One speaker's part of the exchange."""

    speaker: Speaker
    seconds: float  # of speech
    share: float | None  # 0 to 1: of everybody's speech; None where nobody speaks
    longest_monologue: float  # seconds of speech between two contributions of somebody else
    interruptions: int  # began while somebody else spoke, and took the turn
    responses: int  # turns taken after somebody else's turn, interruptions and turns after a hold left out
    response_gap_median: float | None  # seconds from the other's last word to the first of one's own; overlaps are 0
    response_gap_p90: float | None  # nine in ten answers come sooner
    syllables: int  # in unsuspect text; a Chinese character is one, a Latin word or number two
    syllables_per_second: float | None  # of the speaker's own speech; None below three seconds of it
    questions: int  # sentences that ask, in unsuspect text


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """A pause between the first and the last word of the call in which nobody speaks."""

    start: float  # seconds
    end: float  # seconds
    hold: bool  # very long, or filled with music
    sound: str | None  # tone or music, where that fills at least half of it


@dataclass(frozen=True, kw_only=True, slots=True)
class TalkDetail:
    """How the two talked with each other."""

    sides: tuple[SideTalk, ...]  # agent, customer, and unknown where an unknown speaker speaks
    overlap: float  # seconds in which more than one speaks
    before_first_word: float  # seconds: ringing, connecting
    after_last_word: float  # seconds
    silences: tuple[Silence, ...]  # of three seconds and more
    longest_silence: float  # seconds
    hold: float  # seconds of all silences that are holds

    def side(self, speaker: Speaker) -> SideTalk | None:
        return next((s for s in self.sides if s.speaker is speaker), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class TalkMetrics:
    """Seconds of real speech. Overlaps count for each speaker."""

    duration: float  # seconds of the whole call
    agent: float  # seconds of agent speech
    customer: float
    unknown: float
    silence: float  # seconds in which nobody speaks
    turns: int  # changes of speaker plus one
    customer_turns: int
    longest_monologue: float  # seconds the agent speaks without the customer saying more than an acknowledgement
    detail: TalkDetail | None = None  # None in analyses of earlier releases; no score uses it
