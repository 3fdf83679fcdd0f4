"""What a rubric would change in stored follow-ups: computed from their frozen snapshots, without a word being read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.followup import Followup
from speechsvc.domain.followup_score import Frozen, SnapshotUnknown, recompute_frozen
from speechsvc.domain.rubric import Rubric
from speechsvc.domain.ruleset import Content, RulesetKind
from speechsvc.ports import FollowupFilter
from speechsvc.services.core import Core
from speechsvc.services.read_rules import DRAFT, content_at


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewedFollowup:
    """One follow-up under both rubrics."""

    followup_id: str
    salesperson_id: str | None
    team: str | None
    state: str  # what is settled keeps its score whatever is published
    before: int
    after: int
    crosses: bool
    counts_after: bool


def preview_rubric(
    core: Core,
    principal: Principal,
    content: Content | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[PreviewedFollowup, ...]:
    """The draft, or `content`, against each follow-up's score as stored. Nothing is stored.

    Raises SpeechsvcError (422) for a rubric that cannot be used, Forbidden.
    """
    principal.require(Permission.RULES_WRITE)
    where = FollowupFilter(scope=principal.scope(), since=since, until=until)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        wanted = content if content is not None else content_at(core, uow, RulesetKind.RUBRIC, DRAFT)
        rubric = Rubric.from_dict(core.rulebook().read(RulesetKind.RUBRIC, wanted).content)
        pairs = ((f, uow.followups.frozen(f.id)[0]) for f in uow.followups.all(where))
        found = [_previewed(followup, frozen, rubric) for followup, frozen in pairs if frozen is not None]
    return tuple(p for p in found if p is not None)


def crossing_first(found: tuple[PreviewedFollowup, ...]) -> tuple[PreviewedFollowup, ...]:
    """Those that change sides, then the largest moves; without the unchanged."""
    changed = [p for p in found if p.before != p.after or p.crosses]
    return tuple(sorted(changed, key=lambda p: (not p.crosses, -abs(p.after - p.before), p.followup_id)))


def _previewed(followup: Followup, frozen: Frozen, rubric: Rubric) -> PreviewedFollowup | None:
    try:
        after = recompute_frozen(frozen.snapshot, rubric)
    except SnapshotUnknown:
        return None
    person = followup.salesperson
    return PreviewedFollowup(
        followup_id=followup.external_id,
        salesperson_id=person.id if person else None,
        team=person.team if person else None,
        state=followup.state.value,
        before=frozen.total,
        after=after.total,
        crosses=after.counts_toward_performance != frozen.counts,
        counts_after=after.counts_toward_performance,
    )
