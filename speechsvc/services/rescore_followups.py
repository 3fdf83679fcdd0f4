"""Recomputes frozen scores to prove them, and scores settled follow-ups anew when somebody asks for it by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.followup import Followup
from speechsvc.domain.followup_score import Frozen, SnapshotUnknown, recompute_frozen
from speechsvc.errors import InvalidInput
from speechsvc.ports import FollowupFilter, UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.publish_event import publish_event
from speechsvc.services.score_followup import assess, followup_facts, store_score

_OF_SCORE = ("total", "before_gates", "counts_toward_performance", "components", "gates", "left_out")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recomputed:
    """How a stored score and its recomputation compare."""

    followup_id: str
    stored: int
    recomputed: int | None  # none: made by a release that this one does not know
    equal: bool  # every component, gate, reason and piece of evidence


def recompute_scores(core: Core, principal: Principal, external_id: str | None = None) -> tuple[Recomputed, ...]:
    """Of one follow-up, or of all that this principal sees. Changes nothing. Raises NotFound, Forbidden."""
    principal.require(Permission.CALLS_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        found = _wanted(uow, principal, None if external_id is None else [external_id], FollowupFilter())
        pairs = [(f, uow.followups.frozen(f.id)[0]) for f in found]
    return tuple(_recompute(f, frozen) for f, frozen in pairs if frozen is not None)


def _recompute(followup: Followup, frozen: Frozen) -> Recomputed:
    try:
        again = recompute_frozen(frozen.snapshot).to_dict()
    except SnapshotUnknown:
        return Recomputed(followup_id=followup.external_id, stored=frozen.total, recomputed=None, equal=False)
    stored = {k: frozen.score[k] for k in _OF_SCORE}
    equal = stored == {k: again[k] for k in _OF_SCORE} and followup.total == again["total"]
    return Recomputed(followup_id=followup.external_id, stored=frozen.total, recomputed=again["total"], equal=equal)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rescored:
    """One line of the before/after list."""

    followup_id: str
    state: str
    before: dict[str, Any] | None  # total, counts_toward_performance
    after: dict[str, Any]

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def crosses(self) -> bool:
        return self.before is not None and (
            self.before["counts_toward_performance"] != self.after["counts_toward_performance"]
        )


def rescore_followups(
    core: Core,
    principal: Principal,
    *,
    reason: str,
    followups: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    with_late: bool = False,
    apply: bool = False,
) -> tuple[Rescored, ...]:
    """With today's analyses, rubric and rules. Without `apply` only the list of what would change.

    The replaced score stays in the follow-up's history; rulings go on to stand. One commit: all or nothing.
    Raises InvalidInput where neither names nor a period are given, NotFound, Forbidden.
    """
    principal.require(Permission.RULES_WRITE)
    if followups is None and since is None and until is None:
        raise InvalidInput(field="followups", problem="name follow-ups or a period", problem_zh="请指明跟进或时间范围")
    where = FollowupFilter(since=since, until=until)
    with core.db.tenant(principal.tenant_id, write=apply) as uow:
        listed: list[Rescored] = []
        told: list[tuple[str, dict[str, Any]]] = []
        for followup in _wanted(uow, principal, followups, where):
            if apply:
                followup = uow.followups.lock(followup.id)
            line, event = _rescore(core, uow, principal, followup, reason, with_late, apply)
            listed.append(line)
            told += [event] if event else []
        if apply:
            details = {"followups": len(listed), "changed": sum(x.changed for x in listed), "reason": reason}
            uow.audit.add(actor=principal.key_id, action="followups.rescored", subject="followups", details=details)
            for subject, data in told:
                publish_event(uow, "followup.scored", subject, data)
            uow.commit()
    if apply:
        core.wake()
    return tuple(listed)


def _rescore(
    core: Core, uow: UnitOfWork, principal: Principal, followup: Followup, reason: str, with_late: bool, apply: bool
) -> tuple[Rescored, tuple[str, dict[str, Any]] | None]:
    before, history = uow.followups.frozen(followup.id)
    after = assess(core, uow, followup, with_late=with_late)
    line = Rescored(
        followup_id=followup.external_id, state=followup.state.value, before=_brief(before), after=_facts(after)
    )
    if not apply or (before is not None and (before.score, before.snapshot) == (after.score, after.snapshot)):
        return line, None
    if with_late:
        for item in uow.followups.items(followup.id):
            if item.late:
                uow.followups.change_item(item.id, late=False)
    scored = store_score(uow, followup, after)
    if before is not None:
        old = {**_facts(before), "versions": before.score["versions"], "revision": followup.revision}
        old |= {"replaced_at": core.clock.now().isoformat(), "replaced_by": principal.key_id, "reason": reason}
        kept = {"score": before.score, "snapshot": before.snapshot}
        uow.followups.freeze(followup.id, after, [*history, old | kept])
    details = {"followup_id": followup.external_id, "before": line.before, "after": line.after, "reason": reason}
    uow.audit.add(actor=principal.key_id, action="followup.rescored", subject=followup.id, details=details)
    return line, (followup.id, followup_facts(scored) | {"before": line.before, "rescored": True})


def _wanted(
    uow: UnitOfWork, principal: Principal, names: Sequence[str] | None, where: FollowupFilter
) -> list[Followup]:
    if names is not None:
        return [uow.followups.get(name, principal.scope()) for name in dict.fromkeys(names)]
    return list(uow.followups.all(replace(where, scope=principal.scope())))


def _facts(frozen: Frozen) -> dict[str, Any]:
    return {"total": frozen.total, "counts_toward_performance": frozen.counts}


def _brief(frozen: Frozen | None) -> dict[str, Any] | None:
    return None if frozen is None else _facts(frozen)
