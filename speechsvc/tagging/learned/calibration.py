"""From cross-validated scores to probabilities in whole percents, and to the threshold that serves best."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    slope, offset = _sigmoid(scores / 1000.0, labels)
    if slope <= 0:
        return ()
    return tuple((math.ceil(1000 * (_logit(p / 100) - offset) / slope), p) for p in PERCENTS)


def measure(scores: Array, labels: Array, written: Array, found: Steps) -> tuple[Measured, ...]:
    """`written`: where a written entry has found the topic."""
    made = []
    for least, percent in found:
        learned = scores >= least
        added = learned & ~written
        union = learned | written
        right = int((learned & labels).sum())
        size = int(union.sum() + labels.sum())
        made.append(
            Measured(
                percent=percent,
                right=right,
                wrong=int((learned & ~labels).sum()),
                missed=int((labels & ~learned).sum()),
                added_right=int((added & labels).sum()),
                added_wrong=int((added & ~labels).sum()),
                union_f1=round(2 * int((union & labels).sum()) / size, 4) if size else None,
            )
        )
    return tuple(made)


def choose(measured: Sequence[Measured], floor: float) -> int | None:
    """The threshold of highest F1 of written and learned together, of those where at least `floor` of what the model
    adds is right (one doubtful case each way included, so that a handful of lucky finds does not decide)."""
    fit = [m for m in measured if m.added_right and (m.added_right + 1) / (m.added_right + m.added_wrong + 2) >= floor]
    return max(fit, key=lambda m: (m.union_f1 or 0.0, m.percent)).percent if fit else None


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _sigmoid(scores: Array, labels: Array) -> tuple[float, float]:
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
