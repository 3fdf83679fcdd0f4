"""Scores that earlier releases froze recompute for ever, to the last reason. Files are added, never changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from speechsvc.domain.followup_score import Frozen, SnapshotUnknown, recompute_frozen, redact
from tests.unit.followups.followups import call, followup
from tests.unit.followups.test_gaming import GOOD

FILES = sorted((Path(__file__).parent / "frozen_scores").glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_frozen_scores_recompute(file: Path) -> None:
    frozen = json.loads(file.read_text(encoding="utf-8"))
    again = json.loads(json.dumps(recompute_frozen(frozen["snapshot"]).to_dict()))
    assert again == {k: frozen["score"][k] for k in again}


def test_there_are_frozen_scores() -> None:
    assert len(FILES) >= 8


def test_a_score_made_now_recomputes_from_stored_json() -> None:
    made = followup(call("c", *GOOD))
    stored = Frozen(**json.loads(json.dumps({"score": made.score, "snapshot": made.snapshot})))
    again = recompute_frozen(stored.snapshot).to_dict()
    assert json.loads(json.dumps(again)) == {k: stored.score[k] for k in again}


def test_without_the_words_of_an_erased_call_it_recomputes_to_the_same_total() -> None:
    made = followup(call("c", *GOOD))
    bare = redact(made.snapshot, "c")
    assert "预算" not in json.dumps(bare["inputs"], ensure_ascii=False)
    assert recompute_frozen(bare).total == made.total


def test_an_unknown_release_is_said() -> None:
    made = followup(call("c", *GOOD))
    with pytest.raises(SnapshotUnknown):
        recompute_frozen({**made.snapshot, "scoring": "999"})
