"""From cross-validated scores to probabilities in whole percents, and to the threshold that serves best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from speechsvc.domain.learned import Measured

Array = np.ndarray[Any, Any]
Steps = tuple[tuple[int, int], ...]
PERCENTS = range(20, 100, 5)
_ROUNDS = 50


def steps(scores: Array, labels: Array) -> Steps:
    """(least score, percent) for every fifth percent, by a sigmoid fitted to the scores (Platt; Lin, Lin, Weng 2007).

    Empty where there is nothing to learn from, or where higher scores are not righter.
    """
    if labels.sum() < 2 or labels.all():
        return ()
    slope, offset = sigmoid(scores / 1000.0, labels)
    if slope <= 0:
        return ()
    return tuple((math.ceil(1000 * (_logit(p / 100) - offset) / slope), p) for p in PERCENTS)


def measure(scores: Array, labels: Array, written: Array, found: Steps) -> tuple[Measured, ...]:
    """`written`: where a written entry has found the topic."""
    made = []
    for least, percent in found:
        learned = scores >= least
        added = learned & ~written
        made.append(
            Measured(
                percent=percent,
                right=int((learned & labels).sum()),
                wrong=int((learned & ~labels).sum()),
                missed=int((labels & ~learned).sum()),
                added_right=int((added & labels).sum()),
                added_wrong=int((added & ~labels).sum()),
                written_right=int((written & labels).sum()),
                written_wrong=int((written & ~labels).sum()),
            )
        )
    return tuple(made)


def choose(topics: Sequence[Sequence[Measured]], floor: float) -> list[int | None]:
    """A threshold a topic: the one of highest F1 of written and learned together, of those where at least `floor` of
    what the model adds is right.

    A topic has few added mentions, so the counts of an average topic are added to its own before judging: a handful of
    lucky finds decides nothing. None where no threshold will do.
    """
    usual = {percent: _mean([m for topic in topics for m in topic if m.percent == percent]) for percent in PERCENTS}
    return [_choice(topic, usual, floor) for topic in topics]


def _choice(topic: Sequence[Measured], usual: Mapping[int, Array], floor: float) -> int | None:
    best: tuple[float, int] | None = None
    for m in topic:
        right, wrong, written_right, written_wrong, labels = _counts(m) + usual[m.percent]
        if not m.added_right or right < floor * (right + wrong):
            continue
        f1 = 2 * (right + written_right) / (right + wrong + written_right + written_wrong + labels)
        best = max(best or (0.0, 0), (float(f1), m.percent))
    return best[1] if best else None


def _counts(m: Measured) -> Array:
    return np.array([m.added_right, m.added_wrong, m.written_right, m.written_wrong, m.labels], dtype=float)


def _mean(measured: Sequence[Measured]) -> Array:
    return np.mean([_counts(m) for m in measured], axis=0) if measured else np.zeros(5)


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def sigmoid(scores: Array, labels: Array) -> tuple[float, float]:
    """Slope and offset by Newton's method, with targets drawn in from 0 and 1 so that few examples do not run away."""
    many, few = int(labels.sum()), int((~labels).sum())
    target = np.where(labels, (many + 1) / (many + 2), 1 / (few + 2))
    slope, offset = 1.0, math.log((many + 1) / (few + 1))
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(slope * scores + offset, -30, 30)))
        error, spread = target - p, p * (1 - p) + 1e-9
        gradient = np.array([(error * scores).sum(), error.sum()])
        cross = (spread * scores).sum()
        hessian = np.array([[(spread * scores**2).sum() + 1e-6, cross], [cross, spread.sum() + 1e-6]])
        change = np.linalg.solve(hessian, gradient)
        change *= min(1.0, 2.0 / max(1e-12, float(np.abs(change).max())))
        slope, offset = slope + float(change[0]), offset + float(change[1])
        if float(np.abs(change).max()) < 1e-6:
            break
    return slope, offset
