"""Trains the models of all topics from labelled calls, in seconds, and measures them on calls they have not seen.

Folds are of whole calls. What the written lexicon finds is cross-fitted too: an entry counts in a fold only if it was
right in another, since entries written after a call find everything in it and would make learning look useless.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import compress
from typing import Any

import numpy as np

from speechsvc.domain.learned import LearnedEntries, LearnedTopic, Measured, Weights
from speechsvc.domain.lexicon import Lexicon
from speechsvc.domain.mention import Mention
from speechsvc.errors import SpeechsvcError
from speechsvc.tagging.evaluate import LabelledCall
from speechsvc.tagging.learned.calibration import Steps, choose, measure, steps
from speechsvc.tagging.learned.examples import (
    Example,
    call_marks,
    labelled,
    lexicon_marks,
    mark_example,
    piece_examples,
    turn_examples,
)
from speechsvc.tagging.learned.features import after, spelled, squeezed_turns
from speechsvc.tagging.learned.negation import NEVER_MEASURED, Place, place_of, train_negation
from speechsvc.tagging.learned.solver import solve
from speechsvc.tagging.learned.surroundings import Seen
from speechsvc.tagging.learned.train_surroundings import Judged, choose_doubt, train_surroundings
from speechsvc.tagging.text import normalise

Array = np.ndarray[Any, Any]
Topics = list[frozenset[str]]  # of one call, by turn
Result = tuple[Steps, tuple[Measured, ...], int | None]  # of a topic: probabilities, counts, threshold
_LEAST_CALLS = 10  # below, nothing can be said of what a model is worth
SCALE = 1000  # whole-number units in a float weight
_KINDS = {"t": "text", "s": "sounds", "b": "before", "c": "context"}


class TooFewCalls(SpeechsvcError):
    """Training needs at least {least} wholly labelled calls; there are {found}."""

    code, status = "too_few_calls", 422
    zh = "训练至少需要 {least} 通完整标注的通话，现有 {found} 通。"
    advice = "Label more calls, or add those that come with the project (tests/gold)."
    advice_zh = "请标注更多通话，或加入随项目提供的标注（tests/gold）。"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to train. The defaults were chosen by cross-validation, see docs/lexicon-quality.md."""

    folds: int = 5
    seed: int = 1
    cost: float = 0.01  # of an error, against the size of the weights
    epochs: int = 5
    least_count: int = 2  # examples in which a feature must occur
    kept: int = 10_000  # features a topic keeps: the heaviest
    floor: float = 0.7  # share of what a model adds that must be right


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What written entries found in one call: turn, topic, entry."""

    mentions: frozenset[tuple[int, str, str]]

    @classmethod
    def of(cls, mentions: Iterable[Mention]) -> Found:
        return cls(mentions=frozenset((m.turn, m.topic, m.entry) for m in mentions))

    def by_turn(self, turns: int, entries: Collection[str] | None = None) -> Topics:
        topics: defaultdict[int, set[str]] = defaultdict(set)
        for turn, topic, entry in self.mentions:
            if entries is None or entry in entries:
                topics[turn].add(topic)
        return [frozenset(topics[turn]) for turn in range(turns)]


def train(
    lexicon: Lexicon,
    calls: Sequence[LabelledCall],
    written: Sequence[Sequence[Mention]],
    options: Options,
    *,
    told: Callable[[float], None] = lambda share: None,
) -> LearnedEntries:
    """`written`: what the lexicon alone finds in each call. `told` hears the share that is done.

    Calls in which people looked at some places only (exported marks), calls set aside as of another kind, single turns,
    and the lexicon's own examples are trained on in every fold and measured in none.
    """
    require_enough(calls)
    order = sorted(range(len(calls)), key=lambda i: calls[i].conversation.call_id)
    marks = [mark for i in order for mark in call_marks(calls[i])]
    single = [calls[i] for i in order if not _is_whole(calls[i]) and calls[i].judged is None]
    order = [i for i in order if _is_whole(calls[i])]
    calls, written = [calls[i] for i in order], [written[i] for i in order]
    extra = [mark_example(mark) for mark in (*lexicon_marks(lexicon, calls), *marks)]
    extra += [example for call in single for example in turn_examples(call)]
    extra += [example for call in single if call.aside for example in piece_examples(call)]
    trial = _Trial(lexicon, calls, [Found.of(mentions) for mentions in written], extra, options, told)
    first = trial.scores(trial.before(None))
    before = trial.before(trial.decide(first))
    first = trial.scores(before)
    judged = trial.second_look(first)
    weights = trial.fit(before)
    results, doubt = trial.settle(judged.scores)
    topics = [
        LearnedTopic(id=topic, weights=weights[topic], steps=known, threshold=threshold, measured=measured)
        for topic, (known, measured, threshold) in zip(trial.topics, results, strict=True)
    ]
    places = [_places(call, mentions) for call, mentions in zip(calls, written, strict=True)]
    places += [_places(call, ()) for call in single]
    folds = [*fold_of(calls, options), *(NEVER_MEASURED for _ in single)]
    negation, measured = train_negation([*calls, *single], places, folds, options.seed)
    told(1.0)
    trained = _trained(calls, options) | {"single_turns": sum(not call.aside for call in single), "marks": len(marks)}
    aside = [call for call in single if call.aside]
    trained |= {"aside": len(aside), "seen": sorted(map(call_digest, [*calls, *aside])), "negation": measured}
    around = replace(judged.model, doubt=doubt)
    return LearnedEntries(topics=tuple(topics), negation=negation, surroundings=around, trained=trained)


def require_enough(calls: Sequence[LabelledCall]) -> None:
    """Raises TooFewCalls."""
    whole = sum(_is_whole(call) for call in calls)
    if whole < _LEAST_CALLS:
        raise TooFewCalls(least=_LEAST_CALLS, found=whole)


def _is_whole(call: LabelledCall) -> bool:
    return call.judged is None and not call.aside and len(call.conversation.turns) > 1


def least_score(result: Result) -> int | None:
    """The lowest score that counts at the threshold chosen."""
    known, _, threshold = result
    return next((score for score, percent in known if percent == threshold), None)


def _places(call: LabelledCall, mentions: Sequence[Mention]) -> list[Place]:
    """Where written entries found what is labelled, and where the labels' evidence lies."""
    labels = call.labels
    labelled_ones = [m for m in mentions if (m.turn, m.topic) in labels]
    found = [place_of(m, negated=labels[m.turn, m.topic] == "negated") for m in labelled_ones]
    ruled = {(place.turn, place.topic) for place in found if place.ruled_out}
    for (turn, topic), polarity in sorted(call.labels.items()):
        evidence = call.evidence.get((turn, topic), "")
        start = call.conversation.turns[turn].text.find(evidence)
        if evidence and start >= 0:
            found.append(
                Place(
                    turn=turn,
                    start=start,
                    end=start + len(evidence),
                    topic=topic,
                    ruled_out=(turn, topic) in ruled,
                    negated=polarity == "negated",
                )
            )
    return found


