"""Events of the CRM and the leads they tell of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, exists, false, func, or_, select, update
from sqlalchemy.sql.selectable import ScalarSelect

from speechsvc.domain.access import Scope
from speechsvc.domain.call import Source
from speechsvc.domain.crm import (
    FORGET_SILENCE_AFTER,
    SILENT_AFTER_H,
    CrmEvent,
    Lead,
    ReportedDone,
    TouchedLead,
    lead_of,
)
from speechsvc.ports.crm import LeadFilter
from speechsvc.storage.base import Repository, insert_if_absent
from speechsvc.storage.call_rows import FINISHED_WELL
from speechsvc.storage.crm_calls import fill_calls
from speechsvc.storage.tables import calls, crm_events, leads

_LEAD_FIELDS = ("created_at", "grade", "salesperson_id", "team", "customer_id", "opportunity_id")
_SPOKEN = (Source.CALL.value, Source.TRANSCRIPT.value)
_CLOSING = ("opportunity.won", "opportunity.lost")


class CrmTable(Repository):
    """Implements `CrmRepository`."""

    def add(self, event: CrmEvent) -> bool:
        row = {
            "tenant_id": self._tenant_id,
            "id": event.id,
            "type": event.type,
            "occurred_at": event.occurred_at,
            "received_at": self._now(),
            "digest": event.digest,
            "lead_id": event.about("lead_id"),
            "opportunity_id": event.about("opportunity_id"),
            "followup_id": event.about("followup_id"),
            "data": event.data,
        }
        return insert_if_absent(self._connection, crm_events, row, "tenant_id", "id")

    def digest(self, event_id: str) -> str | None:
        query = select(crm_events.c.digest).where(self._mine(crm_events), crm_events.c.id == event_id)
        return self._connection.execute(query).scalar()

    def derive(self, lead_ids: Iterable[str], opportunity_ids: Iterable[str]) -> None:
        opportunities, customers = set(opportunity_ids), set[str]()
        for lead_id in sorted(set(lead_ids)):  # in one order, so that two batches cannot wait for each other
            for lead in self._derive(lead_id):
                opportunities |= {lead.opportunity_id} if lead.opportunity_id else set()
                customers |= {lead.customer_id} if lead.customer_id else set()
        fill_calls(self._connection, self._tenant_id, opportunities, customers)

    def _derive(self, lead_id: str) -> tuple[Lead, Lead]:
        """The lead before and after. Its row is locked first: of two events at once the later one sees both."""
        row = {"tenant_id": self._tenant_id, "id": lead_id, "silent_told": 0}
        insert_if_absent(self._connection, leads, row, "tenant_id", "id")
        mine = and_(self._mine(leads), leads.c.id == lead_id)
        before = _lead(self._connection.execute(select(leads).where(mine).with_for_update()).mappings().one())
        told = select(crm_events).where(self._mine(crm_events), crm_events.c.lead_id == lead_id)
        told = told.where(crm_events.c.type.like("lead.%"))
        lead = lead_of(lead_id, [_event(r) for r in self._connection.execute(told).mappings()])
        values = {name: getattr(lead, name) for name in _LEAD_FIELDS}
        self._connection.execute(update(leads).where(mine).values(**values))
        return before, lead

    def leads(self, where: LeadFilter) -> tuple[TouchedLead, ...]:
        return self._touched(*_created(where), *_within(where))

    def silent(self, now: datetime, *, limit: int) -> tuple[TouchedLead, ...]:
        overdue = or_(
            *(and_(leads.c.silent_told < h, leads.c.created_at <= now - timedelta(hours=h)) for h in SILENT_AFTER_H)
        )
        recent = leads.c.created_at > now - FORGET_SILENCE_AFTER
        unreached = _first_contact(calls.c.id).is_(None)
        return self._touched(overdue, recent, unreached, ~_closed(), limit=limit)

    def told_silent(self, lead_id: str, hours: int) -> bool:
        result = self._connection.execute(
            update(leads)
            .where(self._mine(leads), leads.c.id == lead_id, leads.c.silent_told < hours)
            .values(silent_told=hours)
        )
        return result.rowcount == 1

    def _touched(self, *where: ColumnElement[bool], limit: int | None = None) -> tuple[TouchedLead, ...]:
        query = (
            select(
                leads,
                _team().label("team_then"),
                _first_contact(calls.c.started_at).label("first_contact"),
                _first_contact(calls.c.id).label("call_id"),
                _closed().label("closed"),
            )
            .where(self._mine(leads), leads.c.created_at.is_not(None), *where)
            .order_by(leads.c.created_at, leads.c.id)
            .limit(limit)
        )
        return tuple(_touched_lead(row) for row in self._connection.execute(query).mappings())

    def done_without_contact(self, where: LeadFilter) -> tuple[ReportedDone, ...]:
        query = select(crm_events).where(self._mine(crm_events), crm_events.c.type == "followup.reported_done")
        query = query.where(*_between(crm_events.c.occurred_at, where))
        reports = self._connection.execute(query.order_by(crm_events.c.occurred_at)).mappings()
        latest = {row["followup_id"]: row for row in reports}
        found = (self._done(row) for row in latest.values())
        return tuple(done for done in found if done is not None and _shown(done, where))

    def _done(self, row: RowMapping) -> ReportedDone | None:
        before = and_(
            self._mine(calls), calls.c.followup_id == row["followup_id"], calls.c.started_at <= row["occurred_at"]
        )
        spoken = and_(before, calls.c.source.in_(_SPOKEN))
        if self._connection.execute(select(calls.c.id).where(spoken, _reached()).limit(1)).first() is not None:
            return None
        made = self._connection.execute(select(func.count()).select_from(calls).where(spoken)).scalar_one()
        person = row["data"].get("salesperson_id") or self._latest(calls.c.salesperson_id, before)
        team = self._latest(calls.c.team, and_(self._mine(calls), calls.c.salesperson_id == person))
        return ReportedDone(
            followup_id=row["followup_id"],
            event_id=row["id"],
            reported_at=row["occurred_at"],
            salesperson_id=person,
            team=team,
            calls=made,
        )

    def _latest(self, column: ColumnElement[Any], where: ColumnElement[bool]) -> str | None:
        query = select(column).where(where, column.is_not(None)).order_by(calls.c.started_at.desc()).limit(1)
        return self._connection.execute(query).scalar()


def _reached() -> ColumnElement[bool]:
    return and_(calls.c.contact == "effective", calls.c.status.in_(FINISHED_WELL))


def _first_contact(column: ColumnElement[Any]) -> ScalarSelect[Any]:
    return (
        select(column)
        .where(calls.c.tenant_id == leads.c.tenant_id, calls.c.source.in_(_SPOKEN), _reached())
        .where(or_(calls.c.customer_id == leads.c.customer_id, calls.c.opportunity_id == leads.c.opportunity_id))
        .where(calls.c.started_at >= leads.c.created_at)
        .order_by(calls.c.started_at, calls.c.id)
        .limit(1)
        .correlate(leads)
        .scalar_subquery()
    )


def _team() -> ColumnElement[str | None]:
    """Of the lead, else of its salesperson's latest call."""
    known = (
        select(calls.c.team)
        .where(calls.c.tenant_id == leads.c.tenant_id, calls.c.salesperson_id == leads.c.salesperson_id)
        .where(calls.c.team.is_not(None))
        .order_by(calls.c.started_at.desc())
        .limit(1)
        .correlate(leads)
        .scalar_subquery()
    )
    return func.coalesce(leads.c.team, known)


