"""Runs over stored calls of one tenant, with what they found in single calls."""

from __future__ import annotations

import builtins
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from speechsvc.domain.run import CallRange, Run, RunKind, RunState
from speechsvc.errors import NotFound
from speechsvc.storage.base import Repository
from speechsvc.storage.tables import run_calls, runs

_BUT_REQUEST = [column for column in runs.c if column.name != "request"]
_KEPT = 8


class _Requests(OrderedDict[tuple[str, str], Any]):
    """What runs were asked for never changes; a preview's holds a whole lexicon, a tenth of a second to parse."""

    def of(self, key: tuple[str, str], read: Callable[[], Any]) -> Any:
        found = self.pop(key, None)
        self[key] = found = read() if found is None else found
        while len(self) > _KEPT:
            self.popitem(last=False)
        return found


_REQUESTS = _Requests()


class RunTable(Repository):
    """Implements `RunRepository`."""

    def add(self, run: Run) -> None:
        values = _columns({f.name: getattr(run, f.name) for f in fields(run)})
        self._connection.execute(insert(runs).values(tenant_id=self._tenant_id, **values))

    def get(self, run_id: str, kind: RunKind) -> Run:
        mine = self._mine(runs) & (runs.c.id == run_id) & (runs.c.kind == kind.value)
        found = self._connection.execute(select(*_BUT_REQUEST).where(mine)).mappings().first()
        if found is None:
            raise NotFound(what=kind.value)
        key = self._tenant_id, run_id
        request = _REQUESTS.of(key, lambda: self._connection.execute(select(runs.c.request).where(mine)).scalar_one())
        return _run({**found, "request": request})

    def list(self, kind: RunKind, *, limit: int = 20) -> tuple[Run, ...]:
        rows = self._connection.execute(
            select(runs)
            .where(self._mine(runs), runs.c.kind == kind.value)
            .order_by(runs.c.created_at.desc(), runs.c.id.desc())
            .limit(limit)
        ).mappings()
        return tuple(_run(dict(row)) for row in rows)

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


def _run(row: Mapping[str, Any]) -> Run:
    values: builtins.dict[str, Any] = {f.name: row[f.name] for f in fields(Run)}
    kind, state, where = RunKind(row["kind"]), RunState(row["state"]), CallRange.from_dict(row["where"])
    return Run(**values | {"kind": kind, "state": state, "where": where})
