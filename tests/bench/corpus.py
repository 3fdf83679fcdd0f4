"""Stored calls by the ten thousand, 2,000 characters each, written as the service stores them.

A call strings together pieces that were tagged once: two of the labelled calls, and turns of words drawn as often as
they occur in Chinese (jieba's counts), so that syllables are as common and as rare as in real text.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import insert

from speechsvc.domain.call import Call, CallMetadata, CallStatus, Customer, Salesperson
from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.facts import topic_facts
from speechsvc.domain.mention import Mention
from speechsvc.domain.talk_rules import measure_talk_from_turns
from speechsvc.domain.transcript import Segment, Transcript
from speechsvc.ports import Analysis
from speechsvc.services.core import Core
from speechsvc.storage import codec, tables
from speechsvc.storage.call_rows import columns
from speechsvc.storage.engine import transaction
from speechsvc.storage.mention_rows import mention_row
from speechsvc.tagging.words import words
from tests.bench.texts import labelled

CHARACTERS = 2000  # of a call
NEWEST = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
SPAN_S = 28 * 86400  # over which the calls are spread
_FILLERS, _FILLER_TURNS = 3000, 8
_COMMIT = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Piece:
    turns: tuple[Turn, ...]
    mentions: tuple[Mention, ...]
    characters: int


def fill(core: Core, engine: Any, tenant_id: str, calls: int, *, seed: int = 11) -> None:
    """Writes so many analysed calls, newest last, as the tenant's present lexicon would have analysed them."""
    chance = random.Random(seed)
    analyser = core.analyser(tenant_id)
    spoken, small_talk = _pieces(analyser, chance)
    versions = analyser.versions
    body = None
    rows: dict[str, list[dict[str, Any]]] = {}
    for number in range(calls):
        conversation, mentions = _call(f"call_{seed:02d}{number:020d}", spoken, small_talk, chance)
        transcript = _transcript(conversation)
        if body is None:
            body = _analysis_body(analyser, conversation, mentions)
        facts = topic_facts(conversation, mentions)
        score = chance.randrange(30, 95)
        at = NEWEST - timedelta(seconds=SPAN_S * (1 - number / calls))
        row = {"tenant_id": tenant_id, "call_id": conversation.call_id}
        _put(rows, "calls", {
            **columns(_fields(_call_row(conversation.call_id, at, number, score, versions, facts))),
            "tenant_id": tenant_id, "id": conversation.call_id, "local_week": f"{at:%G-W%V}",
        })  # fmt: skip
        _put(rows, "transcripts", row | {"body": codec.pack_transcript(transcript)})
        _put(rows, "analyses", row | {"revision": 1, "speech_s": 300.0, "unknown_s": 0.0, "body": body})
        for mention in mentions:
            _put(rows, "mentions", mention_row(tenant_id, conversation.call_id, mention))
        for f in facts:
            _put(rows, "facts", row | {
                "topic": f.topic, "speaker": f.speaker, "mentions": f.mentions, "seconds": f.seconds
            })  # fmt: skip
        if number % _COMMIT == _COMMIT - 1 or number == calls - 1:
            _write(engine, rows)
            rows = {}


def _put(rows: dict[str, list[dict[str, Any]]], table: str, row: dict[str, Any]) -> None:
    rows.setdefault(table, []).append(row)


def _write(engine: Any, rows: dict[str, list[dict[str, Any]]]) -> None:
    with transaction(engine, write=True) as connection:
        for name in ("calls", "transcripts", "analyses", "mentions", "facts"):
            if rows.get(name):
                connection.execute(insert(getattr(tables, name)), rows[name])


def _pieces(analyser: Any, chance: random.Random) -> tuple[list[_Piece], list[_Piece]]:
    """Labelled calls, and turns of everyday words."""
    gold = {c.turns: c for c in labelled(40_000)}
    spoken = [_tagged(analyser, c.turns) for c in gold.values()]
    known = [(word, words().frequency(word)) for word in words().tokenizer.FREQ if words().frequency(word) > 5]
    vocabulary = [word for word, _ in known]
    weights = list(accumulate(count for _, count in known))
    fillers = [_tagged(analyser, tuple(_filler(vocabulary, weights, chance))) for _ in range(_FILLERS)]
    return spoken, fillers


