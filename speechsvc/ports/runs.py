"""Runs over stored calls, and what people marked in mentions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from speechsvc.domain.mark import Mark
from speechsvc.domain.run import Run, RunKind, RunState
from speechsvc.ports.calls import Page


class RunRepository(Protocol):
    def add(self, run: Run) -> None: ...

    def get(self, run_id: str, kind: RunKind) -> Run:
        """Raises NotFound."""
        ...

    def list(self, kind: RunKind, *, limit: int = 20) -> tuple[Run, ...]:
        """Newest first."""
        ...

    def change(self, run_id: str, *, only: Sequence[RunState], **values: Any) -> bool:
        """Sets fields of Run by name, only if its state is one of `only`; whether it was."""
        ...

    def add_calls(self, run_id: str, calls: Sequence[tuple[int, str, dict[str, Any]]]) -> None:
        """(position, call id, result) of single calls; they go when the call is erased."""
        ...

    def calls(self, run_id: str, *, after: int = -1, limit: int = 100) -> tuple[tuple[int, str, dict[str, Any]], ...]:
        """In order of position."""
        ...

    def forget(self, kind: RunKind, before: datetime) -> int:
        """Removes ended runs that were created before; returns how many."""
        ...


class MarkRepository(Protocol):
    """One mark a call, turn and topic: the last word counts."""

    def put(self, mark: Mark) -> Mark:
        """Replaces an earlier one at the same place, keeping its id; returns what is stored. Raises NotFound."""
        ...

    def get(self, mark_id: str) -> Mark:
        """Raises NotFound."""
        ...

    def remove(self, mark_id: str) -> Mark:
        """Raises NotFound."""
        ...

    def of_call(self, call_id: str) -> tuple[Mark, ...]: ...

    def list(
        self, *, topic: str | None = None, verdict: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Mark]:
        """Newest first."""
        ...

    def by_entry(self) -> dict[str, tuple[int, int]]:
        """Entry -> (right, wrong)."""
        ...

    def call_ids(self, *, after: str = "", limit: int = 100) -> tuple[str, ...]:
        """Calls with marks, in order of id."""
        ...
