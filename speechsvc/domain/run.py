"""Work over stored calls that people start and watch: previews of a draft, and re-tagging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RunKind(StrEnum):
    PREVIEW = "preview"
    RETAG = "retag"


class RunState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in (RunState.CANCELLED, RunState.FINISHED, RunState.FAILED)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRange:
    """Which analysed calls a run goes over; `None` means any."""

    since: datetime | None = None  # began at or after
    until: datetime | None = None  # began before
    source: str | None = None
    team: str | None = None
    salesperson_id: str | None = None
    customer_id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        data = {name: getattr(self, name) for name in self.__slots__}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in data.items() if v is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CallRange:
        times = {k: datetime.fromisoformat(data[k]) for k in ("since", "until") if data.get(k)}
        return cls(**{k: v for k, v in data.items() if k in cls.__slots__} | times)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of one tenant."""

    id: str
    kind: RunKind
    state: RunState
    created_at: datetime
    created_by: str  # key id
    where: CallRange
    request: dict[str, Any]  # what was asked for; for a preview the lexicon to compare
    position: str | None = None  # cursor: everything before it is done
    counts: dict[str, Any] = field(default_factory=dict)  # total, seen, changed ...
    summary: dict[str, Any] = field(default_factory=dict)  # results so far, apart from the calls' own
    finished_at: datetime | None = None
    error_code: str | None = None
