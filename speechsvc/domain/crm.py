"""What a CRM tells: events about leads, opportunities and follow-ups, and what follows from them and the calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

CRM_EVENT_TYPES = (
    "lead.created",
    "lead.graded",
    "lead.reassigned",
    "opportunity.stage_changed",
    "opportunity.won",
    "opportunity.lost",
    "document.uploaded",
    "minutes.written",
    "followup.reported_done",
)
SILENT_AFTER_H = (24, 48, 72)
FORGET_SILENCE_AFTER = timedelta(days=30)  # an import of last year's leads must not ring a thousand bells
NO_GRADE = "none"
_GRADES = ("A", "B", "C")


@dataclass(frozen=True, kw_only=True, slots=True)
class CrmEvent:
    """One event of the CRM, by the CRM's own id."""

    id: str
    type: str
    occurred_at: datetime
    data: dict[str, Any] = field(default_factory=dict)  # never the text of minutes
    digest: str  # SHA-256 of the whole event as sent

    def about(self, name: str) -> str | None:
        value = self.data.get(name)
        return None if value is None else str(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """A lead as its events say, taken in the order in which they happened."""

    id: str
    created_at: datetime | None = None
    grade: str | None = None
    salesperson_id: str | None = None
    team: str | None = None
    customer_id: str | None = None
    opportunity_id: str | None = None


def lead_of(lead_id: str, events: Sequence[CrmEvent]) -> Lead:
    """Later events win, by when they happened, not by when they arrived; a later id breaks ties."""
    created_at: datetime | None = None
    known: dict[str, str | None] = {}
    for event in sorted(events, key=lambda e: (e.occurred_at, e.id)):
        if event.type == "lead.created":
            created_at = created_at or event.occurred_at
        if event.type == "lead.reassigned":
            known["team"] = None  # the team went with the person
        for name in ("grade", "salesperson_id", "team", "customer_id", "opportunity_id"):
            known[name] = event.about(name) or known.get(name)
    return Lead(id=lead_id, created_at=created_at, **known)


class Touch(StrEnum):
    """How long a lead waited for its first effective contact."""

    H2 = "2h"
    H24 = "24h"
    H72 = "72h"
    LATE = "late"
    NONE = "none"  # not reached yet


def touch_of(created_at: datetime, first_contact: datetime | None) -> Touch:
    if first_contact is None:
        return Touch.NONE
    waited = first_contact - created_at
    for hours, touch in ((2, Touch.H2), (24, Touch.H24), (72, Touch.H72)):
        if waited <= timedelta(hours=hours):
            return touch
    return Touch.LATE


@dataclass(frozen=True, kw_only=True, slots=True)
class TouchedLead:
    """A lead and its first effective contact: a call or transcript with its customer or opportunity."""

    lead: Lead
    created_at: datetime
    team: str | None  # of the lead, else of its salesperson's latest call
    first_contact: datetime | None = None
    call_id: str | None = None
    closed: bool = False  # its opportunity was won or lost

    @property
    def touch(self) -> Touch:
        return touch_of(self.created_at, self.first_contact)

    @property
    def grade(self) -> str:
        return self.lead.grade or NO_GRADE

    @property
    def waited_s(self) -> float | None:
        return None if self.first_contact is None else (self.first_contact - self.created_at).total_seconds()

    def silent_h(self, now: datetime) -> int:
        """The highest threshold passed without an effective contact, 0 for none."""
        if self.first_contact is not None or self.closed:
            return 0
        waited = (now - self.created_at).total_seconds() / 3600
        return max((h for h in SILENT_AFTER_H if waited >= h), default=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedDone:
    """A follow-up that was reported done though no effective contact preceded the report."""

    followup_id: str
    event_id: str
    reported_at: datetime
    salesperson_id: str | None
    team: str | None
    calls: int  # recorded before the report, none of them effective


def grades_in(leads: Sequence[TouchedLead]) -> list[str]:
    """A, B, C always, others where they occur, and those without a grade last."""
    others = sorted({lead.grade for lead in leads} - {*_GRADES, NO_GRADE})
    return [*_GRADES, *others, NO_GRADE]
