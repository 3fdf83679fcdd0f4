"""What a reader may see of follow-ups: own or own teams', quotes masked by default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.followup import Appeal, Followup, Item
from speechsvc.domain.masking import mask
from speechsvc.domain.transcript import Segment
from speechsvc.ports import FollowupFilter, Page, UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.mask_words import mask_evidence, mask_segments


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowupDetails:
    """A follow-up with everything that belongs to it."""

    followup: Followup
    items: tuple[Item, ...]
    appeals: tuple[Appeal, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowupScore:
    """The machine score with every reason; rulings stand beside it in the follow-up."""

    details: FollowupDetails
    score: dict[str, Any] | None
    snapshot: dict[str, Any] | None  # only raw: it recomputes the score
    history: tuple[dict[str, Any], ...]  # earlier scores that explicit re-scores replaced: totals and versions


def list_followups(
    core: Core, principal: Principal, where: FollowupFilter, *, cursor: str | None = None, limit: int = 50
) -> Page[Followup]:
    """Newest activity first. Raises Forbidden."""
    principal.require(Permission.CALLS_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.followups.list(replace(where, scope=principal.scope()), cursor=cursor, limit=limit)


def list_salespeople(core: Core, principal: Principal) -> dict[str, str]:
    """Names by id of those whose follow-ups the reader sees. Raises Forbidden."""
    principal.require(Permission.CALLS_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.followups.salespeople(principal.scope())


def read_followup(core: Core, principal: Principal, external_id: str) -> FollowupDetails:
    """Raises NotFound, also outside the reader's scope; Forbidden."""
    principal.require(Permission.CALLS_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return details(uow, uow.followups.get(external_id, principal.scope()))


def read_followup_score(core: Core, principal: Principal, external_id: str, *, raw: bool = False) -> FollowupScore:
    """Raises NotFound, Forbidden. Raw leaves an audit entry."""
    principal.require(Permission.CALLS_READ)
    if raw:
        principal.require(Permission.RAW_READ)
    with core.db.tenant(principal.tenant_id, write=raw) as uow:
        followup = uow.followups.get(external_id, principal.scope())
        frozen, history = uow.followups.frozen(followup.id)
        score: Any = None if frozen is None else frozen.score
        found = FollowupScore(
            details=details(uow, followup),
            score=score if raw or score is None else _Mask(uow).hide(score),
            snapshot=dict(frozen.snapshot) if raw and frozen is not None else None,
            history=tuple({k: v for k, v in h.items() if k not in ("score", "snapshot")} for h in history),
        )
        if raw:
            uow.audit.add(actor=principal.key_id, action="followup_score.read_raw", subject=followup.id)
            uow.commit()
    return found


def details(uow: UnitOfWork, followup: Followup) -> FollowupDetails:
    return FollowupDetails(
        followup=followup, items=uow.followups.items(followup.id), appeals=uow.followups.appeals(followup.id)
    )


class _Mask:
    """Quotes of several calls, each masked as its own transcript is."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._known: dict[str, tuple[Sequence[Segment], Sequence[str]]] = {}

    def hide(self, value: Any) -> Any:
        if isinstance(value, dict):
            if "call_id" in value and isinstance(value.get("text"), str):
                return self._quote(value)
            return {k: self.hide(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide(v) for v in value]
        return value

    def _quote(self, evidence: dict[str, Any]) -> dict[str, Any]:
        segments, masked = self._words(evidence["call_id"])
        if not segments:
            return evidence | {"text": mask(evidence["text"])}
        hidden: dict[str, Any] = mask_evidence(evidence, segments, masked)
        return hidden

    def _words(self, call_id: str) -> tuple[Sequence[Segment], Sequence[str]]:
        if call_id not in self._known:
            transcript = self._uow.transcripts.get(call_id)
            segments = transcript.segments if transcript else ()
            self._known[call_id] = (segments, mask_segments(segments))
        return self._known[call_id]
