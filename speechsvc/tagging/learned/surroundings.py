"""The second look: each topic of a turn is judged again in the light of the turns around it.

People stay on a topic for several turns, answer in words that name nothing (两年的够了), and turn from one topic to the
next; one turn alone shows none of that. A network of one hidden layer, the same for all topics, takes the first look's
log-odds of this topic in this turn, in three turns before and behind, the highest within twenty, those of other topics,
what written entries found, who speaks and how much, and gives new log-odds. A second such network (`again`) takes the
same and the first one's log-odds of this turn and three on either side: so what is sure there settles what is not sure
here. Whole numbers only, so every machine gets the same.

Models of an earlier time have one network of the first `OLD_FEATURES` features; they give what they always gave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.domain.learned import Network, Scale, Surroundings

Array = np.ndarray[Any, Any]
UNIT = 100  # of a logit in the features, and for yes
RESULT = 1000  # of a logit in the result
_SHIFT = 16  # bits behind the point of the hidden layer's weights
_HALF = 8  # bits that the output's weights carry; as many are taken from the hidden layer before
_LIMIT = 8 * UNIT  # log-odds are cut here: beyond, nothing is learned
_NOTHING = -4 * UNIT  # log-odds of every topic where there is no turn
_LONGEST = 60  # characters of a turn from which length says no more
_OFFSETS = (1, 2, -1, -2)  # turns before are positive
_FARTHER = (3, -3)
WINDOW = 20  # turns on either side in which anything of the topic, and of any topic, is looked for: most short calls
_AGAIN = (1, 2, 3, -1, -2, -3)
OLD_FEATURES, FEATURES, AGAIN_FEATURES = 13, 21, 31
_OLD_REACH = 2
_MOST_TOPICS = 300  # up to which no feature is larger than _LARGEST
_LARGEST = 2**15
_ROWS = 240  # multiplied at once: more, and the library spreads so small a work over threads that wait for each other
_NO_SCORES = np.empty(0, dtype=np.int64)


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
        self._first = Layers(model.network)
        self._again = None if model.again is None else Layers(model.again)
        self._window = model.window
        own = _OLD_REACH if self._first.features == OLD_FEATURES else self._window
        self.reach = own + (max(_AGAIN) if self._again else 0)  # turns on either side that bear on a turn's scores

    def scores(self, seen: Seen) -> Array:
        """Thousandths of a logit, turns by topics."""
        return self._scores(seen, None)

    def scores_of_many(self, several: Sequence[Seen]) -> list[Array]:
        """The same for each, at a fraction of the cost: all in one, with turns of nothing between them."""
        if len(several) < 2:
            return [self.scores(one) for one in several]
        between = max(self._window, *_AGAIN)
        places, at = [], 0
        for one in several:
            places.append(slice(at, at + len(one.length)))
            at += len(one.length) + between
        scores = self._scores(*_in_a_row(several, places, at, self._scales))
        return [scores[place] for place in places]

    def _scores(self, seen: Seen, nothing: Array | None) -> Array:
        """`nothing`: the turns that are none."""
        features = features_of(seen, self._scales, self._window, nothing)
        scores = self._first.scores(features)
        return scores if self._again is None else self._again.scores(with_scores(features, scores, nothing))


def _in_a_row(several: Sequence[Seen], places: Sequence[slice], size: int, scales: Array) -> tuple[Seen, Array]:
    """One call of them all, and which of its turns are none."""
    shape = size, scales.shape[1]
    whole = Seen(
        scores=np.zeros(shape, dtype=np.int64),
        written=np.zeros(shape, dtype=bool),
        customer=np.zeros(size, dtype=bool),
        length=np.zeros(size, dtype=np.int64),
    )
    nothing = np.ones(size, dtype=bool)
    for one, place in zip(several, places, strict=True):
        for name in ("scores", "written", "customer", "length"):
            getattr(whole, name)[place] = getattr(one, name)
        nothing[place] = False
    return whole, nothing


class Layers:
    """One network. Read-only.

    Multiplied in floating point where that is exact: whole numbers whose sums stay below 2^53, in whatever order; ten
    times as fast as integers.
    """

    def __init__(self, network: Network) -> None:
        hidden = np.array(network.hidden, dtype=np.int64)
        bias = np.array(network.bias, dtype=np.int64)
        output = np.array(network.output, dtype=np.int64)
        kind = np.float64 if _exact(hidden, bias, output, network.output_bias) else np.int64
        self._hidden, self._bias, self._output = (one.astype(kind) for one in (hidden, bias, output))
        self._last = network.output_bias
        self._floating = kind is np.float64
        self.features = len(network.hidden)

    def scores(self, features: Array) -> Array:
        """Thousandths of a logit."""
        if not self._floating or features.shape[-2] > _MOST_TOPICS:
            hidden, bias, output = (one.astype(np.int64) for one in (self._hidden, self._bias, self._output))
            inner = np.maximum(features[..., : self.features] @ hidden + bias, 0) >> _HALF
            return np.asarray(((inner @ output + self._last) * RESULT) >> _SHIFT)
        rows = features.reshape(-1, features.shape[-1])
        parts = [self._of(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS)]
        return np.concatenate([*parts, _NO_SCORES]).reshape(features.shape[:-1])

    def _of(self, rows: Array) -> Array:
        sums = rows[:, : self.features].astype(np.float64) @ self._hidden
        sums += self._bias
        np.maximum(sums, 0.0, out=sums)
        sums *= 0.5**_HALF  # exact, like the floor of it
        total = np.floor(sums, out=sums) @ self._output
        return np.asarray(((total.astype(np.int64) + self._last) * RESULT) >> _SHIFT)


def _exact(hidden: Array, bias: Array, output: Array, last: int) -> bool:
    """Whether no sum of whole numbers can leave what floating point holds, whatever the features are."""
    inner = np.abs(hidden).sum(axis=0) * _LARGEST + np.abs(bias)
    return bool(inner.max(initial=0) < 2**53 and (inner * np.abs(output)).sum() + abs(last) < 2**53)


def scale_table(scales: Mapping[str, Scale], topics: Sequence[str]) -> Array:
    """Slopes and offsets, a row each."""
    known = [scales[topic] for topic in topics]
    return np.array([[one.slope for one in known], [one.offset for one in known]], dtype=np.int64).reshape(2, -1)


def features_of(seen: Seen, scales: Array, window: int, nothing: Array | None = None) -> Array:
    """Turns by topics by FEATURES, whole numbers; `window`: turns on either side that count as near; `nothing`: turns
    that are none."""
    odds = np.clip((seen.scores * scales[0]) // RESULT + scales[1], -_LIMIT, _LIMIT)
    if nothing is not None:
        odds[nothing] = _NOTHING
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
        customer := np.broadcast_to((seen.customer.astype(np.int64) * UNIT)[:, None], shape),
        length := np.broadcast_to((np.minimum(seen.length, _LONGEST) * UNIT // 10)[:, None], shape),
        *(_moved(odds, offset, _NOTHING) for offset in _FARTHER),
        _moved(customer, 1, 0),
        _moved(length, 1, 0),
        _moved(length, -1, 0),
        _number_of_others(odds),
        _highest_near(odds, window),
        _business_near(odds, window),
    ]
    return np.stack(columns, axis=-1).astype(np.int64)


def with_scores(features: Array, scores: Array, nothing: Array | None = None) -> Array:
    """Features for the second network: those of the first, and its scores here and around."""
    odds = np.clip(scores // (RESULT // UNIT), -_LIMIT, _LIMIT)
    if nothing is not None:
        odds[nothing] = _NOTHING
    others = _highest_other(odds)
    columns = [
        odds,
        *(_moved(odds, offset, _NOTHING) for offset in _AGAIN),
        others,
        _moved(others, 1, _NOTHING),
        _moved(others, -1, _NOTHING),
    ]
    return np.concatenate([features, np.stack(columns, axis=-1)], axis=-1)


def _number_of_others(odds: Array) -> Array:
    """About how many other topics the turn has: each counts from nothing at -2 to UNIT at 2."""
    sure = np.clip(odds + 2 * UNIT, 0, 4 * UNIT) // 4
    return np.asarray(sure.sum(axis=1, keepdims=True) - sure)


def _highest_near(odds: Array, window: int) -> Array:
    """The topic's highest log-odds in turns that are neither next to this one nor far."""
    highest = np.full_like(odds, _NOTHING)
    for offset in range(max(_FARTHER), window + 1):
        highest = np.maximum(highest, np.maximum(_moved(odds, offset, _NOTHING), _moved(odds, -offset, _NOTHING)))
    return highest