def fold_of(calls: Sequence[LabelledCall], options: Options) -> list[int]:
    """The fold of each call: a seeded deal."""
    random = np.random.Generator(np.random.PCG64(options.seed))
    deal = random.permutation(len(calls))
    return [int(place) % max(2, min(options.folds, len(calls))) for place in deal]


def cross_fitted(calls: Sequence[LabelledCall], written: Sequence[Found], folds: Sequence[int]) -> list[Topics]:
    """Topics by turn that entries found which were right in a call of another fold."""
    right: defaultdict[str, set[int]] = defaultdict(set)
    for call, found, fold in zip(calls, written, folds, strict=True):
        for turn, topic, entry in found.mentions:
            if (turn, topic) in call.labels:
                right[entry].add(fold)
    made = []
    for call, found, fold in zip(calls, written, folds, strict=True):
        entries = {entry for _, _, entry in found.mentions if right[entry] - {fold}}
        made.append(found.by_turn(len(call.conversation.turns), entries))
    return made


class _Trial:
    """The labelled calls, dealt into folds."""

    def __init__(
        self,
        lexicon: Lexicon,
        calls: Sequence[LabelledCall],
        written: Sequence[Found],
        extra: Sequence[Example],
        options: Options,
        told: Callable[[float], None],
    ) -> None:
        self.topics = [topic.id for topic in lexicon.topics]
        self._calls, self._options, self._told = calls, options, told
        self._folds = fold_of(calls, options)
        self._number = max(self._folds, default=0) + 1
        self._written = cross_fitted(calls, written, self._folds)
        self._data = _Data(calls, extra, self.topics, options)
        self._fits = 0
        self.labels = self._table([[labelled(c, i) for i in range(len(c.conversation.turns))] for c in calls])
        self.written = self._table(self._written)
        self._all = [found.by_turn(len(c.conversation.turns)) for c, found in zip(calls, written, strict=True)]
        self._entries = frozenset(entry.id for topic in lexicon.topics for entry in topic.entries)

    def before(self, learned: Sequence[Topics] | None) -> list[Topics]:
        """Topics of the turn before each, written ones and those of `learned`."""
        both = self._written
        if learned is not None:
            both = [[a | b for a, b in zip(w, found, strict=True)] for w, found in zip(both, learned, strict=True)]
        return [[frozenset(), *topics[:-1]] if topics else [] for topics in both]

    def scores(self, before: Sequence[Topics]) -> Array:
        """Each turn's scores by models that have not seen its call; turns by topics."""
        made: dict[int, Array] = {}
        for fold in range(self._number):
            weights = self._solve([i for i, f in enumerate(self._folds) if f != fold], before)
            for i in (i for i, f in enumerate(self._folds) if f == fold):
                made[i] = self._data.scores(weights, i, before[i])
        return np.concatenate([made[i] for i in range(len(self._calls))])

    def decide(self, scores: Array) -> list[Topics]:
        """What models with the thresholds that these scores suggest would find."""
        found = np.zeros(scores.shape, dtype=bool)
        for column, result in enumerate(self.judge(scores)):
            if (least := least_score(result)) is not None:
                found[:, column] = scores[:, column] >= least
        rows = iter(found)
        return [[frozenset(compress(self.topics, next(rows))) for _ in call.conversation.turns] for call in self._calls]

    def judge(self, scores: Array, written: Array | None = None) -> list[Result]:
        """Of each topic: probabilities, counts at every threshold, and the threshold chosen. `written`: where written
        mentions stand, if not all do."""
        columns, stands = range(len(self.topics)), self.written if written is None else written
        known = [steps(scores[:, i], self.labels[:, i]) for i in columns]
        measured = [measure(scores[:, i], self.labels[:, i], stands[:, i], known[i]) for i in columns]
        return list(zip(known, measured, choose(measured, self._options.floor), strict=True))

    def second_look(self, scores: Array) -> Judged:
        """Trained on what the first look says of calls it has not seen."""
        leads = dict(zip(self.topics, map(least_score, self.judge(scores)), strict=True))
        parts = np.split(scores, np.cumsum([len(c.conversation.turns) for c in self._calls])[:-1])
        seen = [
            Seen.of(call.conversation.turns, self._data.lengths(i), parts[i], self._table([self._all[i]]))
            for i, call in enumerate(self._calls)
        ]
        return train_surroundings(self.topics, seen, self.labels, leads, self._folds, self._options.seed, self._entries)

    def settle(self, scores: Array) -> tuple[list[Result], int | None]:
        """Thresholds of the topics, and the score below which written mentions fall."""
        results = self.judge(scores)
        doubt = choose_doubt(scores, self.labels, self.written, [least_score(result) for result in results])
        stands = self.written if doubt is None else self.written & (scores >= doubt)
        return self.judge(scores, stands), doubt

    def fit(self, before: Sequence[Topics]) -> Mapping[str, Weights]:
        """From all calls: what is published."""
        return self._data.by_topic(self._solve(range(len(self._calls)), before))

    def _solve(self, calls: Sequence[int], before: Sequence[Topics]) -> Array:
        weights = self._data.solve(calls, before)
        self._fits += 1
        self._told(self._fits / (2 * self._number + 2))
        return weights

    def _table(self, topics: Sequence[Sequence[Collection[str]]]) -> Array:
        rows = [[topic in turn for topic in self.topics] for call in topics for turn in call]
        return np.array(rows, dtype=bool).reshape(-1, len(self.topics))