def _filler(vocabulary: list[str], weights: list[int], chance: random.Random) -> Iterator[Turn]:
    for number in range(_FILLER_TURNS):
        text = "".join(chance.choices(vocabulary, cum_weights=weights, k=14))
        speaker = (Speaker.AGENT, Speaker.CUSTOMER)[number % 2]
        yield Turn(speaker=speaker, start=number * 6.0, end=number * 6.0 + 5, text=text)


def _tagged(analyser: Any, turns: tuple[Turn, ...]) -> _Piece:
    # a neutral turn at the end keeps each piece apart from what follows
    turns = (*turns, Turn(speaker=Speaker.AGENT, start=0, end=1, text="嗯您说"))
    mentions = analyser.tag(Conversation(call_id="piece", turns=turns)).mentions
    return _Piece(turns=turns, mentions=mentions, characters=sum(len(t.text) for t in turns))


def _call(
    call_id: str, spoken: list[_Piece], small_talk: list[_Piece], chance: random.Random
) -> tuple[Conversation, tuple[Mention, ...]]:
    pieces = chance.sample(spoken, 2)
    while sum(p.characters for p in pieces) < CHARACTERS:
        pieces.append(chance.choice(small_talk))
    chance.shuffle(pieces)
    turns: list[Turn] = []
    mentions: list[Mention] = []
    for piece in pieces:
        first, at = len(turns), len(turns) * 6.0
        turns += [replace(t, start=at + n * 6.0, end=at + n * 6.0 + 5.0) for n, t in enumerate(piece.turns)]
        mentions += [replace(m, turn=m.turn + first) for m in piece.mentions]
    return Conversation(call_id=call_id, turns=tuple(turns)), tuple(mentions)


def _transcript(conversation: Conversation) -> Transcript:
    segments = tuple(
        Segment(speaker=t.speaker, channel=int(t.speaker is Speaker.CUSTOMER), start=t.start, end=t.end, text=t.text)
        for t in conversation.turns
    )
    end = conversation.turns[-1].end
    return Transcript(segments=segments, speech=(), duration=end, language="zh", model={"name": "bench"})


def _analysis_body(analyser: Any, conversation: Conversation, mentions: Sequence[Mention]) -> bytes:
    tagging = replace(analyser.tag(conversation), mentions=tuple(mentions))
    talk = measure_talk_from_turns(conversation)
    score, snapshot = analyser.score(conversation, tagging, talk)
    return codec.pack_analysis(
        Analysis(tagging=tagging, talk=talk, score=score, snapshot=snapshot, versions=analyser.versions, facts=())
    )


def _call_row(call_id: str, at: datetime, number: int, score: int, versions: Any, facts: Any) -> Call:
    metadata = CallMetadata(
        external_id=f"bench-{number}",
        started_at=at,
        salesperson=Salesperson(id=f"s-{number % 60}", name="王芳", team=f"team-{number % 6}"),
        customer=Customer(id=f"c-{number % 3000}", name=f"客户{number % 3000}", industry="制造", region="上海"),
    )
    return Call(
        id=call_id,
        metadata=metadata,
        status=CallStatus.DONE,
        progress=1.0,
        received_at=at,
        finished_at=at,
        duration=300.0,
        contact="effective",
        score=score,
        topics=tuple(sorted({f.topic for f in facts})),
        versions={
            "lexicon": versions.lexicon,
            "rubric": versions.rubric,
            "engine": versions.engine,
            "transcript": "bench",
        },
        analysis_revision=1,
    )


def _fields(call: Call) -> dict[str, Any]:
    return {name: getattr(call, name) for name in Call.__slots__ if name != "id"}
