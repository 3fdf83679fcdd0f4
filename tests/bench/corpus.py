"""Stored calls by the ten thousand, 2,000 characters each, written as the service stores them.

A call strings together pieces: turns in a row out of the labelled calls, as dense with topics as those are (some 80
mentions a call), with turns between them that name nothing. Calls of different words are tagged one by one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from speechsvc.domain.analysis import Tagging
from speechsvc.domain.call import Call, CallMetadata, CallStatus, Customer, Salesperson
from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.facts import TopicFact, topic_facts
from speechsvc.domain.mention import Mention
from speechsvc.domain.talk_rules import measure_talk_from_turns
from speechsvc.domain.transcript import Segment, Transcript
from speechsvc.ports import Analysis
from speechsvc.services.core import Core
from speechsvc.storage import codec, tables
from speechsvc.storage.call_rows import columns
from speechsvc.storage.engine import transaction
from speechsvc.storage.mention_rows import mention_row
from tests.bench.texts import labelled_calls

CHARACTERS = 2000  # of a call
NEWEST = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
SPAN_S = 28 * 86400  # over which the calls are spread
DISTINCT = 4000  # calls of different words
PIECES, _PIECE_TURNS = 1500, 16
_TURN_S = 6.0
_NEUTRAL = tuple(
    Turn(speaker=(Speaker.AGENT, Speaker.CUSTOMER)[n % 2], start=0.0, end=5.0, text="嗯您说") for n in range(10)
)
_COMMIT = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    turns: tuple[Turn, ...]
    characters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """A call as it is stored, but for its id, time and parties."""

    transcript: bytes
    body: bytes  # of the analysis
    score: int
    mentions: tuple[Mention, ...]
    trace: bytes | None
    facts: tuple[TopicFact, ...]


def fill(core: Core, engine: Any, tenant_id: str, calls: int, *, seed: int = 11, distinct: int = DISTINCT) -> None:
    """Writes so many analysed calls, newest last, as the tenant's present lexicon would have analysed them.

    So many as `distinct` differ in their words; beyond, the same words come again in other calls.
    """
    chance = random.Random(seed)
    analyser = core.analyser(tenant_id)
    distinct = min(calls, distinct)
    made = _made(analyser, make_pieces(chance, min(PIECES, 30 + distinct)), distinct, chance)
    rows: dict[str, list[dict[str, Any]]] = {}
    for number in range(calls):
        _rows_of(made[number % distinct], tenant_id, f"call_{seed:02d}{number:020d}", number, calls, analyser, rows)
        if number % _COMMIT == _COMMIT - 1 or number == calls - 1:
            _write(engine, rows)
            rows = {}


def _made(analyser: Any, pieces: Sequence[Piece], number: int, chance: random.Random) -> list[_Made]:
    common: Tagging | None = None  # contact and next step of one call, for all
    made = []
    for n in range(number):
        conversation = make_call(f"made-{n}", pieces, chance)
        tagging = analyser.tag(conversation)
        common = common or tagging
        analysis = _analysis(analyser, conversation, replace(common, mentions=tagging.mentions, trace=tagging.trace))
        made.append(
            _Made(
                transcript=codec.pack_transcript(_transcript(conversation)),
                body=codec.pack_analysis(analysis),
                score=analysis.score["total"],
                mentions=tagging.mentions,
                trace=tagging.trace,
                facts=analysis.facts,
            )
        )
    return made


def _rows_of(
    made: _Made, tenant_id: str, call_id: str, number: int, calls: int, analyser: Any, rows: dict[str, Any]
) -> None:
    at = NEWEST - timedelta(seconds=SPAN_S * (1 - number / calls))
    row = {"tenant_id": tenant_id, "call_id": call_id}
    _put(rows, "calls", {
        **columns(_fields(_call_row(call_id, at, number, made.score, analyser.versions, made.facts))),
        "tenant_id": tenant_id, "id": call_id, "local_week": f"{at:%G-W%V}",
    })  # fmt: skip
    _put(rows, "transcripts", row | {"body": made.transcript})
    _put(rows, "analyses", row | {"revision": 1, "speech_s": 300.0, "unknown_s": 0.0, "body": made.body})
    if made.trace is not None:
        _put(rows, "traces", row | {"body": made.trace})
    for mention in made.mentions:
        _put(rows, "mentions", mention_row(tenant_id, call_id, mention))
    for f in made.facts:
        _put(rows, "facts", row | {
            "topic": f.topic, "speaker": f.speaker, "mentions": f.mentions, "seconds": f.seconds
        })  # fmt: skip


def _put(rows: dict[str, list[dict[str, Any]]], table: str, row: dict[str, Any]) -> None:
    rows.setdefault(table, []).append(row)


def _write(engine: Any, rows: dict[str, list[dict[str, Any]]]) -> None:
    with transaction(engine, write=True) as connection:
        for name in ("calls", "transcripts", "analyses", "traces", "mentions", "facts"):
            if rows.get(name):
                connection.execute(insert(getattr(tables, name)), rows[name])


def make_pieces(chance: random.Random, number: int = PIECES) -> list[Piece]:
    """Turns in a row out of the labelled calls, and behind them turns that name nothing."""
    spoken = labelled_calls()
    return [_piece(chance.choice(spoken).turns, chance) for _ in range(number)]


def _piece(turns: tuple[Turn, ...], chance: random.Random) -> Piece:
    first = chance.randrange(max(1, len(turns) - _PIECE_TURNS + 1))
    said = turns[first : first + _PIECE_TURNS]
    return Piece(turns=said + _NEUTRAL, characters=sum(len(t.text) for t in said))


def make_call(call_id: str, pieces: Sequence[Piece], chance: random.Random) -> Conversation:
    """A call of about CHARACTERS."""
    turns = list(_NEUTRAL)
    characters = 0
    while characters < CHARACTERS:
        piece = chance.choice(pieces)
        turns += piece.turns
        characters += piece.characters
    return Conversation(call_id=call_id, turns=tuple(_at(turn, n) for n, turn in enumerate(turns)))


def _at(turn: Turn, number: int) -> Turn:
    return replace(turn, start=number * _TURN_S, end=number * _TURN_S + 5.0)


def _transcript(conversation: Conversation) -> Transcript:
    segments = tuple(
        Segment(speaker=t.speaker, channel=int(t.speaker is Speaker.CUSTOMER), start=t.start, end=t.end, text=t.text)
        for t in conversation.turns
    )
    end = conversation.turns[-1].end
    return Transcript(segments=segments, speech=(), duration=end, language="zh", model={"name": "bench"})


def _analysis(analyser: Any, conversation: Conversation, tagging: Tagging) -> Analysis:
    talk = measure_talk_from_turns(conversation)
    score, snapshot = analyser.score(conversation, tagging, talk)
    facts = topic_facts(conversation, tagging.mentions)
    return Analysis(tagging=tagging, talk=talk, score=score, snapshot=snapshot, versions=analyser.versions, facts=facts)


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
