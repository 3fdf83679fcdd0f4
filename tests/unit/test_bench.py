"""The benchmarks' machinery: what they write, and that a ratio is really ours over the peer's."""

from __future__ import annotations

import io
import json
import time
import wave
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench.__main__ import NAMES, main
from tests.bench.calls import error_rate, joined_call, plain
from tests.bench.result import Result, in_turns, versus
from tests.bench.soak import slope
from tests.bench.texts import TERM_EVERY, invented, length, terms


def run(out: Path, *names: str) -> tuple[int, str]:
    said = io.StringIO()
    status = main([*names, "--quick", "--out", str(out)], console=Console(file=said, width=200))
    return status, said.getvalue()


def test_json_and_table_of_a_real_benchmark(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "bench.json"
    status, table = run(out, "scoring")
    assert status == 0
    data = json.loads(out.read_text("utf-8"))
    assert (data["format"], data["quick"], data["failed"]) == (1, True, {})
    assert data["machine"]["cores"] >= 1
    assert data["machine"]["cpu"]
    assert data["machine"]["packages"]["jieba"]
    assert [r["case"] for r in data["results"]] == ["from inputs", "from stored snapshot", "follow-ups of three calls"]
    for result in data["results"]:
        ours = result["ours"]
        assert result["repetitions"] == len(ours["values"]) == 3
        assert 0 < ours["min"] <= ours["median"] <= ours["max"]
        assert result["peer"] is result["ratio"] is None
        assert result["case"] in table
    assert "scores/s" in table


def test_contenders_take_turns_and_ratios_are_pair_by_pair() -> None:
    order: list[str] = []

    def work(name: str, seconds: float) -> float:
        order.append(name)
        time.sleep(seconds)
        return 10.0

    series = in_turns(2, {"ours": lambda: work("a", 0.01), "slow": lambda: work("b", 0.05)})
    assert order == ["a", "b"] * 3, "one unmeasured turn, then two measured"
    (result,) = versus("x", "y", "things/s", series)
    data = result.to_dict()
    assert data["ratio_by_processor_time"] is None, "sleeping is no computing"
    assert data["peer"]["name"] == "slow"
    expected = [a / b for a, b in zip(data["ours"]["values"], data["peer"]["values"], strict=True)]
    assert data["ratio"]["min"] == min(expected)
    assert data["ratio"]["max"] == max(expected)
    assert data["ratio"]["min"] > 1


def test_processor_time_leaves_out_waiting() -> None:
    def busy(seconds: float) -> float:
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass
        return 1.0

    def idle_then_busy() -> float:
        time.sleep(0.1)
        return busy(0.05)

    series = in_turns(1, {"ours": lambda: busy(0.05), "waiting": idle_then_busy}, warm_up=False)
    (result,) = versus("x", "y", "things/s", series, computing=True)
    assert result.processor_ratios[0] == pytest.approx(1.0, abs=0.3)


def test_a_benchmark_that_breaks_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(quick: bool) -> list[Result]:
        raise FileNotFoundError("no such text")

    monkeypatch.setattr("tests.bench.scoring.run", broken)
    status, said = run(tmp_path / "bench.json", "scoring")
    assert status == 1
    assert json.loads((tmp_path / "bench.json").read_text())["failed"] == {"scoring": "FileNotFoundError: no such text"}
    assert "no such text" in said


def test_an_unknown_name_names_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["warp"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert all(name in said for name in NAMES)


def test_invented_calls_hold_a_term_in_a_hundred_characters() -> None:
    calls = invented(20_000)
    assert calls == invented(20_000)
    with_term = sum("，" not in turn.text for call in calls for turn in call.turns)  # small talk has commas
    assert length(calls) / with_term == pytest.approx(TERM_EVERY, rel=0.1)
    assert len(terms()) > 1000


def test_a_joined_call_has_its_length_and_knows_its_words(tmp_path: Path) -> None:
    call = joined_call(tmp_path / "call.wav", 60, seed=3)
    with wave.open(str(call.path)) as file:
        assert (file.getnchannels(), file.getnframes()) == (2, 60 * 8000)
    assert all(len(plain(words)) > 30 for words in call.said)
    assert joined_call(tmp_path / "again.wav", 60, seed=3).said == call.said
    assert error_rate([call], {"call.wav": call.said}) == 0.0


def test_memory_that_grows_has_a_slope() -> None:
    assert slope([100.0, 100.5, 101.0, 101.5]) == pytest.approx(0.5)
    assert slope([100.0] * 5) == pytest.approx(0.0)
