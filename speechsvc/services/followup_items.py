"""Puts what arrives into the follow-up it belongs to, in the caller's transaction. Nothing is scored here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from speechsvc.domain.call import Call, CallMetadata, Source
from speechsvc.domain.followup import Followup, Item, ItemKind, episode_key
from speechsvc.domain.ids import new_id
from speechsvc.domain.job import JobKind
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core


def attach_call(core: Core, uow: UnitOfWork, call: Call) -> Followup | None:
    """The call's follow-up, made where there is none yet; none where nobody can say whose work the call was."""
    followup = _followup_for(core, uow, call.metadata)
    if followup is None:
        return None
    item = Item(
        id=call.id,
        kind=ItemKind.MINUTES if call.source is Source.MINUTES else ItemKind.CALL,
        at=call.metadata.started_at,
        received_at=call.received_at,
        sha256=call.recording.sha256 if call.recording else None,
    )
    add_item(core, uow, followup.id, item, call.metadata)
    return followup


def add_item(
    core: Core, uow: UnitOfWork, followup_id: str, item: Item, metadata: CallMetadata | None = None, actor: str = ""
) -> Item | None:
    """The item as it was stored; none where it is there already. What arrives after the settling is late: it is shown
    and moves nothing.
    """
    followup = uow.followups.lock(followup_id)
    item = replace(item, late=not followup.open)
    if not uow.followups.add_item(followup_id, item):
        return None
    if item.late:
        details = {"followup_id": followup.external_id, "item": item.id, "kind": item.kind.value}
        uow.audit.add(actor=actor or "service", action="followup.late_item", subject=followup_id, details=details)
        return item
    _touch(core, uow, followup, item.at, metadata)
    return item


def open_followup(
    core: Core, uow: UnitOfWork, external_id: str, metadata: CallMetadata | None, at: datetime, key: str | None = None
) -> tuple[Followup, bool]:
    """The follow-up of this external id, and whether it is new."""
    found = uow.followups.find(external_id)
    if found is not None:
        return found, False
    now = core.clock.now()
    followup = Followup(
        id=new_id("fup"),
        external_id=external_id,
        episode_key=key,
        salesperson=metadata.salesperson if metadata else None,
        customer=metadata.customer if metadata else None,
        opportunity=metadata.opportunity if metadata else None,
        first_activity=at,
        last_activity=at,
        touched_at=now,
        created_at=now,
        settles_at=core.followups.settles_at(at, now),
    )
    if uow.followups.add(followup):
        uow.jobs.add(JobKind.SETTLE, followup.id, delay_s=core.followups.settle_after.total_seconds())
        return followup, True
    return uow.followups.get(external_id), False  # somebody else was faster


def _followup_for(core: Core, uow: UnitOfWork, metadata: CallMetadata) -> Followup | None:
    if metadata.followup_id is not None:
        return open_followup(core, uow, metadata.followup_id, metadata, metadata.started_at)[0]
    key = episode_key(metadata.salesperson, metadata.customer, metadata.opportunity)
    return None if key is None else _episode(core, uow, key, metadata)


def _episode(core: Core, uow: UnitOfWork, key: str, metadata: CallMetadata) -> Followup:
    """The one that the call falls into, else the next. Two that come at once make the same name, so one of them."""
    while True:
        known = uow.followups.episodes(key)
        for followup in known:
            if followup.takes(metadata.started_at, core.followups):
                return followup
        name = f"auto-{hashlib.sha256(key.encode()).hexdigest()[:16]}-{_next(known)}"
        followup, made = open_followup(core, uow, name, metadata, metadata.started_at, key)
        if made:
            return followup


def _next(known: Sequence[Followup]) -> int:
    """After the highest: erased ones leave gaps."""
    numbers = (f.external_id.rpartition("-")[2] for f in known)
    return max((int(n) for n in numbers if n.isdigit()), default=0) + 1


def _touch(core: Core, uow: UnitOfWork, followup: Followup, at: datetime, metadata: CallMetadata | None) -> None:
    now = core.clock.now()
    last = max(followup.last_activity, at)
    touched = max(followup.touched_at, now)
    uow.followups.update(
        followup.id,
        first_activity=min(followup.first_activity, at),
        last_activity=last,
        touched_at=touched,
        settles_at=core.followups.settles_at(last, touched),
    )
    if metadata is not None:
        _fill(uow, followup, metadata)


def _fill(uow: UnitOfWork, followup: Followup, metadata: CallMetadata) -> None:
    """Whose work it is, where the follow-up itself does not say."""
    for name in ("salesperson", "customer", "opportunity"):
        given = getattr(metadata, name)
        if getattr(followup, name) is None and given is not None:
            uow.followups.update(followup.id, **{name: given})
