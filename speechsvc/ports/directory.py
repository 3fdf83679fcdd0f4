"""Who is who: salespeople and customers with their numbers, as they were at each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from speechsvc.ports.calls import Page


class EntryKind(StrEnum):
    SALESPERSON = "salesperson"
    CUSTOMER = "customer"


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryEntry:
    """One person or company from a moment on."""

    kind: EntryKind
    id: str
    valid_from: datetime
    name: str | None = None
    team: str | None = None  # a salesperson's
    industry: str | None = None  # a customer's
    region: str | None = None
    numbers: tuple[str, ...] = ()  # extensions and phone numbers, digits only


class DirectoryRepository(Protocol):
    def put(self, entry: DirectoryEntry) -> None:
        """From `valid_from` on; an entry of the same moment is replaced."""
        ...

    def at(self, kind: EntryKind, id: str, moment: datetime) -> DirectoryEntry | None:
        """As it was then; the first one known, where none is that old."""
        ...

    def by_number(self, kind: EntryKind, numbers: Sequence[str], moment: datetime) -> DirectoryEntry | None:
        """Whose number one of these was then; the first of them that is known decides."""
        ...

    def list(self, kind: EntryKind, *, cursor: str | None = None, limit: int = 50) -> Page[DirectoryEntry]:
        """The newest of each, in order of id."""
        ...

    def unmatched(self, kind: EntryKind, numbers: Sequence[str]) -> tuple[str, ...]:
        """Ids of calls that name nobody of this kind and carry one of these numbers."""
        ...
