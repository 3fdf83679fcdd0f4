"""What the lexicon and rubric in force would change in a page of stored calls."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from speechsvc.domain.call import Call
from speechsvc.domain.conversation import Conversation
from speechsvc.domain.facts import topic_facts
from speechsvc.domain.mention import Mention
from speechsvc.ports import Analysis, Comparison, IndexedCall, UnitOfWork
from speechsvc.services.analyse_call import analyse_transcript
from speechsvc.services.candidate_calls import Candidate, CandidateCalls, Made, Turns
from speechsvc.services.core import Core
from speechsvc.services.lexicon_versions import Found, InForce

_AT_ONCE = 16  # calls whose words are held in memory
_UNTOUCHED = object()  # a call that cannot change
_PATIENCE_S = 0.25  # a page that takes longer ends early: progress is seen, and a kill costs little


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A call as it was read, and its new analysis."""

    call: Call
    analysis: Analysis


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What became of a page."""

    changed: tuple[Changed, ...]
    seen: int  # calls dealt with
    read: int  # of these, whose words were read
    stopped_at: str | None  # last call dealt with where the page ended early


class RetagPage:
    """Holds what it compiled for the next page."""

    def __init__(self, core: Core, tenant_id: str) -> None:
        self._core = core
        self._tenant_id = tenant_id
        self._now = InForce(core, tenant_id)
        self._candidates: dict[str, CandidateCalls] = {}  # by the lexicon that a call was analysed with

    def look(self, uow: UnitOfWork, calls: Sequence[IndexedCall]) -> Work:
        deadline = time.monotonic() + _PATIENCE_S
        blocks = uow.call_index.made()
        numbered = ((number, call, self._turns(uow, call, blocks)) for number, call in enumerate(calls, 1))
        wanted = [(number, (call, turns)) for number, call, turns in numbered if turns != ()]
        changed: list[Changed] = []
        for begin in range(0, len(wanted), _AT_ONCE):
            some = [candidate for _, candidate in wanted[begin : begin + _AT_ONCE]]
            changed += self._look_closer(uow, some)
            read = begin + len(some)
            if read < len(wanted) and time.monotonic() > deadline:
                seen = wanted[read - 1][0]
                last = calls[seen - 1].call_id
                return Work(changed=tuple(changed), seen=seen, read=read, stopped_at=last)
        return Work(changed=tuple(changed), seen=len(calls), read=len(wanted), stopped_at=None)

    def _turns(self, uow: UnitOfWork, call: IndexedCall, blocks: Mapping[int, Made]) -> Turns:
        """Turns that may change; none: any of them, or what is no turn's."""
        if self._now.same_as(call):
            return ()
        if not self._only_lexicon_differs(call):
            return None
        label = call.versions.get("lexicon") or ""
        if label not in self._candidates:
            comparison = self._now.since(label)
            self._candidates[label] = CandidateCalls(self._core, comparison.query if comparison else None)
        return self._candidates[label].turns(uow, call, blocks)

    def _only_lexicon_differs(self, call: IndexedCall) -> bool:
        return self._now.same_engine(call) and call.versions.get("rubric") == self._now.versions.rubric

    def _look_closer(self, uow: UnitOfWork, some: Sequence[Candidate]) -> list[Changed]:
        said = uow.call_index.conversations([call.call_id for call, _ in some])
        looks = {
            call.call_id: self._look(call, said[call.call_id][0], turns) for call, turns in some if call.call_id in said
        }
        touched = [call for call, _ in some if looks.get(call.call_id, _UNTOUCHED) is not _UNTOUCHED]
        ids = [call.call_id for call in touched]
        stored, traces = uow.analyses.found_mentions(ids), uow.analyses.traces(ids)
        found = []
        for call in touched:
            mentions, look = stored.get(call.call_id, ()), looks[call.call_id]
            new = None
            if look is not None:
                comparison = self._comparison(call)
                assert comparison is not None
                new = comparison.results([(look, mentions, traces.get(call.call_id))])[0]
                if _same(new[0], mentions):
                    continue
            one = self._changed(uow, call, said[call.call_id][0], new)
            if one is not None:
                found.append(one)
        return found

    def _comparison(self, call: IndexedCall) -> Comparison | None:
        return self._now.since(call.versions.get("lexicon")) if self._only_lexicon_differs(call) else None

    def _look(self, call: IndexedCall, conversation: Conversation, turns: Turns) -> Any:
        """None where the call must be analysed as a whole."""
        comparison = self._comparison(call)
        if comparison is None:
            return None
        look = comparison.look(conversation, turns)
        return _UNTOUCHED if look is None else look

    def _changed(
        self, uow: UnitOfWork, indexed: IndexedCall, conversation: Conversation, new: Found | None
    ) -> Changed | None:
        call, old = uow.calls.get(indexed.call_id), uow.analyses.get(indexed.call_id)
        if old is None:
            return None
        analysis = self._analysis(uow, call, conversation, old, new)
        return None if _equal(old, analysis) else Changed(call=call, analysis=analysis)

    def _analysis(
        self,
        uow: UnitOfWork,
        call: Call,
        conversation: Conversation,
        old: Analysis,
        new: Found | None,
    ) -> Analysis:
        """From the mentions that follow from the old ones, or anew where more than the lexicon differs."""
        if new is None:
            transcript = uow.call_index.texts([call.id])[call.id]
            return analyse_transcript(self._core, self._tenant_id, call, transcript)
        mentions, trace = new
        tagging = replace(old.tagging, mentions=mentions, trace=trace)
        score, snapshot = self._now.analyser.score(conversation, tagging, old.talk)
        return replace(
            old,
            tagging=tagging,
            score=score,
            snapshot=snapshot,
            versions=replace(self._now.versions, transcript=old.versions.transcript),
            facts=topic_facts(conversation, mentions),
        )


def _same(one: Sequence[Mention], other: Sequence[Mention]) -> bool:
    return [m.finding for m in one] == [m.finding for m in other]


def _equal(old: Analysis, new: Analysis) -> bool:
    """Whether nothing that anybody sees changes; versions alone make no new revision."""
    return (
        _same(old.tagging.mentions, new.tagging.mentions)
        and (old.tagging.contact, old.tagging.next_step) == (new.tagging.contact, new.tagging.next_step)
        and _points(old) == _points(new)
    )


def _points(analysis: Analysis) -> object:
    score = analysis.score
    components = [(c.get("id"), c.get("points")) for c in score.get("components", ())]
    return score.get("total"), score.get("counts_toward_performance"), components
