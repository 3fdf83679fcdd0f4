"""Which follow-ups count towards whose performance, which do not and why, which are still open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from speechsvc.domain.followup import Followup, FollowupState

PENDING = (FollowupState.PROVISIONAL, FollowupState.APPEALED)


class PerformanceRow(StrEnum):
    SALESPERSON = "salesperson"
    TEAM = "team"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One follow-up in the report."""

    followup_id: str
    state: str
    total: int | None  # after rulings
    machine_total: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Performance:
    """One row."""

    key: str  # id of the salesperson or name of the team; empty: not known
    label: str
    counted: tuple[Standing, ...]
    excluded: tuple[Standing, ...]
    pending: tuple[Standing, ...]


def performance(followups: Iterable[Followup], row: PerformanceRow) -> tuple[Performance, ...]:
    """In order of key. Every follow-up stands in exactly one list of exactly one row."""
    rows: dict[str, list[Followup]] = {}
    labels: dict[str, str] = {}
    for followup in followups:
        key, label = _key(followup, row)
        rows.setdefault(key, []).append(followup)
        labels[key] = label
    return tuple(_row(key, labels[key], found) for key, found in sorted(rows.items()))


def _row(key: str, label: str, followups: list[Followup]) -> Performance:
    settled = [f for f in followups if f.state not in PENDING]
    return Performance(
        key=key,
        label=label,
        counted=tuple(_standing(f) for f in settled if f.standing[1]),
        excluded=tuple(_standing(f) for f in settled if not f.standing[1]),
        pending=tuple(_standing(f) for f in followups if f.state in PENDING),
    )


def _key(followup: Followup, row: PerformanceRow) -> tuple[str, str]:
    person = followup.salesperson
    if person is None:
        return "", ""
    if row is PerformanceRow.TEAM:
        return person.team or "", person.team or ""
    return person.id, person.name or person.id


def reasons_of(followup: Followup) -> tuple[str, ...]:
    """Why it counts or not, after rulings: stable codes."""
    if not followup.rulings:
        return followup.reasons
    ruled = f"ruled_by_{followup.rulings[-1].kind}"
    return (ruled,) if followup.standing[1] else (ruled, *followup.reasons)


def _standing(followup: Followup) -> Standing:
    total, _ = followup.standing
    return Standing(
        followup_id=followup.external_id,
        state=followup.state.value,
        total=total,
        machine_total=followup.total,
        reasons=reasons_of(followup),
    )
