"""Trains the second look on first looks at calls that the linear models had not seen, and measures it the same way."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from speechsvc.domain.learned import Network, Scale, Surroundings
from speechsvc.tagging.learned.calibration import sigmoid
from speechsvc.tagging.learned.network import train_network
from speechsvc.tagging.learned.surroundings import (
    RESULT,
    UNIT,
    WINDOW,
    Layers,
    Seen,
    features_of,
    scale_table,
    whole_network,
    with_scores,
)

Array = np.ndarray[Any, Any]
_DOUBTS = (None, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50)  # percent below which a written mention may fall


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """Scores of every turn by networks that have not seen its call, turns of all calls by topics; and the networks."""

    scores: Array
    model: Surroundings


def train_surroundings(
    topics: Sequence[str],
    calls: Sequence[Seen],
    labels: Array,
    leads: Mapping[str, int | None],
    folds: Sequence[int],
    seed: int,
    entries: Collection[str],
) -> Judged:
    """`labels`: turns of all calls by topics; `leads`: scores of the first look from which a turn leads the next;
    `entries`: the written ones, which may be doubted later."""
    scores = np.concatenate([seen.scores for seen in calls])
    scales = {t: _scale(scores[:, i], labels[:, i], leads[t]) for i, t in enumerate(topics)}
    features = [features_of(seen, scale_table(scales, topics), WINDOW) for seen in calls]
    ends = np.cumsum([len(seen.scores) for seen in calls])
    parts = [labels[end - len(seen.scores) : end] for seen, end in zip(calls, ends, strict=True)]
    first, network = _judged(features, parts, folds, seed)
    features = [with_scores(own, said) for own, said in zip(features, first, strict=True)]
    last, again = _judged(features, parts, folds, seed)
    model = Surroundings(scales=scales, network=network, again=again, window=WINDOW, doubted=frozenset(entries))
    return Judged(scores=np.concatenate(last), model=model)


def _judged(
    features: Sequence[Array], labels: Sequence[Array], folds: Sequence[int], seed: int
) -> tuple[list[Array], Network]:
    """Scores of every call by a network that has not seen it, and the network that has seen them all."""
    every = range(len(features))
    made: dict[int, Array] = {}
    for fold in sorted(set(folds)):
        train = [i for i in every if folds[i] != fold] or every
        layers = Layers(_fit(features, labels, train, seed))
        made |= {i: layers.scores(features[i]) for i in every if folds[i] == fold}
    return [made[i] for i in every], _fit(features, labels, every, seed)


def choose_doubt(scores: Array, labels: Array, written: Array, least: Sequence[int | None]) -> int | None:
    """The score below which written mentions fall: the one of highest F1 over all topics, with learned mentions added
    at their thresholds. None where they had better all stand."""
    added = np.stack([scores[:, i] >= s if s is not None else written[:, i] & False for i, s in enumerate(least)], 1)
    tried: list[tuple[float, int | None]] = []
    for percent in _DOUBTS:
        doubt = None if percent is None else _logit(percent)
        stands = written if doubt is None else written & (scores >= doubt)
        found = stands | (added & ~written)
        f1 = 2 * int((found & labels).sum()) / max(1, int(found.sum() + labels.sum()))
        tried.append((f1, doubt))
    best = max(f1 for f1, _ in tried)
    return next(doubt for f1, doubt in tried if f1 == best)  # the mildest: the written lexicon is the authority


def _fit(
    features: Sequence[Array],
    labels: Sequence[Array],
    calls: Sequence[int] | range,
    seed: int,
) -> Network:
    """One network for all topics, each turn and topic an example."""
    width = features[0].shape[-1]
    x = np.concatenate([features[i].reshape(-1, width) for i in calls]).astype(float)
    y = np.concatenate([labels[i].reshape(-1) for i in calls]).astype(float)
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1.0)  # a feature that never varies weighs nothing
    return whole_network(train_network((x - mean) / spread, y, seed), mean, spread)


def _scale(scores: Array, labels: Array, lead: int | None) -> Scale:
    if labels.sum() < 2 or labels.all():
        return Scale(slope=0, offset=-4 * UNIT, lead=lead)
    slope, offset = sigmoid(scores / 1000.0, labels)
    return Scale(slope=round(max(slope, 0.0) * UNIT), offset=round(offset * UNIT), lead=lead)


def _logit(percent: int) -> int:
    return round(RESULT * math.log(percent / (100 - percent)))
