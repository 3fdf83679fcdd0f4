"""Trains the second look's network: one hidden layer of rectified units, log-loss, Adam (Kingma and Ba, 2015)."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_UNITS = 32
_EPOCHS = 20
_LEAST_STEPS = 1000  # for few examples, more epochs
_BATCH = 1024
_RATE, _LAST_RATE = 0.01, 0.05  # first step size; share of it that is left at the end
_DECAY = 10.0  # L2, against the sum of all examples' losses: few examples must not persuade too much


def train_network(features: Array, labels: Array, seed: int) -> list[Array]:
    """`features`: standardised, examples by features. Returns hidden weights, their biases, output weights, the last
    bias."""
    random = np.random.Generator(np.random.PCG64(seed))
    count, width = features.shape
    weights = [
        random.normal(0.0, np.sqrt(2.0 / width), (width, _UNITS)),
        np.zeros(_UNITS),
        random.normal(0.0, np.sqrt(1.0 / _UNITS), _UNITS),
        np.array(-3.0),
    ]
    means, squares = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    batches = max(1, count // _BATCH)
    epochs = max(_EPOCHS, -(-_LEAST_STEPS // batches))
    step, steps = 0, epochs * batches
    for _ in range(epochs):
        for chosen in np.array_split(random.permutation(count), batches):
            step += 1
            rate = _RATE * (1 - (1 - _LAST_RATE) * step / steps)
            gradients = _gradients(weights, features[chosen], labels[chosen], _DECAY / count)
            for w, gradient, mean, square in zip(weights, gradients, means, squares, strict=True):
                mean += 0.1 * (gradient - mean)
                square += 0.001 * (gradient**2 - square)
                w -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weights


def _gradients(weights: list[Array], features: Array, labels: Array, decay: float) -> list[Array]:
    hidden, bias, output, last = weights
    inner = features @ hidden + bias
    active = np.maximum(inner, 0.0)
    error = (1.0 / (1.0 + np.exp(-(active @ output + last))) - labels) / len(labels)
    back = np.outer(error, output) * (inner > 0)
    return [
        features.T @ back + decay * hidden,
        back.sum(axis=0),
        active.T @ error + decay * output,
        np.asarray(error.sum()),
    ]
