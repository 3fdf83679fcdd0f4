"""What a CRM says about a follow-up: whose it is, its documents, its minutes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.call import CallMetadata, Customer, Opportunity, Salesperson, Source
from speechsvc.domain.conversation import Turn
from speechsvc.domain.followup import Followup, Item, ItemKind
from speechsvc.errors import SpeechsvcError
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.followup_items import add_item, open_followup
from speechsvc.services.receive_call import Received
from speechsvc.services.receive_text import receive_text
from speechsvc.services.score_followup import publish, score_open


class FollowupSettled(SpeechsvcError):
    """This follow-up is {state}: whose work it was no longer changes."""

    code, status = "followup_settled", 409
    zh = "该跟进已是 {state} 状态，归属不能再更改。"
    advice = "Appeal or override the score; or ask for an explicit re-score."
    advice_zh = "如有异议请申诉或由主管改判；也可以申请显式重评。"


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowupParties:
    """Whose work on what; `None` leaves what is there."""

    salesperson: Salesperson | None = None
    customer: Customer | None = None
    opportunity: Opportunity | None = None


def put_followup(
    core: Core, principal: Principal, external_id: str, parties: FollowupParties, at: datetime | None = None
) -> tuple[Followup, bool]:
    """Makes it or changes whose it is; whether it is new. Raises FollowupSettled, Forbidden."""
    principal.require(Permission.CALLS_WRITE)
    with core.db.tenant(principal.tenant_id) as uow:
        followup, made = _open(core, uow, external_id, parties, at)
        if not made:
            followup = _change(uow, uow.followups.lock(followup.id), parties)
        action = "followup.created" if made else "followup.changed"
        uow.audit.add(actor=principal.key_id, action=action, subject=followup.id, details={"followup_id": external_id})
        uow.commit()
    return followup, made


def add_document(
    core: Core, principal: Principal, external_id: str, *, name: str, sha256: str, uploaded_at: datetime
) -> tuple[Followup, Item, bool]:
    """The document as stored, and whether it is new; the same file twice is stored and counts once.

    Makes the follow-up where there is none. Raises Forbidden.
    """
    principal.require(Permission.CALLS_WRITE)
    with core.db.tenant(principal.tenant_id) as uow:
        stored = store_document(core, uow, principal.key_id, external_id, name, sha256, uploaded_at)
        followup, item, made = stored
        publish(uow, score_open(core, uow, followup.id) if made else None)
        uow.commit()
    core.wake()
    return followup, item, made


def store_document(
    core: Core, uow: UnitOfWork, actor: str, external_id: str, name: str, sha256: str, uploaded_at: datetime
) -> tuple[Followup, Item, bool]:
    """In the caller's transaction, who then scores and publishes."""
    followup, _ = open_followup(core, uow, external_id, None, uploaded_at)
    sha256 = sha256.lower()
    what = f"{followup.id}\n{sha256}\n{uploaded_at.timestamp()}\n{name}"
    item = Item(
        id=f"doc_{hashlib.sha256(what.encode()).hexdigest()[:26]}",
        kind=ItemKind.DOCUMENT,
        at=uploaded_at,
        received_at=core.clock.now(),
        name=name,
        sha256=sha256,
    )
    stored = add_item(core, uow, followup.id, item, actor=actor)
    if stored is not None:
        details = {"followup_id": external_id, "document": item.id}
        uow.audit.add(actor=actor, action="followup.document_added", subject=followup.id, details=details)
    return followup, stored or item, stored is not None


def add_minutes(
    core: Core,
    principal: Principal,
    external_id: str,
    turns: tuple[Turn, ...],
    *,
    written_at: datetime,
    minutes_id: str | None = None,
) -> Received:
    """A text of source minutes, analysed like any; the same words again under no id give the same one.

    Raises InvalidInput, ExternalIdConflict, Forbidden.
    """
    principal.require(Permission.CALLS_WRITE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        known = uow.followups.find(external_id)
    words = "\n".join([external_id, *(t.text for t in turns)])
    metadata = CallMetadata(
        external_id=minutes_id or f"minutes-{hashlib.sha256(words.encode()).hexdigest()[:26]}",
        started_at=written_at,
        followup_id=external_id,
        salesperson=known.salesperson if known else None,
        customer=known.customer if known else None,
        opportunity=known.opportunity if known else None,
    )
    return receive_text(core, principal, metadata, Source.MINUTES, turns)


def _open(
    core: Core, uow: UnitOfWork, external_id: str, parties: FollowupParties, at: datetime | None
) -> tuple[Followup, bool]:
    moment = at or core.clock.now()
    metadata = CallMetadata(
        external_id=external_id,
        started_at=moment,
        salesperson=parties.salesperson,
        customer=parties.customer,
        opportunity=parties.opportunity,
    )
    return open_followup(core, uow, external_id, metadata, moment)


def _change(uow: UnitOfWork, followup: Followup, parties: FollowupParties) -> Followup:
    given = {n: v for n in ("salesperson", "customer", "opportunity") if (v := getattr(parties, n)) is not None}
    changed = {n: v for n, v in given.items() if getattr(followup, n) != v}
    if changed and not followup.open:
        raise FollowupSettled(state=followup.state.value)
    if changed:
        uow.followups.update(followup.id, **changed)
    return uow.followups.get(followup.external_id)


__all__ = ["FollowupParties", "FollowupSettled", "add_document", "add_minutes", "put_followup", "store_document"]