def _business_near(odds: Array, window: int) -> Array:
    """Whether the turns around are about any topic at all: the mean of their highest log-odds."""
    highest = np.full(len(odds) + 2 * window + 1, _NOTHING)
    highest[0] = 0
    highest[window + 1 : len(highest) - window] = odds.max(axis=1, initial=_NOTHING)
    sums = np.cumsum(highest)
    around = 2 * window + 1
    return np.broadcast_to(((sums[around:] - sums[:-around]) // around)[:, None], odds.shape)


def _moved(values: Array, offset: int, fill: int) -> Array:
    """The values of the turn so many before (negative: behind)."""
    if not offset:
        return values
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


def whole_network(weights: Sequence[Array], mean: Array, spread: Array) -> Network:
    """In whole numbers, of a network trained on standardised features."""
    hidden, bias, output, last = weights
    plain = hidden / spread[:, None]
    first = np.rint(plain * 2**_SHIFT).astype(int)
    inner = np.rint((bias - mean @ plain) * 2**_SHIFT).astype(int)
    outer = np.rint(output * 2**_HALF).astype(int)
    rows = tuple(tuple(int(w) for w in row) for row in first)
    bias_out = int(np.rint(last * 2**_SHIFT))
    return Network(hidden=rows, bias=tuple(map(int, inner)), output=tuple(map(int, outer)), output_bias=bias_out)
