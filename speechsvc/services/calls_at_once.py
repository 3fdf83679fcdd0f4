"""Finds phone calls that ran while the same person spoke on another one, in a follow-up and across follow-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from speechsvc.domain.followup_score import JudgedCall, Repeated
from speechsvc.domain.overlap import Intervals, may_overlap, speak_at_once
from speechsvc.ports import Beside, UnitOfWork


def with_speech(uow: UnitOfWork, calls: Sequence[JudgedCall]) -> list[JudgedCall]:
    """Transcripts are read only of calls whose times meet: that is rare."""
    meet = {
        call.item.id
        for call in calls
        for other in calls
        if call.item.id != other.item.id and call.spoken and other.spoken and may_overlap(call, other)
    }
    return [replace(c, speech=_speech(uow, c.item.id)) if c.item.id in meet else c for c in calls]


def calls_elsewhere(uow: UnitOfWork, followup_id: str, calls: Sequence[JudgedCall]) -> list[Repeated]:
    """Against what other follow-ups received before. One salesperson cannot hold two conversations: the earlier
    arrival counts. Two salespeople on the phone with one customer can, so that is only pointed out.
    """
    found = [_elsewhere(uow, followup_id, call) for call in calls if call.spoken]
    return [one for one in found if one is not None]


def _elsewhere(uow: UnitOfWork, followup_id: str, call: JudgedCall) -> Repeated | None:
    noticed: Repeated | None = None
    for other in uow.followups.beside(followup_id, call):
        if not may_overlap(call, other) or not _at_once(uow, call, other) or not _counts(uow, other):
            continue
        if other.salesperson_id is not None and other.salesperson_id == call.salesperson_id:
            return Repeated(id=call.item.id, kind="call", reason="overlapping_call", of=other.call_id)
        seen = Repeated(id=call.item.id, kind="call", reason="customer_on_two_calls", of=other.call_id, left_out=False)
        noticed = noticed or seen
    return noticed


def _at_once(uow: UnitOfWork, call: JudgedCall, other: Beside) -> bool:
    return speak_at_once(
        replace(call, speech=_speech(uow, call.item.id)), replace(other, speech=_speech(uow, other.call_id))
    )


def _counts(uow: UnitOfWork, other: Beside) -> bool:
    """Not where its own follow-up leaves it out in favour of a third."""
    frozen, _ = uow.followups.frozen(other.followup_id)
    return frozen is None or all(d["id"] != other.call_id for d in frozen.score["duplicates"])


def _speech(uow: UnitOfWork, call_id: str) -> Intervals | None:
    transcript = uow.transcripts.get(call_id)
    return None if transcript is None else tuple((s.start, s.end) for s in transcript.speech)
