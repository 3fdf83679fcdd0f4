"""A preview's work on pages of stored calls: candidates are read, the rest is only counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from speechsvc.domain.analysis import Contact, Tagging
from speechsvc.domain.call import Source
from speechsvc.domain.conversation import Conversation, Speaker
from speechsvc.domain.facts import topic_facts
from speechsvc.domain.heatmap import RowKind
from speechsvc.domain.mention import Mention
from speechsvc.domain.preview import MentionChanges, PreviewTally, ScoreChange, changes, facts_of
from speechsvc.domain.run import Run
from speechsvc.errors import NotFound
from speechsvc.ports import Analysis, IndexedCall, UnitOfWork
from speechsvc.services.candidate_calls import Candidate, CandidateCalls
from speechsvc.services.core import Core
from speechsvc.services.lexicon_versions import InForce
from speechsvc.services.mask_words import mask_segments
from speechsvc.services.preview_followups import Twice, followup_change
from speechsvc.services.score_followup import Instead

_AT_ONCE = 32  # calls of a block: whose words are held in memory
_SHOWN = 20  # changes shown of one call
_SPOKEN = (Source.CALL.value, Source.TRANSCRIPT.value)  # what the heatmap counts unless asked otherwise

PREVIEW = "preview"  # the work's name among helpers
Found = tuple[int, str, dict[str, Any]]  # position, call id, what changes
Block = tuple[Sequence[Candidate], int]  # and how many changed calls of it are shown at most


class PreviewCalls:
    """One draft against the lexicon that was in force when the preview began."""

    def __init__(self, core: Core, tenant_id: str, run: Run) -> None:
        """Raises NotFound where the lexicon that was published when the run began is not known any more."""
        request = run.request
        self._about = tenant_id, run.id
        self._where = run.where
        self._core = core
        self._tenant_id = tenant_id
        self._row = RowKind(request["row"])
        self._now = InForce(core, tenant_id, label=request["published"])
        if self._now.lexicon is None:
            raise NotFound(what="version")
        self._draft = core.workbench().compare(self._now.lexicon, request["content"])
        self._candidates = CandidateCalls(core, self._draft.query)

    def prepare(self) -> None:
        """Compiles what blocks need, before there are any."""
        self._draft.prepare()

    def page(self, tally: PreviewTally, cursor: str | None, size: int, listed: int) -> tuple[list[Found], str | None]:
        """The next `size` calls into the tally; returns what is to be shown, and where to go on (none: the end)."""
        with self._core.db.tenant(self._tenant_id, write=False) as uow:
            page = uow.call_index.calls(self._where, self._row, cursor=cursor, limit=size)
            self._count(page.items, tally)
            candidates = self._candidates.among(uow, page.items)
        found: list[Found] = []
        helped = cursor is not None  # helpers would begin just when people wait for the first results
        for part, shown in self._in_blocks(candidates, max(0, listed - tally.changed), helped=helped):
            found += [
                (tally.changed + at, call_id, body) for at, call_id, body in shown if tally.changed + at <= listed
            ]
            tally.merge(part)
        return found, page.cursor

    def samples(self, skips: Sequence[int], size: int) -> list[PreviewTally]:
        """Each of `size` calls behind the newest so many, for themselves."""
        blocks, seen = list[Block](), list[int]()
        with self._core.db.tenant(self._tenant_id, write=False) as uow:
            for skip in skips:
                calls = uow.call_index.calls(self._where, self._row, limit=size, skip=skip).items
                blocks.append((self._candidates.among(uow, calls), 0))
                seen.append(len(calls))
        tallies = [tally for tally, _ in self._core.helpers.share(PREVIEW, self._about, blocks, self.block)]
        for tally, number in zip(tallies, seen, strict=True):
            tally.seen = number
        return tallies

    def block(self, block: Block) -> tuple[PreviewTally, list[Found]]:
        """Some candidates for themselves: what changes, and the first changed calls as people see them."""
        some, listed = block
        tally, found = PreviewTally(), list[Found]()
        if some:
            with self._core.db.tenant(self._tenant_id, write=False) as uow:
                self._look(uow, some, tally, found, listed)
        return tally, found

    def _in_blocks(
        self, candidates: Sequence[Candidate], listed: int, *, helped: bool
    ) -> list[tuple[PreviewTally, list[Found]]]:
        """Block by block, in order, whoever does them."""
        blocks = [(candidates[i : i + _AT_ONCE], listed) for i in range(0, len(candidates), _AT_ONCE)]
        if not helped:
            return [self.block(block) for block in blocks]
        return self._core.helpers.share(PREVIEW, self._about, blocks, self.block)

    def _count(self, calls: Sequence[IndexedCall], tally: PreviewTally) -> None:
        tally.seen += len(calls)
        rows: dict[str, list[Any]] = {}
        for call in calls:
            if _in_heatmap(call):
                rows.setdefault(call.row_key, [call.row_label or call.row_key, 0])[1] += 1
        for key, (label, number) in rows.items():
            tally.count_row(key, label, number)

    def _look(
        self, uow: UnitOfWork, some: Sequence[Candidate], tally: PreviewTally, found: list[Found], listed: int
    ) -> None:
        tally.looked_at += len(some)
        changed = self._changed(uow, some)
        analyses = uow.analyses.bare([one.call.call_id for one in changed if one.found.counting])
        for one in changed:
            score = self._add(uow, one, analyses.get(one.call.call_id), tally)
            if tally.changed <= listed:
                found.append((tally.changed, one.call.call_id, {"score": score} | _words(uow, one.call, one.found)))

    def _changed(self, uow: UnitOfWork, some: Sequence[Candidate]) -> list[_Changed]:
        """Those of the calls in which anything changes, in the same order."""
        said = uow.call_index.conversations([call.call_id for call, _ in some])
        looks = [
            (call, said[call.call_id][0], look)
            for call, turns in some
            if call.call_id in said and (look := self._draft.look(said[call.call_id][0], turns)) is not None
        ]
        ids = [call.call_id for call, _, _ in looks]
        stored, traces = uow.analyses.found_mentions(ids), uow.analyses.traces(ids)
        before = [
            self._now.mentions(call, conversation, stored.get(call.call_id, ()), traces.get(call.call_id))
            for call, conversation, _ in looks
        ]
        after = self._draft.results([(look, *was) for (_, _, look), was in zip(looks, before, strict=True)])
        return [
            _Changed(call, conversation, was, becomes, found)
            for (call, conversation, _), (was, _), (becomes, _) in zip(looks, before, after, strict=True)
            if (found := changes(was, becomes))
        ]

    def _add(
        self, uow: UnitOfWork, one: _Changed, analysis: Analysis | None, tally: PreviewTally
    ) -> dict[str, Any] | None:
        """Returns the score before and after, for people."""
        tally.add(one.found)
        if not one.found.counting:
            return None
        if _in_heatmap(one.call) and one.found.by(Speaker.CUSTOMER):
            before, after = (facts_of(one.conversation, some) for some in (one.before, one.after))
            tally.add_cells(one.call.row_key, before, after)
        if analysis is None:
            return None
        score = self._score(one, analysis)
        tally.add_score(score)
        followup = followup_change(self._core, uow, one.call.call_id, lambda: self._twice(one, analysis), self._others)
        if followup is not None:
            tally.add_followup(followup)
        return {"before": score.before, "after": score.after, "crosses": score.crosses}

    def _score(self, one: _Changed, analysis: Analysis) -> ScoreChange:
        """The call's own score by the rubric in force."""
        tagging = self._tagging(one, analysis)

        def points(mentions: Sequence[Mention]) -> tuple[int, bool]:
            with_these = replace(tagging, mentions=tuple(mentions))
            return self._now.analyser.points(one.conversation, with_these, analysis.talk)

        old = analysis.score
        stored = int(old["total"]), bool(old["counts_toward_performance"])
        return ScoreChange.between(stored if self._now.same_as(one.call) else points(one.before), points(one.after))

    def _twice(self, one: _Changed, analysis: Analysis) -> Twice:
        """What the call's follow-up joins."""
        tagging = self._tagging(one, analysis)

        def instead(mentions: Sequence[Mention]) -> Instead:
            with_these = replace(tagging, mentions=tuple(mentions))
            score, snapshot = self._now.analyser.score(one.conversation, with_these, analysis.talk)
            topics = sorted({fact.topic for fact in topic_facts(one.conversation, mentions)})
            return Instead(snapshot=snapshot, total=score["total"], topics=tuple(topics))

        return Twice(before=None if self._now.same_as(one.call) else instead(one.before), after=instead(one.after))

    def _tagging(self, one: _Changed, analysis: Analysis) -> Tagging:
        """Contact and next step as the code of today finds them."""
        if self._now.same_engine(one.call):
            return analysis.tagging
        return self._now.analyser.tag(one.conversation)

    def _others(self, uow: UnitOfWork, call_ids: Sequence[str]) -> dict[str, Twice]:
        """Of other calls of a follow-up those in the range that would count otherwise."""
        calls = uow.call_index.some(self._where, self._row, call_ids) if call_ids else ()
        changed = [one for one in self._changed(uow, [(call, None) for call in calls]) if one.found.counting]
        analyses = uow.analyses.bare([one.call.call_id for one in changed])
        return {
            one.call.call_id: self._twice(one, analyses[one.call.call_id])
            for one in changed
            if one.call.call_id in analyses
        }


