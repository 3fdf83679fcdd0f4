"""Events from the CRM: each stored once by its id, in any order, and what follows from them derived anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.conversation import Turn
from speechsvc.domain.crm import CrmEvent
from speechsvc.domain.job import JobKind
from speechsvc.errors import SpeechsvcError
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.manage_followups import add_minutes, store_document
from speechsvc.services.score_followup import Told, publish, score_open

WATCHED = "leads"  # subject of the job that looks for silent leads


class CrmEventConflict(SpeechsvcError):
    """The event id {event_id} is already used by another event."""

    code, status = "crm_event_conflict", 409
    zh = "事件编号 {event_id} 已用于另一个内容不同的事件。"
    advice = "Give a corrected event an id of its own."
    advice_zh = "更正后的事件请使用新的编号。"


class Taken(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # the same event was taken before: nothing changed
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class CrmItem:
    """An event, and the words of minutes with it, which are stored as a text and not with the event."""

    event: CrmEvent
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CrmResult:
    """What became of one item."""

    taken: Taken
    call_id: str | None = None  # of the text that minutes became
    error: SpeechsvcError | None = None


def receive_crm_events(core: Core, principal: Principal, items: Sequence[CrmItem]) -> list[CrmResult]:
    """One result an item, in order; a bad one hinders no other. Raises Forbidden."""
    principal.require(Permission.CRM_WRITE)
    results: dict[int, CrmResult] = {}
    for place, item in enumerate(items):
        if item.turns:
            results[place] = _minutes(core, principal, item)
    with core.db.tenant(principal.tenant_id) as uow:
        new: list[CrmEvent] = []
        for place in sorted(range(len(items)), key=lambda p: items[p].event.id):  # one order for all who write
            if place in results and results[place].error is not None:
                continue
            event = items[place].event
            taken = results.get(place)
            results[place] = _store(uow, event, taken.call_id if taken else None)
            if results[place].taken is Taken.ACCEPTED:
                new.append(event)
        _derive(uow, new)
        told = _documents(core, uow, principal, new)
        for each in told:  # last: the feed's counter stays locked from here on
            publish(uow, each)
        uow.commit()
    core.wake()
    return [results[place] for place in range(len(items))]


def _store(uow: UnitOfWork, event: CrmEvent, call_id: str | None) -> CrmResult:
    if uow.crm.add(event):
        return CrmResult(taken=Taken.ACCEPTED, call_id=call_id)
    if uow.crm.digest(event.id) == event.digest:
        return CrmResult(taken=Taken.DUPLICATE, call_id=call_id)
    return CrmResult(taken=Taken.REFUSED, error=CrmEventConflict(event_id=event.id))


def _derive(uow: UnitOfWork, events: Sequence[CrmEvent]) -> None:
    leads = [lead for e in events if (lead := e.about("lead_id")) and e.type.startswith("lead.")]
    opportunities = [o for e in events if (o := e.about("opportunity_id")) and e.type.startswith("opportunity.")]
    uow.crm.derive(leads, opportunities)
    if leads and not uow.jobs.waits(JobKind.WATCH, WATCHED):
        uow.jobs.add(JobKind.WATCH, WATCHED)


def _documents(core: Core, uow: UnitOfWork, principal: Principal, events: Sequence[CrmEvent]) -> list[Told | None]:
    """Documents join their follow-ups, each of which is then scored once."""
    changed = set[str]()
    for event in sorted((e for e in events if e.type == "document.uploaded"), key=lambda e: str(e.data["followup_id"])):
        name, sha256 = str(event.data["name"]), str(event.data["sha256"])
        target = str(event.data["followup_id"])
        stored = store_document(core, uow, principal.key_id, target, name, sha256, event.occurred_at)
        if stored[2]:
            changed.add(stored[0].id)
    return [score_open(core, uow, followup_id) for followup_id in sorted(changed)]


def _minutes(core: Core, principal: Principal, item: CrmItem) -> CrmResult:
    """Stored as a text of source minutes, which an event id makes once."""
    event = item.event
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        known = uow.crm.digest(event.id)
    if known is not None and known != event.digest:
        return CrmResult(taken=Taken.REFUSED, error=CrmEventConflict(event_id=event.id))
    target, own = str(event.data["followup_id"]), f"crm-event:{event.id}"
    try:
        received = add_minutes(core, principal, target, item.turns, written_at=event.occurred_at, minutes_id=own)
    except SpeechsvcError as error:
        if error.status >= 500:
            raise
        return CrmResult(taken=Taken.REFUSED, error=error)
    return CrmResult(taken=Taken.ACCEPTED, call_id=received.call.id)
