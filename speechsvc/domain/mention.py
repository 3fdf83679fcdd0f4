"""A mention: one place where a topic is spoken of, with the lexicon entry and the reason that found it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from speechsvc.domain.conversation import Speaker


class Polarity(StrEnum):
    """`negated`: set aside, not needed, not to be discussed. Neutral questions and lacks are affirmed."""

    AFFIRMED = "affirmed"
    NEGATED = "negated"


class MatchKind(StrEnum):
    """How the entry matched the text."""

    EXACT = "exact"
    VARIANT = "variant"
    HOMOPHONE = "homophone"
    PATTERN = "pattern"
    LEARNED = "learned"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """One mention. `start_char` and `end_char` index Unicode code points of the turn's text as given."""

    topic: str
    turn: int  # index of the turn, equal to the transcript's segment index
    speaker: Speaker
    polarity: Polarity
    text: str  # the turn's text[start_char:end_char]
    start_char: int
    end_char: int
    start: float  # seconds, interpolated within the turn
    end: float  # seconds
    entry: str  # lexicon entry id
    match: MatchKind
    reason: str  # why it matched and why this polarity, in plain words
    suspect: bool = False  # lies in a suspect segment: shown, never counted

    @property
    def finding(self) -> tuple[str, int, int, int, str, str, str, bool]:
        """What was found, without what follows from it: equal for equal results."""
        return (
            self.topic,
            self.turn,
            self.start_char,
            self.end_char,
            self.polarity.value,
            self.entry,
            self.match.value,
            self.suspect,
        )

    @property
    def counts(self) -> bool:
        """Whether heatmap and score may count it."""
        return self.polarity is Polarity.AFFIRMED and not self.suspect
