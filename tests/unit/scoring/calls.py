"""Judged conversations of tests/gold/score_cases.jsonl, and the way from labels to a score."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from speechsvc.domain.analysis import NextStep
from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.mention import MatchKind, Mention, Polarity
from speechsvc.domain.rubric import Rubric
from speechsvc.domain.score import Score, ScoreInputs
from speechsvc.domain.scoring import collect_inputs, score
from speechsvc.domain.talk_rules import measure_talk_from_turns
from speechsvc.tagging.contact import find_contact
from speechsvc.tagging.next_step_judge import NextStepJudge
from speechsvc.tagging.rubric_file import load_rubric

CASES = Path(__file__).parents[2] / "gold" / "score_cases.jsonl"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One judged conversation with its labelled mentions."""

    conversation: Conversation
    mentions: tuple[Mention, ...]
    judged: dict[str, Any]


@lru_cache(maxsize=1)
def cases() -> dict[str, Case]:
    return {c["call_id"]: _case(c) for c in map(json.loads, CASES.read_text(encoding="utf-8").splitlines())}


@lru_cache(maxsize=1)
def rubric() -> Rubric:
    return load_rubric()


@lru_cache(maxsize=1)
def _judge() -> NextStepJudge:
    return NextStepJudge()


def next_step(talk: Conversation) -> NextStep:
    """As it counts in the service."""
    return _judge().find(talk)


def inputs_of(case: Case, **given: Any) -> ScoreInputs:
    talk = case.conversation
    contact, step = find_contact(talk), next_step(talk)
    return collect_inputs(talk, case.mentions, contact, step, measure_talk_from_turns(talk), **given)


def score_of(case: Case, **given: Any) -> Score:
    return score(inputs_of(case, **given), rubric())


def said(*lines: str, gap: float = 0.4, call_id: str = "t") -> Case:
    """A case from lines like 'c|预算有二十万|budget_approval': 4.6 characters a second, labels after the second bar."""
    turns: list[dict[str, Any]] = []
    clock = 0.0
    for line in lines:
        who, text, labels = (line + "||").split("|")[:3]
        speaker = {"a": "agent", "c": "customer", "u": "unknown"}[who]
        end = clock + len(text) / 4.6
        topics = [
            {"id": x.lstrip("-"), "polarity": "negated" if x[0] == "-" else "affirmed"} for x in labels.split(",") if x
        ]
        turns.append({"speaker": speaker, "start": clock, "end": end, "text": text, "topics": topics})
        clock = end + gap
    return _case({"call_id": call_id, "turns": turns})


def joined(first: Case, second: Case) -> Case:
    """Both one after the other, as one call."""
    shift, offset = len(first.conversation.turns), first.conversation.turns[-1].end
    later = (replace(t, start=t.start + offset, end=t.end + offset) for t in second.conversation.turns)
    turns = (*first.conversation.turns, *later)
    moved = (replace(m, turn=m.turn + shift) for m in second.mentions)
    return Case(
        conversation=Conversation(call_id=first.conversation.call_id, turns=turns),
        mentions=(*first.mentions, *moved),
        judged=first.judged,
    )


def _case(data: dict[str, Any]) -> Case:
    turns, mentions = [], []
    for i, turn in enumerate(data["turns"]):
        speaker = Speaker(turn["speaker"])
        turns.append(Turn(speaker=speaker, start=turn["start"], end=turn["end"], text=turn["text"]))
        mentions += [_mention(i, turn, speaker, t) for t in turn["topics"]]
    conversation = Conversation(call_id=data["call_id"], turns=tuple(turns))
    return Case(conversation=conversation, mentions=tuple(mentions), judged=data)


def _mention(index: int, turn: dict[str, Any], speaker: Speaker, topic: dict[str, str]) -> Mention:
    return Mention(
        topic=topic["id"],
        turn=index,
        speaker=speaker,
        polarity=Polarity(topic["polarity"]),
        text=turn["text"],
        start_char=0,
        end_char=len(turn["text"]),
        start=turn["start"],
        end=turn["end"],
        entry="label",
        match=MatchKind.EXACT,
        reason="labelled by hand",
    )