class _Data:
    """Examples as row numbers of features; built once, since all but the topics before stays the same."""

    def __init__(
        self, calls: Sequence[LabelledCall], extra: Sequence[Example], topics: Sequence[str], options: Options
    ) -> None:
        self._topics, self._options = topics, options
        turns, pieces = [turn_examples(call) for call in calls], [piece_examples(call) for call in calls]
        every = [example for group in (*turns, *pieces, extra) for example in group]
        counts = Counter(feature for example in every for feature in example.features)
        self._names = sorted(name for name, count in counts.items() if count >= options.least_count)
        self._names += ["c" + after(topic) for topic in topics]
        self._rows = {name: row for row, name in enumerate(self._names)}
        self._turns = [[self._example(e) for e in group] for group in turns]
        self._lengths = [[len(turn.text) for turn in squeezed_turns(normalise(call.conversation))] for call in calls]
        self._others = [[self._example(e) for e in group] for group in pieces]
        self._extra = [self._example(e) for e in extra]

    def solve(self, calls: Sequence[int], before: Sequence[Topics]) -> Array:
        """Whole-number weights, the lightest left out: features by topics, the last row the bias."""
        used = [example for i in calls for example in (*self._with(i, before[i]), *self._others[i])] + self._extra
        seen, signs = [rows for rows, _ in used], np.array([sign for _, sign in used]).reshape(-1, len(self._topics))
        o = self._options
        weights = solve(seen, signs, len(self._names), cost=o.cost, epochs=o.epochs, seed=o.seed)
        whole: Array = np.rint(weights * SCALE).astype(np.int64)
        for column in range(len(self._topics)):
            heavy = np.argsort(-np.abs(whole[:-1, column]), kind="stable")
            whole[heavy[o.kept :], column] = 0
        return whole

    def scores(self, weights: Array, call: int, before: Topics) -> Array:
        rows = [weights[rows].sum(axis=0) + weights[-1] for rows, _ in self._with(call, before)]
        return np.array(rows, dtype=np.int64).reshape(-1, len(self._topics))

    def lengths(self, call: int) -> Sequence[int]:
        """Characters of its turns, marks left out."""
        return self._lengths[call]

    def by_topic(self, weights: Array) -> Mapping[str, Weights]:
        return {topic: self._of(weights[:, column]) for column, topic in enumerate(self._topics)}

    def _of(self, weights: Array) -> Weights:
        kinds: dict[str, dict[str, int]] = {kind: {} for kind in _KINDS.values()}
        for row in np.flatnonzero(weights[:-1]):
            kind, name = self._names[row][0], self._names[row][1:]
            kinds[_KINDS[kind]][spelled(name) if kind == "s" else name] = int(weights[row])
        return Weights(bias=int(weights[-1]), **kinds)

    def _with(self, call: int, before: Topics) -> Iterator[tuple[Array, Array]]:
        for (rows, signs), topics in zip(self._turns[call], before, strict=True):
            more = [self._rows["c" + after(topic)] for topic in sorted(topics) if topic in self._topics]
            yield np.append(rows, more).astype(np.int64), signs

    def _example(self, example: Example) -> tuple[Array, Array]:
        rows = sorted(row for name in example.features if (row := self._rows.get(name)) is not None)
        return np.array(rows, dtype=np.int64), np.array([_sign(topic, example) for topic in self._topics])


def _sign(topic: str, example: Example) -> int:
    if example.known is not None and topic not in example.known:
        return 0
    return 1 if topic in example.topics else -1


def call_digest(call: LabelledCall) -> str:
    """By which a file can say which calls it was trained on; never a number, which YAML would read as one."""
    return "c" + _digest(_content(call)[0])[:8]


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def _content(call: LabelledCall) -> list[Any]:
    labels = sorted((*key, polarity, call.evidence.get(key, "")) for key, polarity in call.labels.items())
    return [[[turn.speaker.value, turn.text] for turn in call.conversation.turns], labels]


def _trained(calls: Sequence[LabelledCall], options: Options) -> dict[str, Any]:
    """From what, so that anybody can do it again."""
    return {
        "calls": len(calls),
        "turns": sum(len(call.conversation.turns) for call in calls),
        "labels": sum(len(call.labels) for call in calls),
        "data": _digest([_content(call) for call in calls])[:16],
        "seen": sorted(call_digest(call) for call in calls),
        "options": asdict(options),
    }
