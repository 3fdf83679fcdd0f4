"""Scores a follow-up from the stored snapshots of its calls, while it is open; what is settled does not move here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from speechsvc.domain.followup import Followup, Item, ItemKind
from speechsvc.domain.followup_score import Frozen, JudgedCall, Repeated, fingerprint_of, judge, redact, why_not
from speechsvc.domain.rubric import Rubric
from speechsvc.domain.ruleset import RulesetKind
from speechsvc.ports import Analysis, UnitOfWork
from speechsvc.services.calls_at_once import calls_elsewhere, with_speech
from speechsvc.services.core import Core
from speechsvc.services.publish_event import publish_event
from speechsvc.services.read_rules import content_of, in_force

FED_WITHIN = timedelta(days=90)
_NAMED = 20  # versions of one kind in an event, so that it stays small

Told = tuple[str, str, dict[str, Any]]  # an event to publish last before the commit


def call_analysed(core: Core, uow: UnitOfWork, call_id: str, analysis: Analysis) -> Told | None:
    """To call after an analysis was stored: the follow-up's new score, and the event that tells of it."""
    followup_id = uow.followups.of_item(call_id)
    if followup_id is None:
        return None
    kind = next(i.kind for i in uow.followups.items(followup_id) if i.id == call_id)
    uow.followups.change_item(call_id, fingerprint=fingerprint_of(analysis.snapshot, kind))
    return score_open(core, uow, followup_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What an erased call leaves of its follow-up."""

    told: Told | None = None  # its new score
    gone: str | None = None  # internal id: it held nothing else


def call_erased(core: Core, uow: UnitOfWork, call_id: str) -> Left:
    """To call when a call goes: an open follow-up is scored without it, or goes too where it held nothing else; a
    settled one keeps its numbers, not words.
    """
    followup_id = uow.followups.of_item(call_id)
    if followup_id is None:
        return Left()
    followup = uow.followups.lock(followup_id)
    uow.followups.change_item(call_id, erased=True, name=None, sha256=None, fingerprint=None)
    if followup.open and _empty(uow, followup_id):
        uow.followups.erase(followup_id)
        uow.events.erase_bodies(followup_id)
        return Left(gone=followup_id)
    if followup.open:
        return Left(told=score_open(core, uow, followup_id))
    frozen, history = uow.followups.frozen(followup_id)
    if frozen is not None:
        bare = Frozen(score=redact(frozen.score, call_id), snapshot=redact(frozen.snapshot, call_id))
        uow.followups.freeze(followup_id, bare, [redact(h, call_id) for h in history])
    return Left()


def _empty(uow: UnitOfWork, followup_id: str) -> bool:
    """Nothing left in it, and nobody ever spoke of the follow-up itself: each PUT leaves an audit entry."""
    if any(not i.erased for i in uow.followups.items(followup_id)):
        return False
    return not uow.audit.list(subject=followup_id, action="followup", limit=1).items


def score_open(core: Core, uow: UnitOfWork, followup_id: str) -> Told | None:
    """None where the follow-up is settled, or nothing changed."""
    followup = uow.followups.lock(followup_id)
    if not followup.open:
        return None
    frozen = assess(core, uow, followup)
    before, _ = uow.followups.frozen(followup_id)
    if before is not None and (before.score, before.snapshot) == (frozen.score, frozen.snapshot):
        return None
    scored = store_score(uow, followup, frozen)
    return "followup.scored", followup.id, followup_facts(scored) | {"before": _before(before)}


def publish(uow: UnitOfWork, told: Told | None) -> None:
    if told is not None:
        publish_event(uow, *told)


def store_score(uow: UnitOfWork, followup: Followup, frozen: Frozen) -> Followup:
    """The follow-up with its new machine score; a ruling beside it goes on to stand."""
    scored = replace(
        followup,
        total=frozen.total,
        counts=frozen.counts,
        reasons=why_not(frozen.score, uow.followups.items(followup.id)),
        versions=dict(frozen.score["versions"]),
        revision=followup.revision + 1,
    )
    uow.followups.freeze(followup.id, frozen)
    uow.followups.update(
        followup.id,
        total=scored.total,
        counts=scored.counts,
        standing=scored.standing[1],
        reasons=scored.reasons,
        versions=scored.versions,
        revision=scored.revision,
    )
    return scored


@dataclass(frozen=True, kw_only=True, slots=True)
class Instead:
    """What another analysis of a call or of minutes would put into the score."""

    snapshot: Mapping[str, Any]
    total: int  # of the call alone
    topics: tuple[str, ...]


def assess(
    core: Core,
    uow: UnitOfWork,
    followup: Followup,
    *,
    rubric: Rubric | None = None,
    with_late: bool = False,
    instead: Mapping[str, Instead] | None = None,
) -> Frozen:
    """The score of its calls, documents and minutes as they are stored now, or `instead` by call; stores nothing."""
    items = [i for i in uow.followups.items(followup.id) if not i.erased and (with_late or not i.late)]
    calls, minutes, documents = (_of(items, k) for k in (ItemKind.CALL, ItemKind.MINUTES, ItemKind.DOCUMENT))
    elsewhere = uow.followups.elsewhere(followup.id, calls)
    repeated = [Repeated(id=i, kind="call", reason=reason, of=of) for i, (reason, of) in elsewhere.items()]
    fed = uow.followups.sources()
    once = with_speech(uow, _judged(uow, calls, instead or {}))
    repeated += calls_elsewhere(uow, followup.id, [c for c in once if c.item.id not in elsewhere])
    return judge(
        once,
        documents,
        _judged(uow, minutes, instead or {}),
        rubric or rubric_in_force(core, uow),
        documents_fed=_fed(core, uow, ItemKind.DOCUMENT, fed["documents"] or core.followups.documents),
        minutes_fed=_fed(core, uow, ItemKind.MINUTES, fed["minutes"] or core.followups.minutes),
        repeated=repeated,
    )


def _judged(uow: UnitOfWork, items: Sequence[Item], instead: Mapping[str, Instead]) -> list[JudgedCall]:
    return [
        replace(call, snapshot=other.snapshot, total=other.total, topics=other.topics)
        if (other := instead.get(call.item.id)) is not None
        else call
        for call in uow.followups.judged(items)
    ]


def rubric_in_force(core: Core, uow: UnitOfWork) -> Rubric:
    """What the tenant published last, or the default."""
    number = in_force(core, uow, RulesetKind.RUBRIC).number
    return Rubric.from_dict(content_of(core, uow, RulesetKind.RUBRIC, number))


def followup_facts(followup: Followup) -> dict[str, Any]:
    """What an event tells: ids, scores, versions; no names, no words."""
    total, counts = followup.standing
    return {
        "followup_id": followup.external_id,
        "id": followup.id,
        "salesperson_id": followup.salesperson.id if followup.salesperson else None,
        "customer_id": followup.customer.id if followup.customer else None,
        "opportunity_id": followup.opportunity.id if followup.opportunity else None,
        "state": followup.state.value,
        "revision": followup.revision,
        "score": {"total": followup.total, "counts_toward_performance": followup.counts},
        "standing": {"total": total, "counts_toward_performance": counts},
        "reasons": list(followup.reasons),
        "versions": {k: v[:_NAMED] if isinstance(v, list) else v for k, v in followup.versions.items()},
    }


def _before(frozen: Frozen | None) -> dict[str, Any] | None:
    return None if frozen is None else {"total": frozen.total, "counts_toward_performance": frozen.counts}


def _of(items: Sequence[Item], kind: ItemKind) -> list[Item]:
    return [i for i in items if i.kind is kind]


def _fed(core: Core, uow: UnitOfWork, kind: ItemKind, rule: str) -> bool:
    if rule != "auto":
        return rule == "on"
    return uow.followups.fed(kind.value, core.clock.now() - FED_WITHIN)
