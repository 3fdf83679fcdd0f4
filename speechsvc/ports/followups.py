"""Follow-ups of one tenant, as stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from speechsvc.domain.access import Scope
from speechsvc.domain.followup import Appeal, Followup, FollowupState, Item
from speechsvc.domain.followup_score import Frozen, JudgedCall
from speechsvc.domain.overlap import Intervals
from speechsvc.ports.calls import Page


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowupFilter:
    """Which follow-ups a list shows; `None` means any."""

    scope: Scope = field(default_factory=Scope)
    states: tuple[FollowupState, ...] | None = None
    salesperson_id: str | None = None
    team: str | None = None
    customer_id: str | None = None
    opportunity_id: str | None = None
    counts: bool | None = None  # by the standing score
    since: datetime | None = None  # last activity at or after
    until: datetime | None = None  # last activity before


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """An effective call of another follow-up that was on the phone at about the same time."""

    call_id: str
    followup_id: str  # internal id
    salesperson_id: str | None
    started_at: datetime
    duration_s: float
    speech: Intervals | None = None


class FollowupRepository(Protocol):
    def add(self, followup: Followup) -> bool:
        """False, and nothing stored, if the external id is taken. Waits for a concurrent add of the same."""
        ...

    def find(self, external_id: str, scope: Scope | None = None) -> Followup | None: ...

    def get(self, external_id: str, scope: Scope | None = None) -> Followup:
        """Raises NotFound, also outside the scope."""
        ...

    def by_id(self, followup_id: str) -> Followup | None:
        """By internal id."""
        ...

    def lock(self, followup_id: str) -> Followup:
        """By internal id; until the commit nobody else changes it. Raises NotFound."""
        ...

    def episodes(self, key: str) -> tuple[Followup, ...]:
        """Of a salesperson and opportunity or customer, newest first."""
        ...

    def list(self, where: FollowupFilter, *, cursor: str | None = None, limit: int = 50) -> Page[Followup]:
        """Newest activity first."""
        ...

    def all(self, where: FollowupFilter) -> tuple[Followup, ...]:
        """For reports."""
        ...

    def salespeople(self, scope: Scope) -> dict[str, str]:
        """Names, else ids, by id, of those who have follow-ups; in order of id."""
        ...

    def update(self, followup_id: str, **fields: Any) -> None:
        """Sets fields of Followup by name. Raises NotFound."""
        ...

    def freeze(self, followup_id: str, frozen: Frozen, history: Sequence[dict[str, Any]] | None = None) -> None:
        """Stores score and snapshot; `history` replaces the list of earlier scores where given."""
        ...

    def frozen(self, followup_id: str) -> tuple[Frozen | None, tuple[dict[str, Any], ...]]:
        """The score as it stands and the earlier ones that re-scores replaced."""
        ...

    def erase(self, followup_id: str) -> None:
        """With its items, its settling and what receivers answered to its events."""
        ...

    def add_item(self, followup_id: str, item: Item) -> bool:
        """False if it is there already. An item belongs to one follow-up."""
        ...

    def of_item(self, item_id: str) -> str | None:
        """Internal id of the follow-up that an item belongs to."""
        ...

    def change_item(self, item_id: str, **fields: Any) -> None: ...
    def items(self, followup_id: str) -> tuple[Item, ...]:
        """In order of `at`."""
        ...

    def judged(self, items: Sequence[Item]) -> tuple[JudgedCall, ...]:
        """Those whose analysis is stored."""
        ...

    def unfinished(self, followup_id: str) -> int:
        """How many calls and texts of it are still being worked on."""
        ...

    def elsewhere(self, followup_id: str, items: Sequence[Item]) -> dict[str, tuple[str, str]]:
        """Items whose recording or words another follow-up of the tenant received before: id -> (reason, its)."""
        ...

    def beside(self, followup_id: str, call: JudgedCall) -> tuple[Beside, ...]:
        """Calls of other follow-ups, received before, of the same salesperson or customer, that may still have run."""
        ...

    def sources(self) -> dict[str, str | None]:
        """The tenant's own rules for documents and minutes: auto, on, off; none: the installation's."""
        ...

    def set_sources(self, rules: Mapping[str, str]) -> None: ...
    def fed(self, kind: str, since: datetime) -> bool:
        """Whether the tenant sent any item of this kind since then."""
        ...

    def add_appeal(self, followup_id: str, appeal: Appeal) -> None: ...
    def change_appeal(self, appeal_id: str, **fields: Any) -> None: ...
    def appeals(self, followup_id: str) -> tuple[Appeal, ...]: ...
