"""Substance: what one customer turn says, not how many there are."""

from __future__ import annotations

from speechsvc.domain.rubric import RubricComponent
from speechsvc.domain.score import ScoreInputs
from speechsvc.domain.score_parts import measure
from speechsvc.tagging.rubric_file import load_rubric
from tests.unit.scoring.calls import inputs_of, said

RUBRIC = load_rubric()
GOOD = ["a|预算这块今年批了多少？", "c|今年批了一百二十万，分管局长下周三签字，剩下三十万走明年。", "a|那上线时间呢？"]
MORE = ["c|九月一号之前必须上线，省里要来查，我们科六个人都等着用。"]


def _substance(*lines: str) -> tuple[int, dict[str, int]]:
    found = measure(_component(), inputs_of(said(*lines)), RUBRIC)
    return found.thousandths, dict(found.inputs)


def _component() -> RubricComponent:
    return next(c for c in RUBRIC.components if c.id == "substance")


def test_turns_full_of_figures_and_names_score_high() -> None:
    points, counted = _substance(*(GOOD + MORE) * 4)
    assert counted["specific_percent"] == 100 * 2 // 6  # the same words again are an echo and count once
    assert points > 200


def test_small_talk_added_does_not_raise_it() -> None:
    lines = (
        GOOD + MORE + GOOD[:1] + ["c|二十五号招标，三家比价，标书要五份。", "a|明白。", "c|付款三六一，验收后付六成。"]
    )
    talk = [x for i in range(8) for x in (f"a|今天天气不错啊{'啊' * i}", f"c|是啊热得{'很' * (i + 1)}")]
    assert _substance(*lines, *talk)[0] <= _substance(*lines)[0]


def test_one_good_sentence_is_no_conversation() -> None:
    assert _substance(*GOOD[:2])[0] < 300


def test_snapshots_of_earlier_releases_read_as_before() -> None:
    inputs = inputs_of(said(*GOOD, *MORE))
    old = inputs.to_dict()
    for call in old["calls"]:
        del call["customer_turns"], call["specific_turns"]
    assert ScoreInputs.from_dict(old).calls[0].customer_turns == 0
    assert ScoreInputs.from_dict(inputs.to_dict()) == inputs
