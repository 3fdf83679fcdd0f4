"""The second look: each topic of a turn is judged again in the light of the turns around it.

People stay on a topic for several turns, answer in words that name nothing (两年的够了), and turn from one topic to the
next; one turn alone shows none of that. A network of one hidden layer, the same for all topics, takes the first look's
log-odds of this topic in this turn, in two turns before and two behind, those of other topics, what written entries
found, who speaks and how much, and gives new log-odds. Whole numbers only, so every machine gets the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.domain.learned import Scale, Surroundings

Array = np.ndarray[Any, Any]
UNIT = 100  # of a logit in the features, and for yes
RESULT = 1000  # of a logit in the result
_SHIFT = 16  # bits behind the point of the hidden layer's weights
_HALF = 8  # bits that the output's weights carry; as many are taken from the hidden layer before
_LIMIT = 8 * UNIT  # log-odds are cut here: beyond, nothing is learned
_NOTHING = -4 * UNIT  # log-odds of every topic where there is no turn
_LONGEST = 60  # characters of a turn from which length says no more
_OFFSETS = (1, 2, -1, -2)  # turns before are positive
FEATURES = 13


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One call as the first look left it; rows are turns, columns topics."""

    scores: Array  # whole numbers of the linear models
    written: Array  # bool: a written entry found the topic
    customer: Array  # bool by turn
    length: Array  # characters by turn

    @classmethod
    def of(cls, turns: Sequence[Turn], lengths: Sequence[int], scores: Array, written: Array) -> Seen:
        speakers = [turn.speaker is Speaker.CUSTOMER for turn in turns]
        return cls(scores=scores, written=written, customer=np.array(speakers), length=np.array(lengths))


class SecondLook:
    """Applies a network. Read-only."""

    def __init__(self, model: Surroundings, topics: Sequence[str]) -> None:
        self._scales = scale_table(model.scales, topics)
        self._hidden = np.array(model.hidden, dtype=np.int64)
        self._bias = np.array(model.bias, dtype=np.int64)
        self._output = np.array(model.output, dtype=np.int64)
        self._last = model.output_bias

    def scores(self, seen: Seen) -> Array:
        """Thousandths of a logit, turns by topics."""
        features = features_of(seen, self._scales)
        inner = np.maximum(features @ self._hidden + self._bias, 0) >> _HALF
        total = inner @ self._output + self._last
        return np.asarray((total * RESULT) >> _SHIFT)


def scale_table(scales: Mapping[str, Scale], topics: Sequence[str]) -> Array:
    """Slopes and offsets, a row each."""
    known = [scales[topic] for topic in topics]
    return np.array([[one.slope for one in known], [one.offset for one in known]], dtype=np.int64).reshape(2, -1)


def features_of(seen: Seen, scales: Array) -> Array:
    """Turns by topics by FEATURES, whole numbers."""
    odds = np.clip((seen.scores * scales[0]) // RESULT + scales[1], -_LIMIT, _LIMIT)
    written = seen.written.astype(np.int64) * UNIT
    others = _highest_other(odds)
    shape = odds.shape
    columns = [
        odds,
        *(_moved(odds, offset, _NOTHING) for offset in _OFFSETS),
        written,
        _moved(written, 1, 0),
        _moved(written, -1, 0),
        others,
        _moved(others, 1, _NOTHING),
        np.broadcast_to(written.sum(axis=1, keepdims=True), shape) - written,
        np.broadcast_to((seen.customer.astype(np.int64) * UNIT)[:, None], shape),
        np.broadcast_to((np.minimum(seen.length, _LONGEST) * UNIT // 10)[:, None], shape),
    ]
    return np.stack(columns, axis=-1).astype(np.int64)


def _moved(values: Array, offset: int, fill: int) -> Array:
    """The values of the turn so many before (negative: behind)."""
    moved = np.full_like(values, fill)
    size = len(values)
    if 0 < offset < size:
        moved[offset:] = values[:-offset]
    elif offset < 0 and -offset < size:
        moved[:offset] = values[-offset:]
    return moved


def _highest_other(odds: Array) -> Array:
    """For each topic the highest log-odds among the others."""
    if odds.shape[1] < 2:
        return np.full_like(odds, _NOTHING)
    order = np.sort(odds, axis=1)
    first, second = order[:, -1:], order[:, -2:-1]
    return np.where(odds == first, second, first)


def whole_network(
    weights: Sequence[Array], mean: Array, spread: Array
) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...], tuple[int, ...], int]:
    """Hidden weights, their biases, output weights and output bias of a network trained on standardised features."""
    hidden, bias, output, last = weights
    plain = hidden / spread[:, None]
    first = np.rint(plain * 2**_SHIFT).astype(int)
    inner = np.rint((bias - mean @ plain) * 2**_SHIFT).astype(int)
    outer = np.rint(output * 2**_HALF).astype(int)
    rows = tuple(tuple(int(w) for w in row) for row in first)
    return rows, tuple(map(int, inner)), tuple(map(int, outer)), int(np.rint(last * 2**_SHIFT))