class _Changed(NamedTuple):
    """A call, and what changes in it."""

    call: IndexedCall
    conversation: Conversation
    before: tuple[Mention, ...]
    after: tuple[Mention, ...]
    found: MentionChanges


def _in_heatmap(call: IndexedCall) -> bool:
    return call.contact == Contact.EFFECTIVE.value and call.source in _SPOKEN


def _words(uow: UnitOfWork, call: IndexedCall, found: MentionChanges) -> dict[str, Any]:
    """What people see: which call, and the sentences, masked."""
    transcript = uow.call_index.texts([call.call_id])[call.call_id]
    masked = mask_segments(transcript.segments)
    metadata = uow.calls.get(call.call_id).metadata
    pairs = (*found.turned, *found.moved)
    shown = {
        "gained": [_shown(m, masked) for m in found.gained[:_SHOWN]],
        "lost": [_shown(m, masked) for m in found.lost[:_SHOWN]],
        "turned": [{"before": _shown(a, masked), "after": _shown(b, masked)} for a, b in pairs[:_SHOWN]],
    }
    total = len(found.gained) + len(found.lost) + len(pairs)
    return {
        **shown,
        "not_shown": total - sum(map(len, shown.values())),
        "external_id": metadata.external_id,
        "started_at": metadata.started_at.isoformat(),
        "salesperson": metadata.salesperson and (metadata.salesperson.name or metadata.salesperson.id),
        "customer": metadata.customer and (metadata.customer.name or metadata.customer.id),
    }


def _shown(mention: Mention, masked: Sequence[str]) -> dict[str, Any]:
    sentence = masked[mention.turn]
    return {
        "topic": mention.topic,
        "turn": mention.turn,
        "speaker": mention.speaker.value,
        "polarity": mention.polarity.value,
        "entry": mention.entry,
        "match": mention.match.value,
        "start": mention.start,
        "start_char": mention.start_char,
        "end_char": mention.end_char,
        "text": sentence[mention.start_char : mention.end_char],
        "sentence": sentence,
    }
