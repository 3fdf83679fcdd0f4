"""What was said, without where it came from: the input of tagging and scoring."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Speaker(StrEnum):
    """Who speaks. `unknown` where neither channel nor words tell."""

    AGENT = "agent"
    CUSTOMER = "customer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One uninterrupted stretch of speech or text by one speaker."""

    speaker: Speaker
    start: float  # seconds from the beginning of the call
    end: float  # seconds
    text: str  # as spoken or written; never normalised
    suspect: tuple[str, ...] = ()  # reasons why the words may be invented; suspect turns never count

    @property
    def seconds(self) -> float:
        """Length of the turn in seconds, never negative."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """The turns of one call or text, in order of start."""

    call_id: str
    turns: tuple[Turn, ...]