def _closed() -> ColumnElement[bool]:
    return exists().where(
        crm_events.c.tenant_id == leads.c.tenant_id,
        crm_events.c.opportunity_id == leads.c.opportunity_id,
        crm_events.c.type.in_(_CLOSING),
    )


def _created(where: LeadFilter) -> Iterator[ColumnElement[bool]]:
    return _between(leads.c.created_at, where)


def _between(column: ColumnElement[datetime], where: LeadFilter) -> Iterator[ColumnElement[bool]]:
    if where.since is not None:
        yield column >= where.since
    if where.until is not None:
        yield column < where.until


def _within(where: LeadFilter) -> Iterator[ColumnElement[bool]]:
    scope: Scope = where.scope
    if scope.teams is not None:
        yield _team().in_(scope.teams) if scope.teams else false()
    for person in (scope.salesperson_id, where.salesperson_id):
        if person is not None:
            yield leads.c.salesperson_id == person
    if where.team is not None:
        yield _team() == where.team


def _shown(done: ReportedDone, where: LeadFilter) -> bool:
    scope = where.scope
    return (
        (scope.teams is None or done.team in scope.teams)
        and (scope.salesperson_id is None or done.salesperson_id == scope.salesperson_id)
        and (where.team is None or done.team == where.team)
        and (where.salesperson_id is None or done.salesperson_id == where.salesperson_id)
    )


def _touched_lead(row: RowMapping) -> TouchedLead:
    return TouchedLead(
        lead=_lead(row),
        created_at=row["created_at"],
        team=row["team_then"],
        first_contact=row["first_contact"],
        call_id=row["call_id"],
        closed=bool(row["closed"]),
    )


def _lead(row: RowMapping) -> Lead:
    return Lead(id=row["id"], **{name: row[name] for name in _LEAD_FIELDS})


def _event(row: RowMapping) -> CrmEvent:
    return CrmEvent(
        id=row["id"], type=row["type"], occurred_at=row["occurred_at"], data=row["data"], digest=row["digest"]
    )
