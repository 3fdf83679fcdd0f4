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

from speechsvc.services.preview_calls import PreviewCalls

FIGURES = ("changed", "gained", "lost", "turned", "moved", "scores_changed", "crossed_up", "crossed_down")
_STRETCHES, _CALLS = 20, 20  # calls of a stretch
_LEAST = 6  # stretches without which nothing is said
_AT_ONCE = 3  # stretches that are looked at together


def estimate(
    work: PreviewCalls, total: int, seconds: float, seed: str, known: dict[str, Any] | None = None
) -> dict[str, Any]:
    """`figures`: name -> value and the bounds between which it lies in about 19 of 20 cases; `sampled` calls; and what
    it needs to go on when it is given back as `known`.

    Empty where the range is too small for a sample.
    """
    if total < _STRETCHES * _CALLS * 2:
        return {}
    chance = random.Random(seed)  # noqa: S311 - the same sample for the same preview
    places = [(number, chance.random()) for number in range(_STRETCHES)]
    chance.shuffle(places)
    deadline = time.monotonic() + seconds
    rates: list[list[float]] = list(known["rates"]) if known else []
    done = known["stretches"] if known else 0
    sampled = known["sampled"] if known else 0
    while done < _STRETCHES:
        some = places[done : done + _AT_ONCE]
        # somewhere in its share of the range: even steps might keep time with the calls
        skips = [int((number + within) * (total - _CALLS) / _STRETCHES) for number, within in some]
        tallies = [tally for tally in work.samples(skips, _CALLS) if tally.seen]
        rates += [[getattr(tally, name) / tally.seen for name in FIGURES] for tally in tallies]
        sampled += sum(tally.seen for tally in tallies)
        done += len(some)
        if done >= _LEAST and time.monotonic() > deadline:
            break
    if len(rates) < _LEAST:
        return {}
    figures = {name: _figure([one[at] for one in rates], total) for at, name in enumerate(FIGURES)}
    return {"sampled": sampled, "figures": figures, "rates": rates, "stretches": done, "whole": done == _STRETCHES}


def _figure(rates: list[float], total: int) -> dict[str, int]:
    """Of all calls, from those of each stretch."""
    mean, freedom = fmean(rates), len(rates) - 1
    margin = (1.96 + 3 / freedom) * stdev(rates) / sqrt(len(rates))  # near Student's t
    return {
        "value": round(mean * total),
        "low": max(0, round((mean - margin) * total)),
        "high": round((mean + margin) * total),
    }
