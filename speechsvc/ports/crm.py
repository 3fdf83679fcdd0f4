"""What the CRM told, as stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from speechsvc.domain.access import Scope
from speechsvc.domain.crm import CrmEvent, ReportedDone, TouchedLead


@dataclass(frozen=True, kw_only=True, slots=True)
class LeadFilter:
    """Which leads; `None` means any. Times are of creation."""

    scope: Scope = field(default_factory=Scope)
    since: datetime | None = None
    until: datetime | None = None
    team: str | None = None
    salesperson_id: str | None = None


class CrmRepository(Protocol):
    def add(self, event: CrmEvent) -> bool:
        """False, and nothing stored, if the id is known. Waits for a concurrent add of the same."""
        ...

    def digest(self, event_id: str) -> str | None: ...

    def derive(self, lead_ids: Iterable[str], opportunity_ids: Iterable[str]) -> None:
        """Leads anew from all their events; and stage and grade of calls that came without, as at call time."""
        ...

    def leads(self, where: LeadFilter) -> tuple[TouchedLead, ...]:
        """Oldest first."""
        ...

    def silent(self, now: datetime, *, limit: int) -> tuple[TouchedLead, ...]:
        """Leads past a threshold that was not told yet. Locks nothing."""
        ...

    def told_silent(self, lead_id: str, hours: int) -> bool:
        """False if this or a higher threshold was told before."""
        ...

    def done_without_contact(self, where: LeadFilter) -> tuple[ReportedDone, ...]:
        """By the latest report of each follow-up; times are of the report. Oldest first."""
        ...
