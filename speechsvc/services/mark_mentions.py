"""People say which mentions are right, wrong or missed; the marked calls become labelled calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.ids import new_id
from speechsvc.domain.mark import Mark, Verdict
from speechsvc.domain.mention import Polarity
from speechsvc.domain.transcript import Transcript
from speechsvc.errors import InvalidInput, NotFound
from speechsvc.ports import Page, UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.mask_words import mask_segments


@dataclass(frozen=True, kw_only=True, slots=True)
class MissedMention:
    """What a person heard and no entry found: words by their place, or by what they are."""

    turn: int
    topic: str
    polarity: Polarity = Polarity.AFFIRMED
    start_char: int | None = None
    end_char: int | None = None
    evidence: str | None = None  # instead of the place: these words, where they first stand in the turn


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownMark:
    """A mark with its words masked."""

    mark: Mark
    sentence: str
    current: bool  # false where a new transcript has other words there


def mark_mention(
    core: Core,
    principal: Principal,
    mention_id: str,
    verdict: Verdict,
    *,
    polarity: Polarity | None = None,
    note: str = "",
) -> ShownMark:
    """`polarity`: where the mention is right and its polarity is not. Raises NotFound, InvalidInput, Forbidden."""
    principal.require(Permission.MARKS_WRITE)
    if verdict is Verdict.MISSED:
        raise InvalidInput(
            field="verdict",
            problem="a mention that was found is right or wrong",
            problem_zh="已命中的提及只能标为 right 或 wrong",
        )
    with core.db.tenant(principal.tenant_id) as uow:
        stored = uow.analyses.mention(mention_id)
        try:
            call = uow.calls.get(stored.call_id, principal.scope())
        except NotFound:
            raise NotFound(what="mention") from None
        m = stored.mention
        mark = Mark(
            id=new_id("mrk"),
            call_id=call.id,
            turn=m.turn,
            topic=m.topic,
            verdict=verdict,
            polarity=(polarity or m.polarity) if verdict is Verdict.RIGHT else None,
            start_char=m.start_char,
            end_char=m.end_char,
            evidence=m.text,
            entry=m.entry,
            lexicon=call.versions.get("lexicon"),
            note=note,
            author=principal.key_id,
            created_at=core.clock.now(),
        )
        return _put(uow, principal, mark)


def mark_missed(core: Core, principal: Principal, call_id: str, missed: MissedMention, *, note: str = "") -> ShownMark:
    """Raises NotFound, InvalidInput, Forbidden."""
    principal.require(Permission.MARKS_WRITE)
    if missed.topic not in {topic for topic, _, _ in core.topics(principal.tenant_id)}:
        raise InvalidInput(field="topic", problem="no topic of the lexicon", problem_zh="词库中没有这个主题")
    with core.db.tenant(principal.tenant_id) as uow:
        call = uow.calls.get(call_id, principal.scope())
        start, end, words = _span(uow.transcripts.get(call_id), missed)
        mark = Mark(
            id=new_id("mrk"),
            call_id=call_id,
            turn=missed.turn,
            topic=missed.topic,
            verdict=Verdict.MISSED,
            polarity=missed.polarity,
            start_char=start,
            end_char=end,
            evidence=words,
            lexicon=call.versions.get("lexicon"),
            note=note,
            author=principal.key_id,
            created_at=core.clock.now(),
        )
        return _put(uow, principal, mark)


def _span(transcript: Transcript | None, missed: MissedMention) -> tuple[int, int, str]:
    if transcript is None or not 0 <= missed.turn < len(transcript.segments):
        raise InvalidInput(field="turn", problem="the call has no such turn", problem_zh="该通话没有这一轮")
    text = transcript.segments[missed.turn].text
    if missed.evidence is not None:
        start = text.find(missed.evidence) if missed.evidence else -1
        if start < 0:
            raise InvalidInput(field="evidence", problem="the turn does not hold it", problem_zh="该轮话中没有这段文字")
        return start, start + len(missed.evidence), missed.evidence
    start = missed.start_char if missed.start_char is not None else 0
    end = missed.end_char if missed.end_char is not None else len(text)
    if not 0 <= start < end <= len(text):
        raise InvalidInput(field="start_char", problem="not a place in the turn", problem_zh="位置不在该轮话之内")
    return start, end, text[start:end]


def _put(uow: UnitOfWork, principal: Principal, mark: Mark) -> ShownMark:
    stored = uow.marks.put(mark)
    details = {"mark": stored.id, "verdict": stored.verdict.value, "topic": stored.topic}
    uow.audit.add(actor=principal.key_id, action="mention.marked", subject=mark.call_id, details=details)
    shown = _shown(uow, (stored,))[0]
    uow.commit()
    return shown


def remove_mark(core: Core, principal: Principal, mark_id: str) -> None:
    """Raises NotFound, Forbidden."""
    principal.require(Permission.MARKS_WRITE)
    with core.db.tenant(principal.tenant_id) as uow:
        mark = uow.marks.get(mark_id)
        try:
            uow.calls.get(mark.call_id, principal.scope())
        except NotFound:
            raise NotFound(what="mark") from None
        uow.marks.remove(mark_id)
        uow.audit.add(actor=principal.key_id, action="mark.removed", subject=mark.call_id, details={"mark": mark_id})
        uow.commit()


def list_marks(
    core: Core,
    principal: Principal,
    *,
    topic: str | None = None,
    verdict: Verdict | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ShownMark]:
    """Of the whole tenant, newest first. Raises Forbidden."""
    principal.require(Permission.RULES_WRITE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        page = uow.marks.list(topic=topic, verdict=verdict and verdict.value, cursor=cursor, limit=limit)
        return Page(items=_shown(uow, page.items), cursor=page.cursor)


def read_call_marks(core: Core, principal: Principal, call_id: str) -> tuple[ShownMark, ...]:
    """In order of turn. Raises NotFound, Forbidden."""
    principal.require(Permission.CALLS_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        uow.calls.get(call_id, principal.scope())
        return _shown(uow, uow.marks.of_call(call_id))


def _shown(uow: UnitOfWork, marks: tuple[Mark, ...]) -> tuple[ShownMark, ...]:
    texts: dict[str, Transcript | None] = {}
    masked: dict[str, tuple[str, ...]] = {}
    found = []
    for mark in marks:
        if mark.call_id not in texts:
            texts[mark.call_id] = transcript = uow.transcripts.get(mark.call_id)
            masked[mark.call_id] = mask_segments(transcript.segments) if transcript else ()
        transcript, sentences = texts[mark.call_id], masked[mark.call_id]
        there = transcript is not None and mark.turn < len(transcript.segments)
        current = there and transcript is not None and mark.fits(transcript.segments[mark.turn].text)
        sentence = sentences[mark.turn] if there else ""
        words = sentence[mark.start_char : mark.end_char] if current else "*" * len(mark.evidence)
        found.append(ShownMark(mark=replace(mark, evidence=words), sentence=sentence, current=current))
    return tuple(found)


def export_marks(core: Core, principal: Principal, *, raw: bool = False) -> Iterator[dict[str, Any]]:
    """Labelled calls, one for each call with marks that still fit its words; the form is tests/gold/README.md's.

    `judged` lists the turns and topics that somebody looked at: nothing is claimed about the rest of the call.
    Masked unless `raw`, which needs its own permission and is audited. Raises Forbidden.
    """
    principal.require(Permission.RULES_WRITE)
    if raw:
        principal.require(Permission.RAW_READ)
        with core.db.tenant(principal.tenant_id) as uow:
            uow.audit.add(actor=principal.key_id, action="marks.export_raw", subject="marks")
            uow.commit()
    return _export(core, principal.tenant_id, raw)


def _export(core: Core, tenant_id: str, raw: bool) -> Iterator[dict[str, Any]]:
    after = ""
    while True:
        with core.db.tenant(tenant_id, write=False) as uow:
            some = uow.marks.call_ids(after=after, limit=50)
            lines = [line for call_id in some if (line := _line(uow, call_id, raw)) is not None]
        yield from lines
        if not some:
            return
        after = some[-1]


def _line(uow: UnitOfWork, call_id: str, raw: bool) -> dict[str, Any] | None:
    transcript = uow.transcripts.get(call_id)
    if transcript is None:
        return None
    segments = transcript.segments
    marks = [m for m in uow.marks.of_call(call_id) if m.turn < len(segments) and m.fits(segments[m.turn].text)]
    if not marks:
        return None
    texts = tuple(s.text for s in segments) if raw else mask_segments(segments)
    turns: list[dict[str, Any]] = [
        {"speaker": s.speaker.value, "start": s.start, "end": s.end, "text": text, "topics": []}
        for s, text in zip(segments, texts, strict=True)
    ]
    for mark in marks:
        if mark.polarity is not None:
            evidence = texts[mark.turn][mark.start_char : mark.end_char]
            label = {"id": mark.topic, "polarity": mark.polarity.value, "evidence": evidence}
            turns[mark.turn]["topics"].append(label)
    return {
        "call_id": call_id,
        "turns": turns,
        "contact": uow.calls.get(call_id).contact,
        "judged": [[mark.turn, mark.topic] for mark in marks],
    }
