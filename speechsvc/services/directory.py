"""The directory: who salespeople and customers are, whose number is whose; calls keep what was true at their time."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.call import CallMetadata, Customer, Salesperson
from speechsvc.ports import DirectoryEntry, EntryKind, Page, UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.followup_items import attach_call
from speechsvc.services.score_followup import Told, publish, score_open

_DIGITS = re.compile(r"\D+")
_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)  # an entry without a beginning holds for the past too


def put_entry(core: Core, principal: Principal, entry: DirectoryEntry) -> int:
    """How many calls were waiting for it: calls that only knew the number now know whose it is.

    What a call already says of its people stays. Raises Forbidden.
    """
    principal.require(Permission.DIRECTORY_MANAGE)
    entry = replace(entry, numbers=tuple(dict.fromkeys(n for n in map(plain_number, entry.numbers) if n)))
    with core.db.tenant(principal.tenant_id) as uow:
        uow.directory.put(entry)
        told = [_match(core, uow, call_id) for call_id in uow.directory.unmatched(entry.kind, _spellings(entry))]
        uow.audit.add(
            actor=principal.key_id,
            action=f"{entry.kind.value}.changed",
            subject=entry.id,
            details={"valid_from": entry.valid_from.isoformat(), "matched_calls": len(told)},
        )
        for one in told:
            publish(uow, one)
        uow.commit()
    core.wake()
    return len(told)


def list_entries(
    core: Core, principal: Principal, kind: EntryKind, *, cursor: str | None = None, limit: int = 50
) -> Page[DirectoryEntry]:
    """The newest of each. Raises Forbidden."""
    principal.require(Permission.DIRECTORY_MANAGE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.directory.list(kind, cursor=cursor, limit=limit)


def complete(uow: UnitOfWork, metadata: CallMetadata) -> CallMetadata:
    """The metadata with what the directory knew at call time; what the uploader said goes first."""
    numbers = [n for n in (metadata.extension, metadata.caller, metadata.callee) if n]
    known = tuple(dict.fromkeys(n for n in map(plain_number, numbers) if n))
    person = _entry(uow, EntryKind.SALESPERSON, metadata.salesperson, known, metadata.started_at)
    company = _entry(uow, EntryKind.CUSTOMER, metadata.customer, known, metadata.started_at)
    return replace(
        metadata, salesperson=_salesperson(metadata.salesperson, person), customer=_customer(metadata.customer, company)
    )


def beginning(valid_from: datetime | None) -> datetime:
    return valid_from or _ALWAYS


def plain_number(text: str) -> str:
    """Digits only, without the country's own prefix: 86 138-1234-5678 is 13812345678."""
    digits = _DIGITS.sub("", text)
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) - len(prefix) >= 10:
            return digits[len(prefix) :]
    return digits


def _match(core: Core, uow: UnitOfWork, call_id: str) -> Told | None:
    call = uow.calls.get(call_id)
    metadata = complete(uow, call.metadata)
    if metadata == call.metadata:
        return None
    uow.calls.update(call_id, metadata=metadata)
    if uow.followups.of_item(call_id) is not None:
        return None
    followup = attach_call(core, uow, replace(call, metadata=metadata))
    return None if followup is None else score_open(core, uow, followup.id)


def _entry(
    uow: UnitOfWork, kind: EntryKind, named: Salesperson | Customer | None, numbers: tuple[str, ...], at: datetime
) -> DirectoryEntry | None:
    if named is not None:
        return uow.directory.at(kind, named.id, at)
    return uow.directory.by_number(kind, numbers, at) if numbers else None


def _salesperson(named: Salesperson | None, entry: DirectoryEntry | None) -> Salesperson | None:
    if entry is None:
        return named
    given = named or Salesperson(id=entry.id)
    return Salesperson(id=given.id, name=given.name or entry.name, team=given.team or entry.team)


def _customer(named: Customer | None, entry: DirectoryEntry | None) -> Customer | None:
    if entry is None:
        return named
    given = named or Customer(id=entry.id)
    return Customer(
        id=given.id,
        name=given.name or entry.name,
        industry=given.industry or entry.industry,
        region=given.region or entry.region,
    )


def _spellings(entry: DirectoryEntry) -> tuple[str, ...]:
    """As calls may carry these numbers; other spellings are found when the call arrives."""
    return tuple(dict.fromkeys(s for n in entry.numbers for s in (n, f"86{n}", f"+86{n}", f"0086{n}")))
