"""Between a `Call` and its row."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, false, or_, true
from sqlalchemy.sql import Select

from speechsvc.domain.access import Scope
from speechsvc.domain.call import (
    Call,
    CallMetadata,
    CallStatus,
    Customer,
    Direction,
    Opportunity,
    Recording,
    Salesperson,
    Source,
)
from speechsvc.storage.tables import calls

_PREFIXES = {"recording": "", "playback": "playback_"}  # of the columns that hold a stored file
FINISHED_WELL = (CallStatus.DONE.value, CallStatus.PARTIAL.value)


def columns(given: dict[str, Any]) -> dict[str, Any]:
    """Column values for fields of Call by name. Raises TypeError for a name that Call does not have."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name == "metadata":
            values |= _metadata_columns(value)
        elif name in _PREFIXES:
            values |= _recording_columns(value, _PREFIXES[name])
        elif name in ("topics", "warnings"):
            values[name] = list(value)
        elif name not in calls.c or name in ("tenant_id", "id"):
            raise TypeError(f"a call has no field {name!r} to set")
        else:
            values[name] = getattr(value, "value", value)
    return values


def _metadata_columns(metadata: CallMetadata) -> dict[str, Any]:
    person, customer, opportunity = metadata.salesperson, metadata.customer, metadata.opportunity
    return {
        "external_id": metadata.external_id,
        "started_at": metadata.started_at,
        "direction": metadata.direction.value,
        "salesperson_id": person.id if person else None,
        "salesperson_name": person.name if person else None,
        "team": person.team if person else None,
        "customer_id": customer.id if customer else None,
        "customer_name": customer.name if customer else None,
        "industry": customer.industry if customer else None,
        "region": customer.region if customer else None,
        "opportunity_id": opportunity.id if opportunity else None,
        "stage": opportunity.stage if opportunity else None,
        "caller": metadata.caller,
        "callee": metadata.callee,
        "extension": metadata.extension,
        "followup_id": metadata.followup_id,
        "lead_grade": metadata.lead_grade,
        "channels": metadata.channels,
    }


def _recording_columns(recording: Recording | None, prefix: str) -> dict[str, Any]:
    parts = {f.name: getattr(recording, f.name, None) for f in fields(Recording)}
    return {prefix + name: value for name, value in parts.items()}


def to_call(row: RowMapping) -> Call:
    return Call(
        id=row["id"],
        metadata=_metadata(row),
        source=Source(row["source"]),
        status=CallStatus(row["status"]),
        recording=_recording(row, ""),
        playback=_recording(row, "playback_"),
        progress=row["progress"],
        expected_at=row["expected_at"],
        received_at=row["received_at"],
        finished_at=row["finished_at"],
        duration=row["duration"],
        contact=row["contact"],
        score=row["score"],
        topics=tuple(row["topics"]),
        error_code=row["error_code"],
        error=row["error"],
        versions=row["versions"],
        warnings=tuple(row["warnings"]),
        analysis_revision=row["analysis_revision"],
    )


def _metadata(row: RowMapping) -> CallMetadata:
    return CallMetadata(
        external_id=row["external_id"],
        started_at=row["started_at"],
        direction=Direction(row["direction"]),
        salesperson=_salesperson(row),
        customer=_customer(row),
        caller=row["caller"],
        callee=row["callee"],
        extension=row["extension"],
        followup_id=row["followup_id"],
        opportunity=_opportunity(row),
        lead_grade=row["lead_grade"],
        channels=row["channels"],
    )


def _salesperson(row: RowMapping) -> Salesperson | None:
    if row["salesperson_id"] is None:
        return None
    return Salesperson(id=row["salesperson_id"], name=row["salesperson_name"], team=row["team"])


def _customer(row: RowMapping) -> Customer | None:
    if row["customer_id"] is None:
        return None
    return Customer(id=row["customer_id"], name=row["customer_name"], industry=row["industry"], region=row["region"])


def _opportunity(row: RowMapping) -> Opportunity | None:
    return None if row["opportunity_id"] is None else Opportunity(id=row["opportunity_id"], stage=row["stage"])


def _recording(row: RowMapping, prefix: str) -> Recording | None:
    if row[f"{prefix}blob"] is None:
        return None
    return Recording(**{f.name: row[prefix + f.name] for f in fields(Recording)})


def within(scope: Scope) -> ColumnElement[bool]:
    """The calls that a scope shows; an empty team list or an empty salesperson id shows nothing."""
    condition: ColumnElement[bool] = true()
    if scope.teams is not None:
        condition = and_(condition, calls.c.team.in_(scope.teams) if scope.teams else false())
    if scope.salesperson_id is not None:
        mine = calls.c.salesperson_id == scope.salesperson_id
        condition = and_(condition, mine if scope.salesperson_id else false())
    return condition


def newest_first(query: Select[Any], position: tuple[Any, ...] | None) -> Select[Any]:
    """Orders by received_at and id, continuing after `position`."""
    if position is not None:
        at, call_id = position
        query = query.where(or_(calls.c.received_at < at, and_(calls.c.received_at == at, calls.c.id < call_id)))
    return query.order_by(calls.c.received_at.desc(), calls.c.id.desc())
