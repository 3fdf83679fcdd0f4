"""A follow-up: calls, texts, documents and minutes of one salesperson's work on one opportunity, judged together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from speechsvc.domain.call import Customer, Opportunity, Salesperson


class FollowupState(StrEnum):
    """Where the score is on its way. Only `provisional` moves by itself."""

    PROVISIONAL = "provisional"
    SETTLED = "settled"
    APPEALED = "appealed"
    FINAL = "final"  # a person has ruled


class ItemKind(StrEnum):
    """What belongs to a follow-up."""

    CALL = "call"  # a recording, a transcript made elsewhere, chat or e-mail
    MINUTES = "minutes"
    DOCUMENT = "document"


class AppealState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"  # the machine score stands
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowupRules:
    """How follow-ups are grouped and when they settle; from the service's settings."""

    episode: timedelta = timedelta(days=7)  # without a followup_id: new activity this long after the last still belongs
    settle_after: timedelta = timedelta(hours=72)  # after the last activity and the last arrival
    documents: str = "auto"  # judged: auto (where the tenant sent any in the last 90 days), on, off
    minutes: str = "auto"

    def settles_at(self, last_activity: datetime, touched_at: datetime) -> datetime:
        """Late uploads of old calls restart the clock too: a batch on its way settles as a whole."""
        return max(last_activity, touched_at) + self.settle_after


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing of a follow-up."""

    id: str  # the call's id; for documents an id of their own
    kind: ItemKind
    at: datetime  # when it happened: a call's beginning, a document's upload
    received_at: datetime
    name: str | None = None  # a document's
    sha256: str | None = None  # of a recording's or document's bytes
    fingerprint: str | None = None  # of a text's words, once analysed
    late: bool = False  # arrived after the follow-up had settled: shown, not counted
    erased: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Appeal:
    """A salesperson's objection, and the decision beside it."""

    id: str
    state: AppealState
    reason: str
    by: str  # key id
    at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    total: int | None = None  # what the decision says instead of the machine score


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """A person's word beside the machine score; the latest one stands."""

    kind: str  # decision, override
    total: int
    counts: bool
    reason: str
    by: str  # key id
    at: datetime
    appeal_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Followup:
    """One follow-up. Its score with every reason, and the snapshot that recomputes it, are read on their own."""

    id: str
    external_id: str  # the CRM's; or made here for an episode
    episode_key: str | None = None  # salesperson and opportunity or customer; none where the CRM gave the id
    salesperson: Salesperson | None = None
    customer: Customer | None = None
    opportunity: Opportunity | None = None
    state: FollowupState = FollowupState.PROVISIONAL
    total: int | None = None  # of the machine; none before the first call was judged
    counts: bool = False  # machine score at or above the pass line
    reasons: tuple[str, ...] = ()  # why it does not count: stable codes
    versions: dict[str, Any] = field(default_factory=dict)
    first_activity: datetime
    last_activity: datetime
    touched_at: datetime  # last arrival
    created_at: datetime
    settled_at: datetime | None = None
    settles_at: datetime | None = None  # at the earliest
    revision: int = 0  # grows with every new score
    rulings: tuple[Ruling, ...] = ()

    @property
    def open(self) -> bool:
        return self.state is FollowupState.PROVISIONAL

    @property
    def standing(self) -> tuple[int | None, bool]:
        """Total and whether it counts: the latest ruling's, else the machine's."""
        if self.rulings:
            return self.rulings[-1].total, self.rulings[-1].counts
        return self.total, self.counts

    def takes(self, at: datetime, rules: FollowupRules) -> bool:
        """Whether activity at this time belongs to this episode. A settled one takes only what happened before."""
        if not self.open:
            return self.settled_at is not None and self.first_activity <= at <= self.settled_at
        return self.first_activity - rules.episode <= at <= self.last_activity + rules.episode


def episode_key(
    salesperson: Salesperson | None, customer: Customer | None, opportunity: Opportunity | None
) -> str | None:
    """None where nobody can say whose work it was, or on what."""
    if salesperson is None or (customer is None and opportunity is None):
        return None
    about = f"o:{opportunity.id}" if opportunity is not None else f"c:{customer.id}"  # type: ignore[union-attr]
    return f"{salesperson.id}\n{about}"
