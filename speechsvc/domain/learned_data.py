"""Learned entries as plain JSON; `tagging.learned.model_file.parse_learned` reads it back to an equal value."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from speechsvc.domain.learned import LearnedEntries, LearnedTopic, Weights

FORMAT = 1


def learned_data(learned: LearnedEntries) -> dict[str, Any]:
    """The form of learned.json."""
    data: dict[str, Any] = {"format": FORMAT, "trained": dict(learned.trained)}
    if learned.negation is not None:
        data["negation"] = _weights(learned.negation)
    data["topics"] = [_topic(topic) for topic in learned.topics]
    return data


def _topic(topic: LearnedTopic) -> dict[str, Any]:
    return {
        "id": topic.id,
        "threshold": topic.threshold,
        "steps": [list(step) for step in topic.steps],
        "measured": [asdict(one) for one in topic.measured],
        "weights": _weights(topic.weights),
    }


def _weights(weights: Weights) -> dict[str, Any]:
    data: dict[str, Any] = {"bias": weights.bias}
    for kind in ("text", "sounds", "before", "context"):
        given = getattr(weights, kind)
        data[kind] = {name: given[name] for name in sorted(given)}
    return data
