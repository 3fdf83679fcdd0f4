"""How far a change of what written entries find carries: from one lexicon's trace of a call to another's, in numbers.

A turn's first score gains by the topics that the turn before was about, written or learned; so a change runs on to the
next turns as long as it changes what they hand on. The second look is asked around all turns that changed, under both
lexicons: only where the two differ is a turn judged again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.tagging.learned.scorer import LearnedScorer
from speechsvc.tagging.learned.surroundings import Seen
from speechsvc.tagging.learned.trace import Array, Trace

Flags = Mapping[int, Array]  # by turn: which topics written entries find


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Turns in a row that may be judged otherwise, and what the second look must see of them."""

    first: int  # turn
    last: int
    begin: int  # first turn of `old` and `new`
    old: Seen
    new: Seen


def follow(scorer: LearnedScorer, old: Trace, found: Flags) -> tuple[Trace, set[int]]:
    """The trace where written entries find this, and the turns that differ."""
    written, scores = old.written.copy(), old.scores
    for turn, flags in found.items():
        written[turn] = flags
    moved = {turn for turn in found if (written[turn] != old.written[turn]).any()}
    if moved:
        scores = old.scores.copy()
    last = len(scores) - 1
    for turn in sorted(moved):
        while turn < last:
            was = _handed(scorer, old.scores[turn], old.written[turn], old.lengths[turn])
            now = _handed(scorer, scores[turn], written[turn], old.lengths[turn])
            if (was == now).all():
                break
            gains = scorer.limits.gains
            turn += 1
            scores[turn] = old.scores[turn] + gains[now & ~was].sum(axis=0) - gains[was & ~now].sum(axis=0)
            moved.add(turn)
    return Trace(scores, written, old.lengths), moved


def _handed(scorer: LearnedScorer, scores: Array, written: Array, length: int) -> Array:
    """Which topics that bear on the next turn this one is about."""
    about = written | (scores >= scorer.limits.leads) if length else written
    return np.asarray(about & scorer.limits.follows)


def runs(
    scorer: LearnedScorer, turns: Sequence[Turn], old: Trace, new: Trace, moved: Iterable[int], asked: Iterable[int]
) -> list[Run]:
    """What the second look must be asked: around the turns that moved, and of those `asked` about."""
    reach, last = scorer.reach, len(turns) - 1
    around = {t for turn in moved for t in range(max(0, turn - reach), min(last, turn + reach) + 1)}
    return [
        Run(
            first=first,
            last=final,
            begin=(begin := max(0, first - reach)),
            old=_seen(turns, old, begin, final + 1 + reach),
            new=_seen(turns, new, begin, final + 1 + reach),
        )
        for first, final in stretches(around.union(asked))
    ]


def whole_call(turns: Sequence[Turn], trace: Trace) -> Seen:
    """What the second look sees of all turns."""
    return _seen(turns, trace, 0, len(turns))


def _seen(turns: Sequence[Turn], trace: Trace, begin: int, end: int) -> Seen:
    return Seen(
        scores=trace.scores[begin:end],
        written=trace.written[begin:end],
        customer=np.array([turn.speaker is Speaker.CUSTOMER for turn in turns[begin:end]]),
        length=trace.lengths[begin:end],
    )


def differing(scorer: LearnedScorer, run: Run, old: Array, new: Array, turns: int) -> set[int]:
    """Turns of the run whose mentions may differ by their scores; `old` and `new`: the second look at the run; `turns`:
    those of the whole call."""
    limits, inner = scorer.limits, slice(run.first - run.begin, run.last - run.begin + 1)
    was, now = old[inner], new[inner]
    highest = np.maximum(was, now)
    learned = (was != now) & (highest >= limits.least)
    doubt = scorer.doubt_in(turns)
    written = run.new.written[inner] & ((was >= doubt) != (now >= doubt))
    return {run.first + int(i) for i in np.flatnonzero((learned | written).any(axis=1))}


def stretches(turns: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Stretches of neighbouring numbers: first and last."""
    first = last = None
    for turn in sorted(turns):
        if last is not None and turn == last + 1:
            last = turn
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = turn
    if first is not None and last is not None:
        yield first, last
