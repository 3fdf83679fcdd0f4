"""What the text alone tells: mentions, contact outcome, next step, and which versions decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from speechsvc.domain.mention import Mention


class Contact(StrEnum):
    """Outcome of the call. Only `effective` is a real contact with the customer."""

    EFFECTIVE = "effective"
    VOICEMAIL = "voicemail"
    IVR = "ivr"
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"
    NO_SPEECH = "no_speech"


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnEvidence:
    """Words in one turn that support a finding."""

    turn: int  # index of the turn
    text: str  # the words
    start: float  # seconds
    end: float  # seconds
    reason: str  # what they show, in plain words


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactFinding:
    """The contact outcome and why."""

    outcome: Contact
    evidence: tuple[TurnEvidence, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NextStep:
    """An agreed next step: what, when, who; the customer's consent makes it agreed."""

    agreed: bool
    has_time: bool = False
    has_owner: bool = False
    evidence: tuple[TurnEvidence, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Versions:
    """Names of everything that decided a result."""

    lexicon: str  # for example default-1+3f2a9c01: name, version, first digits of the content's SHA-256
    rubric: str
    engine: str  # version of the code and its tables
    transcript: str | None = None  # model and configuration; none for texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Tagging:
    """All findings in one conversation."""

    call_id: str
    mentions: tuple[Mention, ...]  # at most one a topic and turn, in order of turn, then start_char
    contact: ContactFinding
    next_step: NextStep
    trace: bytes | None = field(default=None, compare=False)  # the tagger's own, for `Comparison`; nobody else reads it
