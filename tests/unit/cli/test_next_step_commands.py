"""Training the next step's model, and the switch that leaves it out, from a terminal."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.test_commands import refused, speechsvc


def test_training_the_next_step_writes_a_file_and_says_what_it_is_worth(tmp_path: Path) -> None:
    gold = Path(__file__).parents[2] / "gold"
    made = tmp_path / "model.json"
    files = [str(gold / "w4.jsonl"), str(gold / "w1.jsonl")]
    done = speechsvc(tmp_path, "lexicon", "train-next-step", *files, "--out", str(made), "--json")
    told = json.loads(done.stdout)
    assert told["calls"] == 96
    assert told["cross_validated"]["whole calls"]["without_next_step"] == 24
    assert json.loads(made.read_text(encoding="utf-8"))["format"] == "speechsvc-next-step-1"
    few = speechsvc(tmp_path, "lexicon", "train-next-step", files[0], "--out", str(tmp_path / "none.json"))
    assert "至少需要 20 通" in refused(few, "too_few_next_steps")
    assert not (tmp_path / "none.json").exists()


def test_tag_without_learned_leaves_the_next_step_to_the_phrases(tmp_path: Path) -> None:
    calls = [json.loads(line) for line in (Path(__file__).parents[2] / "gold" / "w1.jsonl").open(encoding="utf-8")]
    file = tmp_path / "calls.jsonl"
    file.write_text("\n".join(json.dumps(call) for call in calls), encoding="utf-8")
    agreed = {}
    for switch in ([], ["--no-learned"]):
        lines = speechsvc(tmp_path, "tag", str(file), *switch).stdout.splitlines()
        results = [json.loads(line) for line in lines]
        parts = [next(p for p in r["score"]["components"] if p["id"] == "next_step") for r in results]
        agreed[bool(switch)] = [p["inputs"]["agreed"] for p in parts]
        assert ("-nextoff-" in results[0]["versions"]["engine"]) == bool(switch)
    assert agreed[True] != agreed[False]
    assert sum(a != b for a, b in zip(agreed[True], agreed[False], strict=True)) < len(calls) / 4
