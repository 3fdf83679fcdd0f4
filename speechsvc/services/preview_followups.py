"""Open follow-ups whose score a draft would change. What is settled keeps its score, so it is not asked.

A follow-up joins its calls, and several of them may change. So that each is counted once, whoever looks at its newest
call that changes looks at the whole of it: calls of the preview's range as the draft finds them, others as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from speechsvc.domain.followup import Followup
from speechsvc.domain.followup_score import Frozen, JudgedCall
from speechsvc.domain.preview import FollowupChange, ScoreChange
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.score_followup import Instead, assess


@dataclass(frozen=True, kw_only=True, slots=True)
class Twice:
    """A call's part in its follow-up's score, by the published lexicon and by the draft."""

    before: Instead | None  # none: as it is stored
    after: Instead


Look = Callable[[UnitOfWork, Sequence[str]], Mapping[str, Twice]]  # of calls in the range those that count otherwise


def followup_change(
    core: Core, uow: UnitOfWork, call_id: str, twice: Callable[[], Twice], look: Look
) -> FollowupChange | None:
    """None where the call has no open follow-up, a newer one of its calls changes, or its score stays.

    `twice` is of this call, and asked for only where it is needed.
    """
    followup = _open(uow, call_id)
    if followup is None:
        return None
    calls = uow.followups.judged([i for i in uow.followups.items(followup.id) if not i.erased and not i.late])
    known = {call_id: twice(), **look(uow, [c.item.id for c in calls if c.item.id != call_id])}
    if _newest([c for c in calls if c.item.id in known]) != call_id:
        return None
    before = assess(core, uow, followup, instead={c: t.before for c, t in known.items() if t.before is not None})
    after = assess(core, uow, followup, instead={c: t.after for c, t in known.items()})
    score = ScoreChange.between(_points(before), _points(after))
    if score.before == score.after and score.crosses is None:
        return None
    person = followup.salesperson
    return FollowupChange(followup_id=followup.external_id, salesperson_id=person.id if person else None, score=score)


def still_there(uow: UnitOfWork, some: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without follow-ups that were erased since."""
    return [one for one in some if uow.followups.find(one["followup_id"]) is not None]


def _open(uow: UnitOfWork, call_id: str) -> Followup | None:
    followup_id = uow.followups.of_item(call_id)
    followup = None if followup_id is None else uow.followups.by_id(followup_id)
    return followup if followup is not None and followup.open else None


def _newest(calls: Sequence[JudgedCall]) -> str | None:
    return max(calls, key=lambda c: (c.started_at, c.item.id)).item.id if calls else None


def _points(frozen: Frozen) -> tuple[int, bool]:
    return frozen.total, frozen.counts
