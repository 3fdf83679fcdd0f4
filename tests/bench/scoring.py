"""Scores a second from prepared inputs. No peer: we know no other scorer of follow-ups to stand beside."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from speechsvc.domain.rubric import Rubric
from speechsvc.domain.score import Score
from speechsvc.domain.scoring import recompute, score
from tests.bench.result import Result, Work, in_turns, versus
from tests.unit.followups.followups import followup, judged
from tests.unit.scoring.calls import cases, inputs_of, rubric

T = TypeVar("T")


def run(quick: bool) -> list[Result]:
    """A score from its inputs, and again from the stored snapshot (JSON text), as an audit does it."""
    rounds, repetitions = (5, 3) if quick else (40, 7)
    inputs = [inputs_of(case) for case in cases().values()]
    stored = [json.dumps(one.to_dict(), ensure_ascii=False) for one in inputs]
    details = {"calls": len(inputs), "scores a repetition": rounds * len(inputs)}
    fresh = in_turns(repetitions, {"ours": _work(inputs, score, rounds)})
    again = in_turns(repetitions, {"ours": _work(stored, _from_snapshot, rounds)})
    joined = in_turns(repetitions, {"ours": _followups(rounds)})
    return [
        *versus("scoring", "from inputs", "scores/s", fresh, details),
        *versus("scoring", "from stored snapshot", "scores/s", again, details),
        *versus("scoring", "follow-ups of three calls", "scores/s", joined, details),
    ]


def _from_snapshot(text: str, rules: Rubric) -> Score:
    return recompute(json.loads(text), rules)


def _followups(rounds: int) -> Work:
    """Duplicates, joining, score and frozen snapshot, as each analysed call makes them."""
    talks = [case.conversation for case in cases().values()][:18]
    calls = [judged(talk, minute=60 * n) for n, talk in enumerate(talks)]
    groups = [calls[n : n + 3] for n in range(0, len(calls), 3)]

    def work() -> float:
        for _ in range(rounds):
            for group in groups:
                followup(*group)
        return rounds * len(groups)

    return work


def _work(inputs: list[T], make: Callable[[T, Rubric], Score], rounds: int) -> Work:
    def work() -> float:
        for _ in range(rounds):
            for one in inputs:
                make(one, rubric())
        return rounds * len(inputs)

    return work
