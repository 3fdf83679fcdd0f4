"""Stage and grade of calls that came without them, from the CRM's events, as they were at call time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, or_, select, update

from speechsvc.storage.tables import calls, crm_events, leads


def fill_calls(connection: Connection, tenant_id: str, opportunities: Iterable[str], customers: Iterable[str]) -> None:
    """All calls of these opportunities and customers; what the call system itself said stays."""
    about: list[ColumnElement[bool]] = []
    if opportunities := sorted(opportunities):
        about.append(calls.c.opportunity_id.in_(opportunities))
    if customers := sorted(customers):
        about.append(calls.c.customer_id.in_(customers))
    if about:
        _fill(connection, tenant_id, or_(*about))


def fill_call(connection: Connection, tenant_id: str, call_id: str) -> None:
    """One new call."""
    _fill(connection, tenant_id, calls.c.id == call_id)


def _fill(connection: Connection, tenant_id: str, which: ColumnElement[bool]) -> None:
    columns = (
        calls.c.id,
        calls.c.started_at,
        calls.c.opportunity_id,
        calls.c.customer_id,
        calls.c.stage,
        calls.c.lead_grade,
        calls.c.from_crm,
    )
    query = select(*columns).where(calls.c.tenant_id == tenant_id, which).order_by(calls.c.id)
    for row in connection.execute(query).mappings().all():
        ours, values = set(row["from_crm"] or ()), dict[str, Any]()
        for name, found in (("stage", _stage), ("lead_grade", _grade)):
            if row[name] is None or name in ours:
                value = found(connection, tenant_id, row)
                if value != row[name]:
                    values[name] = value
                    ours.add(name)
        if values:
            mine = and_(calls.c.tenant_id == tenant_id, calls.c.id == row["id"])
            connection.execute(update(calls).where(mine).values(**values, from_crm=sorted(ours)))


def _stage(connection: Connection, tenant_id: str, call: RowMapping) -> str | None:
    if call["opportunity_id"] is None:
        return None
    where = and_(
        crm_events.c.type == "opportunity.stage_changed", crm_events.c.opportunity_id == call["opportunity_id"]
    )
    return _last(connection, tenant_id, "stage", call["started_at"], where)


def _grade(connection: Connection, tenant_id: str, call: RowMapping) -> str | None:
    same = [leads.c[name] == call[name] for name in ("customer_id", "opportunity_id") if call[name] is not None]
    if not same:
        return None
    known = select(leads.c.id).where(leads.c.tenant_id == tenant_id, or_(*same))
    where = and_(crm_events.c.type.in_(("lead.created", "lead.graded")), crm_events.c.lead_id.in_(known))
    return _last(connection, tenant_id, "grade", call["started_at"], where)


def _last(connection: Connection, tenant_id: str, name: str, at: datetime, where: ColumnElement[bool]) -> str | None:
    query = (
        select(crm_events.c.data)
        .where(crm_events.c.tenant_id == tenant_id, crm_events.c.occurred_at <= at, where)
        .order_by(crm_events.c.occurred_at.desc(), crm_events.c.id.desc())
    )
    for (data,) in connection.execute(query):
        if data.get(name):
            return str(data[name])
    return None
