"""The agreed next step: what both leave the call with. Only the customer's consent makes it agreed.

Consent has four forms: the customer asks for it (那你下周五来吧), promises it (我去探探他口风), accepts the
salesperson's proposal (行，我等你), or answers one with another time (七点不行，九点吧). 回头再说 agrees to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from speechsvc.domain.analysis import NextStep, TurnEvidence
from speechsvc.domain.conversation import Conversation, Speaker
from speechsvc.domain.stretch import Stretch, stretches
from speechsvc.tagging.phrase_file import Phrases, Plain, fold, load_phrases

# A next step is agreed towards the end: in the last ten stretches or the second half. Before that only one with a time
# counts: 行，十五号切 in a planning call, but not an early 你把日志给我.
CLOSING_STRETCHES = 10
OPENING_CHARACTERS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A stretch with its text folded."""

    stretch: Stretch
    plain: Plain

    @property
    def by_customer(self) -> bool:
        return self.stretch.speaker is not Speaker.AGENT

    def has(self, group: str) -> bool:
        return _phrases(group).find(self.plain) is not None

    @property
    def yields(self) -> bool:
        """A yes, a question to do it, or another time, in spite of being busy then: 周一不行我开会，周二吧."""
        return self.has("consent") or self.has("counter") or self.has("request")

    @property
    def rejects(self) -> bool:
        """A no; but after a yes that opens, a no further on is about something else: 好，周三来。等保就不用讲了。"""
        at = _phrases("rejection").begins(self.plain)
        opened = at is not None and at >= OPENING_CHARACTERS and self.has("consent") and not self.has("but")
        return at is not None and not opened


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """A consent at place `at` to what `parts` say."""

    at: int
    reason: str
    parts: tuple[Said, ...]  # proposal, consent and what follows at once

    @property
    def has_time(self) -> bool:
        return any(p.has("time") for p in self.parts)

    @property
    def has_owner(self) -> bool:
        return any(p.has("owner") for p in self.parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What the phrases find in a conversation."""

    said: tuple[Said, ...]
    agreements: tuple[Agreement, ...]  # in order of place; early ones without a time do not count
    best: Agreement | None

    @property
    def step(self) -> NextStep:
        """The next step by the phrases alone."""
        if self.best is None:
            return NextStep(agreed=False)
        has_time, has_owner = self.best.has_time, self.best.has_owner
        return NextStep(agreed=True, has_time=has_time, has_owner=has_owner, evidence=_evidence(self.best))


def find_next_step(conversation: Conversation) -> NextStep:
    """The best agreed next step by the phrases alone: one with time and owner before one without, the later before the
    earlier."""
    return read_next_step(conversation).step


def read_next_step(conversation: Conversation) -> Reading:
    """All that the phrases find."""
    said = tuple(Said(stretch=s, plain=fold(s.text)) for s in stretches(conversation.turns))
    first = max(0, min(len(said) // 2, len(said) - CLOSING_STRETCHES))
    found = tuple(a for i in range(len(said)) if (a := _agreement(said, i)) is not None)
    closing = [a for a in found if a.at >= first or a.has_time]
    best = max(closing, key=lambda a: (a.has_time + a.has_owner, a.at), default=None)
    return Reading(said=said, agreements=found, best=best)


def _agreement(said: Sequence[Said], i: int) -> Agreement | None:
    """The agreement that the customer's words at `i` make, if any."""
    here = said[i]
    if not here.by_customer:
        return None
    before = said[i - 1] if i and said[i - 1].stretch.speaker is not Speaker.CUSTOMER else None
    reason = _consent(here, before)
    if reason is None:
        return None
    after = [s for s in said[i + 1 : i + 2] if s.stretch.speaker is not Speaker.CUSTOMER]
    parts = ([before] if before is not None and proposes(before) else []) + [here] + after
    return Agreement(at=i, reason=reason, parts=tuple(parts))


def _consent(here: Said, before: Said | None) -> str | None:
    """How the customer consents here, in plain words, or None."""
    timed = here.has("time")
    if here.has("undone") and not here.has("consent") and not (timed and here.has("counter")):
        return None
    if here.has("postponement") or (timed and here.has("busy") and not here.yields):
        return None
    if not timed and (here.has("vague") or here.has("past")) and not (before is not None and proposes(before)):
        return None
    dated = timed and here.has("action")
    asked = (here.has("request") or here.has("promise")) and dated
    if here.rejects and not asked:
        moved = before is not None and proposes(before) and (here.has("counter") or dated)
        return "customer moves it to another time" if moved else None
    if here.has("request") and here.has("action"):
        return "customer asks for it"
    if here.has("promise") and here.has("action"):
        return "customer promises it"
    if before is None or not proposes(before):
        return None
    if here.has("counter") and timed:
        return "customer names the time"
    if dated or (timed and (before.has("time") or before.has("ask_time"))):
        return "customer names the date"
    return "customer accepts the proposal" if here.has("consent") else None


def proposes(agent: Said) -> bool:
    """Whether the salesperson's words hold something concrete to do or a time; 过了国庆再问您 holds neither."""
    if agent.has("ask_time"):
        return True
    if agent.has("vague") and not agent.has("time"):
        return False
    return agent.has("action") + agent.has("offer") + agent.has("time") >= 2


def _evidence(agreement: Agreement) -> tuple[TurnEvidence, ...]:
    found = []
    for part in agreement.parts:
        reason = agreement.reason if part.by_customer else "salesperson's words on it"
        found.append(turn_evidence(part.stretch, reason))
    return tuple(found)


def turn_evidence(stretch: Stretch, reason: str) -> TurnEvidence:
    return TurnEvidence(turn=stretch.turns[0], text=stretch.text, start=stretch.start, end=stretch.end, reason=reason)


def _phrases(group: str) -> Phrases:
    return load_phrases("next_step.yaml", group)
