"""Trains the model of the next step: logistic regression over n-grams and facts, by Newton's method in the dual.

A thousand calls have far fewer examples than features, so the equations are solved for the calls: NumPy is enough, and
nothing is drawn by chance but the folds, which are seeded. Cross-validated through the very code that serves.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from speechsvc.errors import SpeechsvcError
from speechsvc.tagging.evaluate import LabelledCall
from speechsvc.tagging.next_step import read_next_step
from speechsvc.tagging.next_step_features import FACTS, FIELDS, UNITS, Features, features_of
from speechsvc.tagging.next_step_judge import LEAST_STRETCHES
from speechsvc.tagging.next_step_model import SCALE, NextStepModel

Array = np.ndarray[Any, Any]
_LONG = 20  # turns
_LEAST = 20  # calls with and without a next step, each


class TooFewNextSteps(SpeechsvcError):
    """Training needs at least {least} calls with an agreed next step and {least} without; there are {yes} and {no}."""

    code, status = "too_few_next_steps", 422
    zh = "训练至少需要 {least} 通有下一步和 {least} 通没有下一步的通话，现有 {yes} 和 {no} 通。"
    advice = "Label more calls, or add those that come with the project (tests/gold)."
    advice_zh = "请标注更多通话，或加入随项目提供的标注（tests/gold）。"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to train. The defaults were chosen by cross-validation, see docs/score.md."""

    folds: int = 5
    seed: int = 1
    cost: float = 5.0  # of an error, against the size of the weights
    least_count: int = 3  # calls in which an n-gram must occur
    kept: int = 6000  # n-grams of a field: the most frequent
    field_weights: tuple[float, ...] = (1.0, 0.7, 0.7)  # customer, agent, last


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One call as the model sees it."""

    story: str  # calls of one story share a fold: what their id has before its first hyphen
    features: Features
    agreed: bool  # as people say
    by_phrases: bool
    whole: bool  # a whole call, not only its end
    stretches: int
    turns: int


def examples_of(calls: Sequence[LabelledCall]) -> list[Example]:
    """Calls with a judged next step that reached somebody; in order of id."""
    used = [c for c in calls if c.customer_next_step is not None and c.contact in (None, "effective")]
    made = []
    for call in sorted(used, key=lambda c: c.conversation.call_id):
        reading = read_next_step(call.conversation)
        made.append(
            Example(
                story=call.conversation.call_id.split("-")[0],
                features=features_of(reading),
                agreed=bool(call.customer_next_step),
                by_phrases=reading.step.agreed,
                whole=call.contact is not None,
                stretches=len(reading.said),
                turns=len(call.conversation.turns),
            )
        )
    return made


def train_next_step(calls: Sequence[LabelledCall], options: Options) -> NextStepModel:
    """The same calls give the same model. Raises TooFewNextSteps."""
    examples = examples_of(calls)
    yes = sum(e.agreed for e in examples)
    if min(yes, len(examples) - yes) < _LEAST:
        raise TooFewNextSteps(least=_LEAST, yes=yes, no=len(examples) - yes)
    trained = {
        "calls": len(examples),
        "agreed": yes,
        "data": _digest(calls),
        "options": asdict(options),
        "cross_validated": cross_validated(examples, options),
    }
    return fit(examples, options, trained)


def fit(examples: Sequence[Example], options: Options, trained: dict[str, Any] | None = None) -> NextStepModel:
    """From all examples. Weights are whole numbers; what rounds to nothing is left out."""
    names = [_names(examples, field, options) for field in FIELDS]
    blocks = [
        _block(examples, field, found) * weight
        for field, found, weight in zip(FIELDS, names, options.field_weights, strict=True)
    ]
    facts = np.array([[e.features.facts[fact] * UNITS[fact] for fact in FACTS] for e in examples])
    labels = np.array([e.agreed for e in examples])
    duals, bias = _solve(sum(block @ block.T for block in (*blocks, facts)), labels, options.cost)
    fields = {}
    for field, found, block, weight in zip(FIELDS, names, blocks, options.field_weights, strict=True):
        inverse = _inverse_frequency(found, len(examples))
        weights = np.rint(SCALE * weight * inverse * (duals @ block)).astype(int)
        fields[field] = {gram: int(w) for (gram, _), w in zip(found, weights, strict=True) if w}
    of_facts = np.rint(SCALE * np.array([UNITS[fact] for fact in FACTS]) * (duals @ facts)).astype(int)
    return NextStepModel(
        bias=round(SCALE * bias),
        facts={fact: int(w) for fact, w in zip(FACTS, of_facts, strict=True)},
        fields=fields,
        trained=trained or {},
    )


def cross_validated(examples: Sequence[Example], options: Options) -> dict[str, dict[str, float | int]]:
    """How often model and phrases are right on calls of stories that the model has not seen, by kind of call."""
    models = models_by_story(examples, options)
    said = [models[e.story].score(e.features) > 0 for e in examples]
    kinds = {
        "whole calls": [e.whole for e in examples],
        f"whole calls of {_LONG} turns and more": [e.whole and e.turns >= _LONG for e in examples],
        f"whole calls of {LEAST_STRETCHES} stretches and more": [
            e.whole and e.stretches >= LEAST_STRETCHES for e in examples
        ],
        f"whole calls of fewer than {LEAST_STRETCHES} stretches": [
            e.whole and e.stretches < LEAST_STRETCHES for e in examples
        ],
        "endings": [not e.whole for e in examples],
    }
    return {kind: _figures(examples, said, chosen) for kind, chosen in kinds.items() if any(chosen)}


def models_by_story(examples: Sequence[Example], options: Options) -> Mapping[str, NextStepModel]:
    """For each story a model that has not seen it."""
    folds = _folds(examples, options)
    models = [fit([e for e in examples if folds[e.story] != fold], options) for fold in range(options.folds)]
    return {story: models[fold] for story, fold in folds.items()}


def _figures(examples: Sequence[Example], said: Sequence[bool], chosen: Sequence[bool]) -> dict[str, float | int]:
    rows = [(e.agreed, e.by_phrases, s) for e, s, c in zip(examples, said, chosen, strict=True) if c]
    return {
        "calls": len(rows),
        "right": round(sum(truth == found for truth, _, found in rows) / len(rows), 3),
        "phrases_right": round(sum(truth == found for truth, found, _ in rows) / len(rows), 3),
        "without_next_step": sum(not truth for truth, _, _ in rows),
        "wrongly_agreed": sum(found and not truth for truth, _, found in rows),
        "phrases_wrongly_agreed": sum(found and not truth for truth, found, _ in rows),
    }


def _folds(examples: Sequence[Example], options: Options) -> Mapping[str, int]:
    """The fold of each story: a seeded deal."""
    stories = sorted({e.story for e in examples})
    deal = np.random.Generator(np.random.PCG64(options.seed)).permutation(len(stories))
    return {story: int(place) % options.folds for story, place in zip(stories, deal, strict=True)}


def _names(examples: Sequence[Example], field: str, options: Options) -> list[tuple[str, int]]:
    """The n-grams of a field that are used, each with the number of calls that have it."""
    counts = Counter(gram for e in examples for gram in e.features.fields[field])
    frequent = [(gram, count) for gram, count in counts.items() if count >= options.least_count]
    return sorted(frequent, key=lambda one: (-one[1], one[0]))[: options.kept]


def _inverse_frequency(names: Sequence[tuple[str, int]], calls: int) -> Array:
    return np.array([math.log((1 + calls) / (1 + count)) + 1 for _, count in names])


def _block(examples: Sequence[Example], field: str, names: Sequence[tuple[str, int]]) -> Array:
    """Examples by n-grams: inverse document frequency over the root of the number of different n-grams."""
    column = {gram: i for i, (gram, _) in enumerate(names)}
    block = np.zeros((len(examples), len(names)))
    for row, example in zip(block, examples, strict=True):
        grams = example.features.fields[field]
        row[[column[gram] for gram in grams if gram in column]] = 1 / math.sqrt(max(1, len(grams)))
    return block * _inverse_frequency(names, len(examples))


def _solve(kernel: Array, labels: Array, cost: float) -> tuple[Array, float]:
    """Duals and bias of logistic regression (L2), both classes of equal weight, by Newton's method."""
    count = len(labels)
    of_class = np.where(labels, count / (2 * labels.sum()), count / (2 * (~labels).sum()))
    duals, bias = np.zeros(count), 0.0
    for _ in range(50):
        scores = kernel @ duals + bias
        p = 1 / (1 + np.exp(-np.clip(scores, -30, 30)))
        spread = np.maximum(p * (1 - p), 1e-9)
        system = np.ones((count + 1, count + 1))
        system[:count, :count] = kernel + np.diag(1 / (cost * of_class * spread))
        system[count, count] = 0
        solved = np.linalg.solve(system, np.append(scores + (labels - p) / spread, 0.0))
        change = float(np.abs(solved[:count] - duals).max())
        duals, bias = solved[:count], float(solved[count])
        if change < 1e-9:
            break
    return duals, bias


def _digest(calls: Sequence[LabelledCall]) -> str:
    content = [
        [c.conversation.call_id, [[t.speaker.value, t.text] for t in c.conversation.turns], c.customer_next_step]
        for c in sorted(calls, key=lambda c: c.conversation.call_id)
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:16]
