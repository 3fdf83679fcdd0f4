"""The touch-health matrix: leads of each grade by how long they waited for their first effective contact."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from speechsvc.domain.crm import Touch


class GroupBy(StrEnum):
    ALL = "all"
    TEAM = "team"
    SALESPERSON = "salesperson"


@dataclass(frozen=True, kw_only=True, slots=True)
class TouchRow:
    """Leads of one grade in one group, by how long they waited."""

    group: str | None  # team or salesperson; none for all, and for leads without one
    grade: str
    counts: dict[Touch, int]

    @property
    def leads(self) -> int:
        return sum(self.counts.values())
