"""Rubric files: the default one is sound; a wrong one says where and how to cure it."""

from __future__ import annotations

from pathlib import Path

import pytest

from speechsvc.domain.rubric import InvalidRubric, Rubric
from speechsvc.resources import bundled
from speechsvc.tagging.rubric_file import load_rubric, parse_rubric

DEFAULT = (bundled("lexicons") / "rubric.yaml").read_text(encoding="utf-8")


def test_default_rubric_round_trips() -> None:
    rubric = load_rubric()
    assert sum(c.points for c in rubric.components) == 100
    assert rubric.pass_line == 60
    assert Rubric.from_dict(rubric.to_dict()) == rubric
    assert rubric.label.startswith("default-2+")


@pytest.mark.parametrize(
    ("old", "new", "where", "cure"),
    [
        ("points: 8", "points: 10", "sum to 102", "Take away 2 points"),
        ("points: 8", "points: 6", "sum to 98", "Add 2 points"),
        ("points: 8", "points: 9.5", "components[engagement].points", "whole numbers"),
        ("points: 8", "points: -1", "components[engagement].points", "0 or more"),
        ("id: talk_time", "id: talk_tme", "components[talk_tme].id", "Use one of"),
        ("id: depth", "id: breadth", "stands twice", "Keep one"),
        ("cap: 58, ", "cap: 70, ", "gate stalled: cap is 70", "0 to 59"),
        ("put_offs_from: 3", "put_offs: 3", "lack put_offs_from", "default rubric"),
        ("[0, 0], [1, 70], [2, 100]", "[0, 0], [2, 70], [1, 100]", "curve count", "growing"),
        ("word_share_weight: 35", "word_share_weight: 30", "sum to 95", "sum to 100"),
        ("pass_line: 60", "passline: 60", "the file", "Remove it"),
        ("version: 2", "version: [2", "line", "indentation"),
        ("version: 2", "version: *one", "aliases", "Write the values out"),
        ("owner_percent: 18", "owner_percent: 28", "sum to 110", "agreed_percent, owner_percent, time_percent"),
    ],
)
def test_wrong_rubric_names_the_place_and_the_cure(old: str, new: str, where: str, cure: str) -> None:
    assert old in DEFAULT
    with pytest.raises(InvalidRubric) as caught:
        parse_rubric(DEFAULT.replace(old, new, 1))
    assert where in caught.value.message()
    assert cure in caught.value.next_step()
    assert caught.value.message("zh").startswith("评分规则无法使用：")
    assert "{" not in caught.value.message("zh") + caught.value.next_step("zh")


def test_dropping_a_component_is_allowed_when_points_still_sum() -> None:
    text = DEFAULT.replace("points: 5", "points: 0", 1).replace("points: 21", "points: 26", 1)
    assert {c.id: c.points for c in parse_rubric(text).components}["breadth"] == 26


def test_missing_file_and_not_text(tmp_path: Path) -> None:
    with pytest.raises(InvalidRubric, match="cannot be read"):
        load_rubric(tmp_path / "none.yaml")
    (tmp_path / "gbk.yaml").write_bytes("名称: 评分".encode("gbk"))
    with pytest.raises(InvalidRubric, match="UTF-8"):
        load_rubric(tmp_path / "gbk.yaml")
    with pytest.raises(InvalidRubric):
        parse_rubric("- just\n- a list\n")
