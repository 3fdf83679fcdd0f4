"""Follow-ups as the API shows them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from speechsvc.api import followup_schemas as s
from speechsvc.api.route import Caller
from speechsvc.api.schemas import CustomerOut, OpportunityOut, SalespersonOut
from speechsvc.domain.followup import Appeal, Followup, Item, ItemKind
from speechsvc.services.read_followups import FollowupDetails, FollowupScore


def followup_out(caller: Caller, followup: Followup) -> s.FollowupOut:
    return s.FollowupOut.model_validate(_followup(caller, followup))


def details_out(caller: Caller, found: FollowupDetails) -> s.FollowupDetailsOut:
    return s.FollowupDetailsOut.model_validate(_details(caller, found))


def score_out(caller: Caller, found: FollowupScore) -> s.FollowupScoreOut:
    more = {"explanation": found.score, "snapshot": found.snapshot, "history": list(found.history)}
    return s.FollowupScoreOut.model_validate(_details(caller, found.details) | more)


def item_out(caller: Caller, item: Item) -> s.ItemOut:
    called = item.kind is not ItemKind.DOCUMENT and not item.erased
    values = {n: getattr(item, n) for n in ("id", "at", "received_at", "name", "sha256", "late", "erased")}
    return s.ItemOut(**values, kind=item.kind.value, link=caller.link(f"/v1/calls/{item.id}") if called else None)


def appeal_out(appeal: Appeal) -> s.AppealOut:
    return s.AppealOut.model_validate(asdict(appeal) | {"state": appeal.state.value})


def path_of(external_id: str) -> str:
    return f"/v1/followups/{quote(external_id, safe='')}"


def _details(caller: Caller, found: FollowupDetails) -> dict[str, Any]:
    return _followup(caller, found.followup) | {
        "items": [item_out(caller, i) for i in found.items],
        "appeals": [appeal_out(a) for a in found.appeals],
    }


def _followup(caller: Caller, f: Followup) -> dict[str, Any]:
    own = caller.link(path_of(f.external_id))
    total, counts = f.standing
    plain = ("id", "external_id", "first_activity", "last_activity", "settles_at", "settled_at", "revision")
    return {n: getattr(f, n) for n in plain} | {
        "salesperson": SalespersonOut(**asdict(f.salesperson)) if f.salesperson else None,
        "customer": CustomerOut(**asdict(f.customer)) if f.customer else None,
        "opportunity": OpportunityOut(**asdict(f.opportunity)) if f.opportunity else None,
        "state": f.state.value,
        "score": s.ScoreBrief(total=f.total, counts_toward_performance=f.counts),
        "standing": s.ScoreBrief(total=total, counts_toward_performance=counts),
        "reasons": list(f.reasons),
        "rulings": [s.RulingOut(**asdict(r)) for r in f.rulings],
        "versions": f.versions,
        "links": s.FollowupLinks(self=own, score=f"{own}/score"),
    }
