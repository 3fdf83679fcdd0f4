"""How soon leads were reached, which are silent, and which follow-ups were reported done without a contact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.crm import ReportedDone, Touch, TouchedLead, grades_in
from speechsvc.domain.job import Job
from speechsvc.domain.touch import GroupBy, TouchRow
from speechsvc.ports import LeadFilter
from speechsvc.services.core import Core
from speechsvc.services.publish_event import publish_event

WATCH_EVERY_S = 300.0
_WATCH_PAGE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class LeadList:
    """Which leads of a filter: those behind one cell, or the silent ones."""

    grade: str | None = None
    touch: Touch | None = None
    silent_h: int | None = None  # past this threshold at least


def touch_matrix(core: Core, principal: Principal, where: LeadFilter, by: GroupBy) -> list[TouchRow]:
    """Within what the principal may see. Raises Forbidden."""
    leads = _leads(core, principal, where)
    groups: dict[str | None, list[TouchedLead]] = {None: []} if by is GroupBy.ALL else {}
    for lead in leads:
        groups.setdefault(_group(lead, by), []).append(lead)
    ordered = sorted(groups, key=lambda g: (g is None, g or ""))
    return [_row(group, grade, groups[group]) for group in ordered for grade in grades_in(groups[group])]


def list_leads(core: Core, principal: Principal, where: LeadFilter, only: LeadList) -> list[TouchedLead]:
    """Oldest first. Raises Forbidden."""
    now = core.clock.now()
    return [lead for lead in _leads(core, principal, where) if _wanted(lead, only, now)]


def done_without_contact(core: Core, principal: Principal, where: LeadFilter) -> tuple[ReportedDone, ...]:
    """Raises Forbidden."""
    principal.require(Permission.CALLS_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.crm.done_without_contact(replace(where, scope=principal.scope()))


def watch_leads(core: Core, job: Job) -> None:
    """Tells each threshold of each silent lead once, and looks again in some minutes. Raises StaleLease."""
    now = core.clock.now()
    with core.db.tenant(job.tenant_id) as uow:
        found = uow.crm.silent(now, limit=_WATCH_PAGE)
        pause = 0.0 if len(found) == _WATCH_PAGE else WATCH_EVERY_S
        uow.jobs.retry(job, delay_s=pause, error_code="periodic", error="looks again", counted=False)
        due = [(lead, lead.silent_h(now)) for lead in found]
        told = [(lead, hours) for lead, hours in due if uow.crm.told_silent(lead.lead.id, hours)]
        for lead, hours in told:
            publish_event(uow, "lead.silent", lead.lead.id, _silent(lead, hours))
        uow.commit()
    if told:
        core.wake()


def _silent(lead: TouchedLead, hours: int) -> dict[str, object]:
    return {
        "lead_id": lead.lead.id,
        "hours": hours,
        "created_at": lead.created_at.isoformat(),
        "grade": lead.lead.grade,
        "salesperson_id": lead.lead.salesperson_id,
        "customer_id": lead.lead.customer_id,
        "opportunity_id": lead.lead.opportunity_id,
    }


def _leads(core: Core, principal: Principal, where: LeadFilter) -> tuple[TouchedLead, ...]:
    principal.require(Permission.CALLS_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.crm.leads(replace(where, scope=principal.scope()))


def _group(lead: TouchedLead, by: GroupBy) -> str | None:
    if by is GroupBy.TEAM:
        return lead.team
    return lead.lead.salesperson_id if by is GroupBy.SALESPERSON else None


def _row(group: str | None, grade: str, leads: Sequence[TouchedLead]) -> TouchRow:
    counted = Counter(lead.touch for lead in leads if lead.grade == grade)
    return TouchRow(group=group, grade=grade, counts={touch: counted[touch] for touch in Touch})


def _wanted(lead: TouchedLead, only: LeadList, now: datetime) -> bool:
    return (
        (only.grade is None or lead.grade == only.grade)
        and (only.touch is None or lead.touch is only.touch)
        and (only.silent_h is None or lead.silent_h(now) >= only.silent_h)
    )
