"""`speechsvc tag`: every line answered, in order, whatever it holds."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from speechsvc.cli.main import app
from speechsvc.cli.tag import parse
from speechsvc.errors import InvalidInput


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command sends the logs to its own standard error, which the runner closes."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


GOOD = '{"call_id": "%s", "turns": [{"speaker": "customer", "text": "你们价格能便宜点吗", "start": 0, "end": 3}]}'


def test_lines_come_back_in_order_and_bad_ones_in_their_place(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text("\n".join([GOOD % "a", "no json", "", "[1]", GOOD % "b"]) + "\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["tag", str(file)])
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [a.get("call_id") or a["line"] for a in answers] == ["a", 2, 4, "b"]
    assert [m["topic"] for m in answers[0]["turns"][0]["mentions"]] == ["pricing_discount"]
    assert {a["error"]["code"] for a in answers if "error" in a} == {"invalid_input"}
    assert result.exit_code == 1


@pytest.mark.parametrize(
    "turn",
    [
        {"text": 1},
        "text",
        {"text": "预算", "speaker": "bob"},
        {"text": "预算", "speaker": []},
        {"text": "预算", "start": "NaN"},
        {"text": "预算", "end": "Infinity"},
        {"text": "预算", "start": -1},
        {"text": "预算", "end": 1e300},
        {"text": "\ud800预算"},
    ],
)
def test_a_turn_that_no_call_can_have_is_refused_with_its_place(turn: object) -> None:
    with pytest.raises(InvalidInput, match=r"turns\[1\]"):
        parse(json.dumps({"turns": [{"text": "好"}, turn]}))


def test_a_file_that_is_not_there() -> None:
    result = CliRunner().invoke(app, ["tag", "nowhere.jsonl"])
    assert getattr(result.exception, "code", "") == "file_missing"
