"""Links to a mention survive a new analysis."""

from __future__ import annotations

from dataclasses import replace

import pytest

from speechsvc.storage.mention_rows import mention_id
from tests.unit.storage.builders import make_mention


def test_the_same_place_and_entry_keep_their_id_whatever_else_changes() -> None:
    mention = make_mention()
    changed = replace(mention, reason="other words", end_char=9, start=0.1)
    assert mention_id("call_1", mention) == mention_id("call_1", changed)


@pytest.mark.parametrize("change", [{"turn": 2}, {"topic": "x"}, {"start_char": 3}, {"entry": "x"}])
def test_another_place_or_entry_has_another_id(change: dict[str, object]) -> None:
    mention = make_mention()
    assert mention_id("call_1", mention) != mention_id("call_1", replace(mention, **change))  # type: ignore[arg-type]


def test_another_call_has_another_id() -> None:
    assert mention_id("call_1", make_mention()) != mention_id("call_2", make_mention())
