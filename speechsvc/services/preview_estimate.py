"""What a preview will say in all, from a sample: for a draft that changes so many calls that counting takes longer.

The sample are short stretches of calls, spread over the range and looked at in random order, so that it may end
at any time. Each stretch is one observation: calls of the same hour resemble each other.
"""

from __future__ import annotations

import random
import time
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from speechsvc.domain.preview import PreviewTally
from speechsvc.domain.run import CallRange
from speechsvc.services.preview_calls import PreviewCalls

FIGURES = ("changed", "gained", "lost", "turned", "moved", "scores_changed", "crossed_up", "crossed_down")
_STRETCHES, _CALLS = 20, 20  # calls of a stretch
_LEAST = 6  # stretches without which nothing is said


def estimate(work: PreviewCalls, where: CallRange, total: int, seconds: float, seed: str) -> dict[str, Any]:
    """`figures`: name -> value and the bounds between which it lies in about 19 of 20 cases; `sampled` calls.

    Empty where the range is too small for a sample.
    """
    if total < _STRETCHES * _CALLS * 2:
        return {}
    chance = random.Random(seed)  # noqa: S311 - the same sample for the same preview
    order = list(range(_STRETCHES))
    chance.shuffle(order)
    deadline, found = time.monotonic() + seconds, list[PreviewTally]()
    for number in order:
        # somewhere in its share of the range: even steps might keep time with the calls
        found.append(work.sample(where, int((number + chance.random()) * (total - _CALLS) / _STRETCHES), _CALLS))
        if len(found) >= _LEAST and time.monotonic() > deadline:
            break
    seen = [tally for tally in found if tally.seen]
    if len(seen) < _LEAST:
        return {}
    return {
        "sampled": sum(tally.seen for tally in seen),
        "figures": {name: _figure([getattr(t, name) / t.seen for t in seen], total) for name in FIGURES},
    }


def _figure(rates: list[float], total: int) -> dict[str, int]:
    """Of all calls, from those of each stretch."""
    mean, freedom = fmean(rates), len(rates) - 1
    margin = (1.96 + 3 / freedom) * stdev(rates) / sqrt(len(rates))  # near Student's t
    return {
        "value": round(mean * total),
        "low": max(0, round((mean - margin) * total)),
        "high": round((mean + margin) * total),
    }
