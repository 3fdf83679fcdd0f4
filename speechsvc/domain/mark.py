"""What a person says about a mention: right, wrong, or missed. Marks outlive every new analysis of their call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from speechsvc.domain.mention import Polarity


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    MISSED = "missed"  # the topic is spoken of here, and no entry found it


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Belongs to a call, turn and topic; the span says which words were meant."""

    id: str
    call_id: str
    turn: int
    topic: str
    verdict: Verdict
    polarity: Polarity | None  # as the person hears it; none for `wrong`
    start_char: int
    end_char: int
    evidence: str  # the words at the span, so that a new transcript cannot put other words under the mark
    entry: str | None = None  # lexicon entry that had matched; none for `missed`
    lexicon: str | None = None  # version that had matched
    note: str = ""
    author: str  # key id
    created_at: datetime

    def fits(self, text: str) -> bool:
        """Whether the turn's text still holds the words that were marked."""
        return text[self.start_char : self.end_char] == self.evidence
