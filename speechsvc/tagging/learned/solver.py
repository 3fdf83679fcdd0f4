"""A linear support vector machine (squared hinge loss, L2) for all topics at once, by dual coordinate descent.

Hsieh et al., "A Dual Coordinate Descent Method for Large-scale Linear SVM" (2008), algorithm 1 (liblinear's solver 1).
Ours so that training needs nothing but NumPy; examples are sets of features (each counts 1), plus a bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def solve(examples: Sequence[Array], signs: Array, width: int, *, cost: float, epochs: int, seed: int) -> Array:
    """`examples`: row numbers below `width`; `signs`: examples by topics: 1 has it, -1 has it not, 0 nobody knows.

    Returns float weights, `width` + 1 by topics; the last row is the bias. Visits examples in a seeded random order.
    """
    count, topics = signs.shape
    rows = [np.append(example, width) for example in examples]
    signs = signs.astype(float)
    weights = np.zeros((width + 1, topics))
    duals = np.zeros((count, topics))
    slack = 1.0 / (2.0 * cost)
    random = np.random.Generator(np.random.PCG64(seed))
    for _ in range(epochs):
        for i in random.permutation(count):
            row, sign = rows[i], signs[i]
            gradient = sign * weights[row].sum(axis=0) - 1.0 + slack * duals[i]
            new = np.maximum(duals[i] - gradient / (len(row) + slack), 0.0)
            step = (new - duals[i]) * sign
            if step.any():
                weights[row] += step
                duals[i] = np.where(sign == 0, 0.0, new)
    return weights
