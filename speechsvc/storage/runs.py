"""Runs over stored calls of one tenant, with what they found in single calls."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from speechsvc.domain.run import CallRange, Run, RunKind, RunState
from speechsvc.errors import NotFound
from speechsvc.storage.base import Repository
from speechsvc.storage.tables import run_calls, runs


class RunTable(Repository):
    """Implements `RunRepository`."""

    def add(self, run: Run) -> None:
        values = _columns({f.name: getattr(run, f.name) for f in fields(run)})
        self._connection.execute(insert(runs).values(tenant_id=self._tenant_id, **values))

    def get(self, run_id: str, kind: RunKind) -> Run:
        row = self._connection.execute(
            select(runs).where(self._mine(runs), runs.c.id == run_id, runs.c.kind == kind.value)
        ).mappings()
        found = row.first()
        if found is None:
            raise NotFound(what=kind.value)
        return _run(found)

    def list(self, kind: RunKind, *, limit: int = 20) -> tuple[Run, ...]:
        rows = self._connection.execute(
            select(runs)
            .where(self._mine(runs), runs.c.kind == kind.value)
            .order_by(runs.c.created_at.desc(), runs.c.id.desc())
            .limit(limit)
        ).mappings()
        return tuple(map(_run, rows))

    def change(self, run_id: str, *, only: Sequence[RunState], **values: Any) -> bool:
        changed = self._connection.execute(
            update(runs)
            .where(self._mine(runs), runs.c.id == run_id, runs.c.state.in_([s.value for s in only]))
            .values(**_columns(values))
        )
        return changed.rowcount == 1

    def add_calls(self, run_id: str, calls: Sequence[tuple[int, str, dict[str, Any]]]) -> None:
        if calls:
            rows = [
                {"tenant_id": self._tenant_id, "run_id": run_id, "position": p, "call_id": c, "body": b}
                for p, c, b in calls
            ]
            self._connection.execute(insert(run_calls), rows)

    def calls(self, run_id: str, *, after: int = -1, limit: int = 100) -> tuple[tuple[int, str, dict[str, Any]], ...]:
        rows = self._connection.execute(
            select(run_calls)
            .where(self._mine(run_calls), run_calls.c.run_id == run_id, run_calls.c.position > after)
            .order_by(run_calls.c.position)
            .limit(limit)
        )
        return tuple((row.position, row.call_id, row.body) for row in rows)

    def forget(self, kind: RunKind, before: datetime) -> int:
        ended = [s.value for s in RunState if s.ended]
        old = (runs.c.kind == kind.value) & (runs.c.created_at < before) & runs.c.state.in_(ended)
        return self._connection.execute(delete(runs).where(self._mine(runs), old)).rowcount


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    values = {name: getattr(value, "value", value) for name, value in given.items()}
    if isinstance(values.get("where"), CallRange):
        values["where"] = values["where"].to_dict()
    return values


def _run(row: RowMapping) -> Run:
    values: builtins.dict[str, Any] = {f.name: row[f.name] for f in fields(Run)}
    kind, state, where = RunKind(row["kind"]), RunState(row["state"]), CallRange.from_dict(row["where"])
    return Run(**values | {"kind": kind, "state": state, "where": where})
