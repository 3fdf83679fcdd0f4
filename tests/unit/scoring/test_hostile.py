"""Nothing a recogniser or a caller writes makes scoring fail, run away or leave 0 to 100."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.scoring import collect_inputs, recompute, score
from speechsvc.domain.talk_rules import measure_talk_from_turns
from speechsvc.tagging.contact import find_contact
from speechsvc.tagging.next_step import find_next_step
from tests.unit.scoring.calls import rubric

_TEXT = st.text(alphabet="好的嗯对是行我你周一二三点发给来说打不用了İﬁ①㎡ 123abc,。？!\n😀𠮷", max_size=30)
_TURN = st.builds(
    Turn,
    speaker=st.sampled_from(Speaker),
    start=st.floats(-5, 100),
    end=st.floats(-5, 100),
    text=_TEXT,
    suspect=st.sampled_from([(), ("loop",)]),
)


def total(turns: list[Turn]) -> int:
    talk = Conversation(call_id="t", turns=tuple(turns))
    inputs = collect_inputs(talk, [], find_contact(talk), find_next_step(talk), measure_talk_from_turns(talk))
    result = score(inputs, rubric())
    assert recompute(json.loads(json.dumps(inputs.to_dict())), rubric()) == result
    return result.total


@given(st.lists(_TURN, max_size=10))
@settings(max_examples=60, deadline=None)
def test_any_turns_score_between_0_and_100_and_recompute(turns: list[Turn]) -> None:
    assert 0 <= total(turns) <= 100


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["好的", "一二三四五", "你", "我去发给你", "您拨打的", "1", "下周", "我下周", "周", "a1", "不用了"]
)
def test_a_recogniser_that_repeats_itself_does_not_run_away(piece: str) -> None:
    text = "我" + piece * (20_000 // len(piece)) + "X"
    turns = [Turn(speaker=s, start=0, end=9, text=text) for s in (Speaker.AGENT, Speaker.CUSTOMER)]
    assert total(turns) < 60
