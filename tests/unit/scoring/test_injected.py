"""Invented sentences, loops, other languages and traditional script: neither mentions nor score may notice them.

Each call is scored as it is, and again with segments put in that the real guards flag. Suspect turns shift indexes; all
else must be equal.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import opencc
import pytest

from speechsvc.domain.analysis import Tagging
from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.facts import topic_facts
from speechsvc.domain.talk_rules import measure_talk
from speechsvc.domain.transcript import SpeechInterval
from speechsvc.transcription.guards import load_phrases, suspect_reasons
from speechsvc.transcription.recognise import RawSegment
from speechsvc.transcription.script import simplified
from tests.unit.followups.followups import analyser

GOLD = Path(__file__).parents[2] / "gold"
CALLS = ("D05", "D12", "D33", "D40", "W4001", "W4010", "W5001", "W5020")
INVENTED = (  # text, seconds of detected speech under it; each full of what would otherwise count
    ("請不吝點贊 訂閱 轉發 打賞支持明鏡與點點欄目，預算審批已經過了", 6.0),
    ("字幕由Amara.org社区提供，报价单和合同条款都没问题", 5.0),
    ("价格打折" * 9, 12.0),
    ("预算审批要走采购招标，我们下周三签合同上线", 0.0),
    ("I think we will sign the contract and you are going to send the price by Monday", 6.0),
    ("ご視聴ありがとうございました、価格は百万円です", 4.0),
    ("预算二十万价格打八折合同下周签上线周期一个月数据迁移系统对接都要做", 0.9),
)


@lru_cache(maxsize=1)
def gold() -> dict[str, Conversation]:
    found = {}
    for name in ("dev", "w4", "w5"):
        for line in (GOLD / f"{name}.jsonl").read_text("utf-8").splitlines():
            call = json.loads(line)
            turns = tuple(
                Turn(speaker=Speaker(t["speaker"]), start=t["start"], end=t["end"], text=t["text"])
                for t in call["turns"]
            )
            found[call["call_id"]] = Conversation(call_id=call["call_id"], turns=turns)
    return found


def flagged(text: str, seconds: float, who: Speaker, at: float) -> Turn:
    """A turn as the speech stage would store it: flagged by the real guards, in simplified script."""
    raw = RawSegment(start=at, end=at + 0.5, text=text, avg_logprob=-0.2, no_speech_prob=0.0, compression_ratio=1.0)
    (reasons,) = suspect_reasons([raw], [seconds], phrases=load_phrases())
    assert reasons, text
    return Turn(speaker=who, start=at, end=at + 0.5, text=simplified(text), suspect=reasons)


def with_invented(call: Conversation) -> tuple[Conversation, list[int]]:
    """The call with an invented turn behind each turn, of both speakers; and where the real turns are now."""
    turns: list[Turn] = []
    real = []
    for n, turn in enumerate(call.turns):
        real.append(len(turns))
        turns.append(turn)
        text, seconds = INVENTED[n % len(INVENTED)]
        turns.append(flagged(text, seconds, (Speaker.CUSTOMER, Speaker.AGENT)[n % 2], turn.end))
    return replace(call, turns=tuple(turns)), real


def judge(call: Conversation, speech: list[SpeechInterval]) -> tuple[Tagging, dict[str, Any]]:
    tagging = analyser().tag(call)
    talk = measure_talk(speech, 600.0, conversation=call)
    score, _ = analyser().score(call, tagging, talk)
    return tagging, score


def intervals(call: Conversation) -> list[SpeechInterval]:
    return [SpeechInterval(channel=0, speaker=t.speaker, start=t.start, end=t.end) for t in call.turns]


def bare(value: Any) -> Any:
    """Without indexes of turns, which invented turns shift."""
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items() if k != "turn"}
    return [bare(v) for v in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("call_id", CALLS)
def test_injected_inventions_change_nothing(call_id: str) -> None:
    call = gold()[call_id]
    dirty, real = with_invented(call)
    (clean_tags, clean_score), (tags, score) = judge(call, intervals(call)), judge(dirty, intervals(call))
    assert [replace(m, turn=real[m.turn]) for m in clean_tags.mentions] == [m for m in tags.mentions if not m.suspect]
    assert not any(m.counts for m in tags.mentions if m.suspect)
    assert bare(score) == bare(clean_score)
    assert tags.contact.outcome is clean_tags.contact.outcome
    assert (tags.next_step.agreed, tags.next_step.has_time) == (
        clean_tags.next_step.agreed,
        clean_tags.next_step.has_time,
    )
    assert topic_facts(dirty, tags.mentions) == topic_facts(call, clean_tags.mentions)


@pytest.mark.parametrize("call_id", CALLS)
def test_traditional_script_gives_the_same_mentions_and_score(call_id: str) -> None:
    """What a model writes in traditional script is converted before it is stored: the simplified call again."""
    call = gold()[call_id]
    to_traditional = opencc.OpenCC("s2t")
    written = [str(to_traditional.convert(t.text)) for t in call.turns]
    assert written != [t.text for t in call.turns]
    stored = replace(
        call, turns=tuple(replace(t, text=simplified(w)) for t, w in zip(call.turns, written, strict=True))
    )
    (clean_tags, clean_score), (tags, score) = judge(call, intervals(call)), judge(stored, intervals(call))

    def found(tagging: Tagging) -> list[tuple[Any, ...]]:
        return [(m.turn, m.topic, m.polarity, m.start_char, m.end_char, m.entry) for m in tagging.mentions]

    assert found(tags) == found(clean_tags)
    assert (score["total"], [c["points"] for c in score["components"]]) == (
        clean_score["total"],
        [c["points"] for c in clean_score["components"]],
    )
