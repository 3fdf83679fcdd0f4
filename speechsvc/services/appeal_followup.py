"""Appeals, decisions and overrides: a person's word beside the machine score, never over it."""

from __future__ import annotations

from typing import Any

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.followup import Appeal, AppealState, Followup, FollowupState, Ruling
from speechsvc.domain.ids import new_id
from speechsvc.domain.rubric import Rubric
from speechsvc.errors import NotFound, SpeechsvcError
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.publish_event import publish_event
from speechsvc.services.score_followup import followup_facts, rubric_in_force


class NotSettled(SpeechsvcError):
    """This follow-up is {state}: only a settled score can be appealed or overridden."""

    code, status = "not_settled", 409
    zh = "该跟进当前状态为 {state}，只有已定的评分才能申诉或改判。"
    advice = "Wait for followup.settled: until then the score still moves by itself. A final one was already ruled on."
    advice_zh = "请等待 followup.settled 事件；在此之前评分仍会自动更新。已终定的评分不能再申诉。"


class AppealDecided(SpeechsvcError):
    """This appeal was already decided: {state}."""

    code, status = "appeal_decided", 409
    zh = "该申诉已有裁定：{state}。"
    advice, advice_zh = "Use an override with a reason.", "如需更改，请填写理由后改判。"


def appeal(core: Core, principal: Principal, external_id: str, reason: str) -> tuple[Followup, Appeal]:
    """By the salesperson, for own follow-ups. Raises NotFound, NotSettled, Forbidden."""
    principal.require(Permission.FOLLOWUPS_APPEAL)
    with core.db.tenant(principal.tenant_id) as uow:
        followup = _locked(uow, principal, external_id)
        if followup.state is not FollowupState.SETTLED:
            raise NotSettled(state=followup.state.value)
        made = Appeal(id=new_id("apl"), state=AppealState.OPEN, reason=reason, by=principal.key_id, at=core.clock.now())
        uow.followups.add_appeal(followup.id, made)
        uow.followups.update(followup.id, state=FollowupState.APPEALED)
        followup = _done(uow, principal, followup, "followup.appealed", {"appeal_id": made.id})
        uow.commit()
    core.wake()
    return followup, made


def decide(
    core: Core, principal: Principal, external_id: str, appeal_id: str, *, reason: str, total: int | None = None
) -> tuple[Followup, Appeal]:
    """By a manager of the team. Without `total` the machine score is upheld; the follow-up is final either way.

    Raises NotFound, AppealDecided, Forbidden.
    """
    principal.require(Permission.FOLLOWUPS_DECIDE)
    with core.db.tenant(principal.tenant_id) as uow:
        followup = _locked(uow, principal, external_id)
        found = next((a for a in uow.followups.appeals(followup.id) if a.id == appeal_id), None)
        if found is None:
            raise NotFound(what="appeal")
        if found.state is not AppealState.OPEN:
            raise AppealDecided(state=found.state.value)
        state = AppealState.UPHELD if total is None else AppealState.CHANGED
        now = core.clock.now()
        uow.followups.change_appeal(
            appeal_id, state=state, decided_by=principal.key_id, decided_at=now, decision_reason=reason, total=total
        )
        if total is not None:
            _rule(core, uow, principal, followup, "decision", total, reason, appeal_id)
        uow.followups.update(followup.id, state=FollowupState.FINAL)
        more = {"appeal_id": appeal_id, "decision": state.value}
        followup = _done(uow, principal, followup, "followup.decided", more)
        decided = next(a for a in uow.followups.appeals(followup.id) if a.id == appeal_id)
        uow.commit()
    core.wake()
    return followup, decided


def override(core: Core, principal: Principal, external_id: str, *, total: int, reason: str) -> Followup:
    """By a manager of the team, without an appeal; an open appeal is thereby decided.

    Raises NotFound, NotSettled, Forbidden.
    """
    principal.require(Permission.FOLLOWUPS_DECIDE)
    with core.db.tenant(principal.tenant_id) as uow:
        followup = _locked(uow, principal, external_id)
        if followup.open:
            raise NotSettled(state=followup.state.value)
        for a in uow.followups.appeals(followup.id):
            if a.state is AppealState.OPEN:
                by, now = principal.key_id, core.clock.now()
                uow.followups.change_appeal(
                    a.id, state=AppealState.CHANGED, decided_by=by, decided_at=now, decision_reason=reason, total=total
                )
        _rule(core, uow, principal, followup, "override", total, reason, None)
        uow.followups.update(followup.id, state=FollowupState.FINAL)
        followup = _done(uow, principal, followup, "followup.overridden", {})
        uow.commit()
    core.wake()
    return followup


def _locked(uow: UnitOfWork, principal: Principal, external_id: str) -> Followup:
    return uow.followups.lock(uow.followups.get(external_id, principal.scope()).id)


def _rule(
    core: Core,
    uow: UnitOfWork,
    principal: Principal,
    followup: Followup,
    kind: str,
    total: int,
    reason: str,
    appeal_id: str | None,
) -> None:
    ruling = Ruling(
        kind=kind,
        total=total,
        counts=total >= _pass_line(core, uow, followup),
        reason=reason,
        by=principal.key_id,
        at=core.clock.now(),
        appeal_id=appeal_id,
    )
    uow.followups.update(followup.id, rulings=(*followup.rulings, ruling), standing=ruling.counts)


def _pass_line(core: Core, uow: UnitOfWork, followup: Followup) -> int:
    """Of the rubric that the score was settled with."""
    frozen, _ = uow.followups.frozen(followup.id)
    rubric = rubric_in_force(core, uow) if frozen is None else Rubric.from_dict(frozen.snapshot["rubric"])
    return rubric.pass_line


def _done(uow: UnitOfWork, principal: Principal, followup: Followup, action: str, more: dict[str, Any]) -> Followup:
    """Audit entry and event; reasons are people's words and stay out of both."""
    now = uow.followups.get(followup.external_id)
    facts = followup_facts(now) | more
    details = {k: facts[k] for k in ("followup_id", "state", "score", "standing", *more)}
    uow.audit.add(actor=principal.key_id, action=action, subject=now.id, details=details)
    publish_event(uow, action, now.id, facts)
    return now
