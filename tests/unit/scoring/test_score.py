"""Arithmetic, re-weighting, gates and the shape people and programs read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from speechsvc.domain.rubric import Rubric
from speechsvc.domain.score import ScoreInputs
from speechsvc.domain.score_parts import read_curve
from speechsvc.domain.scoring import join_inputs, recompute, score
from tests.unit.scoring.calls import cases, inputs_of, rubric, said, score_of

GOOD = "G11-good-long"


def test_components_sum_to_the_total_and_their_maxima_to_100() -> None:
    for case in cases().values():
        for given in ({}, {"documents": ["a"]}, {"minutes_topics": []}, {"documents": [], "minutes_topics": ["x"]}):
            result = score_of(case, **given)
            assert sum(c.max_points for c in result.components) == 100
            assert sum(c.points for c in result.components) == result.before_gates
            assert result.total == min([result.before_gates, *(g.cap for g in result.gates)])
            assert all(0 <= c.points <= c.max_points for c in result.components)


def test_sources_not_given_are_left_out_visibly_and_sources_given_count() -> None:
    without = score_of(cases()[GOOD])
    assert {x.id: x.points for x in without.left_out} == {"documents": 5, "minutes": 5}
    assert all(x.reason_zh and x.reason_en for x in without.left_out)
    empty = score_of(cases()[GOOD], documents=[], minutes_topics=[])
    assert empty.left_out == ()
    assert empty.total < without.total
    full = score_of(
        cases()[GOOD], documents=["a", "b"], minutes_topics=["budget_approval", "decision_chain", "trial_poc"]
    )
    assert full.total > empty.total


def test_text_without_times_is_not_punished_for_it() -> None:
    case = cases()[GOOD]
    turns = tuple(replace(t, start=0.0, end=0.0) for t in case.conversation.turns)
    result = score_of(replace(case, conversation=replace(case.conversation, turns=turns)))
    assert "talk_time" in {x.id for x in result.left_out}
    assert result.total >= 75


@pytest.mark.parametrize(
    ("amount", "thousandths"), [(-1, 0), (0, 0), (1, 166), (2, 333), (3, 500), (6, 1000), (99, 1000)]
)
def test_curve_is_read_in_whole_thousandths_rounded_down(amount: int, thousandths: int) -> None:
    assert read_curve(((0, 0), (3, 50), (6, 100)), amount) == thousandths


def test_raising_and_answering_both_count_raising_more() -> None:
    def topics(answer: str) -> int:
        result = score_of(said("a|今年预算有多少|budget_approval", answer))
        return next(c.inputs["weighted"] for c in result.components if c.id == "breadth")

    assert topics("c|预算有二十万|budget_approval") == 6
    assert topics("c|大概二十来万吧要看总部怎么给") == 3
    assert topics("c|嗯嗯") == 0
    assert topics("c|这个再说吧现在不着急你先别问了") == 0


def test_stalled_needs_several_put_offs_and_no_next_step() -> None:
    replies = ("价格再看看吧", "这个真的不着急", "到时候再说吧")
    lines = [x for r in replies for x in ("a|那价格呢|pricing_discount", f"c|{r}|pricing_discount")]
    held = score_of(said("a|您好", "c|你说", *lines))
    assert "stalled" in [g.id for g in held.gates]
    assert len(next(g for g in held.gates if g.id == "stalled").evidence) == 3
    agreed = score_of(said("a|您好", "c|你说", *lines, "a|那我下周一上午过来演示行吗", "c|行你来吧"))
    assert "stalled" not in [g.id for g in agreed.gates]


def test_follow_up_of_two_calls_takes_the_best_of_both() -> None:
    voicemail, talk = inputs_of(cases()["G01-voicemail"]), inputs_of(cases()[GOOD])
    both = score(join_inputs([voicemail, talk]), rubric())
    assert both.total == score(talk, rubric()).total
    assert both.gates == ()


def test_follow_up_without_any_call_counts_nothing() -> None:
    result = score(ScoreInputs(calls=(), documents=("a", "b")), rubric())
    assert (result.total, result.counts_toward_performance) == (0, False)


def test_every_point_names_its_evidence() -> None:
    result = score_of(cases()[GOOD])
    for component in result.components:
        assert component.reason_zh
        assert component.reason_en
        if component.id not in ("talk_time",):
            assert component.evidence
        for fact in component.evidence:
            turn = cases()[GOOD].conversation.turns[fact.turn or 0]
            assert fact.text == turn.text
            assert fact.start_ms == round(turn.start * 1000)


def test_shape_of_the_public_dictionary() -> None:
    data = score_of(cases()["G09-recital"]).to_dict()
    assert set(data) >= {"total", "counts_toward_performance", "components", "gates", "left_out"}
    wanted = {"id", "name", "points", "max_points", "reason", "reason_zh", "evidence"}
    assert all(set(c) >= wanted for c in data["components"])
    assert all(set(g) >= {"id", "name", "cap", "reason", "reason_zh", "evidence"} for g in data["gates"])
    assert all(set(x) >= {"id", "name", "points", "reason", "reason_zh"} for x in data["left_out"])


def test_snapshot_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format"):
        recompute({"format": 99, "calls": []}, rubric())


def test_rubric_decides() -> None:
    data = rubric().to_dict()
    data["pass_line"] = 99
    strict = Rubric.from_dict(data)
    assert not score(inputs_of(cases()[GOOD]), strict).counts_toward_performance
    assert strict.label != rubric().label
