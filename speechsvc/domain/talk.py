"""Talk metrics: who spoke how long, measured on voice activity, not on call length."""

from __future__ import annotations

from dataclasses import dataclass


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
