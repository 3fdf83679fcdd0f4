"""Follow-ups for tests without a database: whole calls through the real tagger, contact and next-step rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.followup import Item, ItemKind
from speechsvc.domain.followup_score import Frozen, JudgedCall, fingerprint_of, judge
from speechsvc.domain.rubric import Rubric
from speechsvc.domain.talk_rules import measure_talk_from_turns
from speechsvc.resources import bundled
from speechsvc.tagging.analyser import LexiconAnalyser
from speechsvc.tagging.lexicon_file import load_lexicon
from speechsvc.tagging.rubric_file import load_rubric
from tests.unit.scoring.calls import said

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@lru_cache(maxsize=1)
def rubric() -> Rubric:
    return load_rubric()


@lru_cache(maxsize=1)
def analyser() -> LexiconAnalyser:
    return LexiconAnalyser(load_lexicon(bundled("lexicons") / "default"), rubric(), learned=False)


def call(
    id_: str, *lines: str, gap: float = 0.4, minute: int = 0, kind: ItemKind = ItemKind.CALL, **more: Any
) -> JudgedCall:
    """Lines like 'c|预算有二十万'; what is a topic there is for the tagger to find."""
    return judged(said(*lines, gap=gap, call_id=id_).conversation, minute=minute, kind=kind, **more)


def judged(
    conversation: Conversation,
    *,
    minute: int = 0,
    kind: ItemKind = ItemKind.CALL,
    sha256: str | None = None,
    person: str = "s-1",
) -> JudgedCall:
    tagging = analyser().tag(conversation)
    score, snapshot = analyser().score(conversation, tagging, measure_talk_from_turns(conversation))
    at = START + timedelta(minutes=minute)
    item = Item(
        id=conversation.call_id,
        kind=kind,
        at=at,
        received_at=at,
        sha256=sha256,
        fingerprint=fingerprint_of(snapshot, kind),
    )
    return JudgedCall(
        item=item,
        salesperson_id=person,
        started_at=at,
        duration_s=max(t.end for t in conversation.turns),
        spoken=kind is ItemKind.CALL,
        total=score["total"],
        snapshot=snapshot,
        topics=tuple(sorted({m.topic for m in tagging.mentions if m.counts})),
        versions={"lexicon": "test", "engine": "test", "transcript": "test"},
    )


def document(number: int, sha256: str) -> Item:
    at = START + timedelta(minutes=number)
    return Item(id=f"doc_{number}", kind=ItemKind.DOCUMENT, at=at, received_at=at, name="x.pdf", sha256=sha256)


def followup(
    *calls: JudgedCall, documents: tuple[Item, ...] | None = None, minutes: tuple[JudgedCall, ...] | None = None
) -> Frozen:
    return judge(
        calls,
        documents or (),
        minutes or (),
        rubric(),
        documents_fed=documents is not None,
        minutes_fed=minutes is not None,
    )
