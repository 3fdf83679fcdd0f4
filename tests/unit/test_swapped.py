"""Sides that were named the wrong way round are noticed; sides that were not, never."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from speechsvc.domain.call import Direction
from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.domain.swapped import maybe_swapped

GOLD = Path(__file__).parents[1] / "gold"
OTHER = {Speaker.AGENT: Speaker.CUSTOMER, Speaker.CUSTOMER: Speaker.AGENT, Speaker.UNKNOWN: Speaker.UNKNOWN}


def calls(name: str) -> list[list[Turn]]:
    """Written calls of six turns and more."""
    lines = [json.loads(line) for line in (GOLD / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [
        [Turn(speaker=Speaker(t["speaker"]), start=t["start"], end=t["end"], text=t["text"]) for t in line["turns"]]
        for line in lines
        if len(line["turns"]) >= 6
    ]


def exchanged(turns: list[Turn]) -> list[Turn]:
    return [replace(turn, speaker=OTHER[turn.speaker]) for turn in turns]


@pytest.mark.parametrize("name", ["held_everyday", "held_hard", "dev", "w4"])
def test_written_calls(name: str) -> None:
    found = calls(name)
    assert len(found) > 40
    assert not [turns for turns in found if maybe_swapped(turns)]
    assert sum(maybe_swapped(exchanged(turns)) for turns in found) > 0.75 * len(found)


def test_suspect_and_unknown_words_say_nothing() -> None:
    turns = exchanged(calls("held_everyday")[0])
    assert maybe_swapped(turns)
    assert not maybe_swapped([replace(turn, suspect=("crosstalk",)) for turn in turns])
    assert not maybe_swapped([replace(turn, speaker=Speaker.UNKNOWN) for turn in turns])
    assert not maybe_swapped([])


def test_a_few_words_are_no_evidence() -> None:
    assert not maybe_swapped([replace(t, text=t.text[:10]) for t in exchanged(calls("held_everyday")[0])[:4]])


def test_the_hello_of_the_called_side_counts() -> None:
    turns = exchanged(calls("held_everyday")[0])
    hello = Turn(speaker=Speaker.AGENT, start=0, end=1, text="喂，你好")
    assert maybe_swapped([hello, *turns], Direction.OUTBOUND), "the customer is called and answers"
