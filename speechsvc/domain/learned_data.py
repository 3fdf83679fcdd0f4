"""Learned entries as plain JSON; `tagging.learned.model_file.parse_learned` reads it back to an equal value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from speechsvc.domain.learned import LearnedEntries, LearnedTopic, Weights, surroundings_data

FORMAT = 1


def learned_data(learned: LearnedEntries) -> dict[str, Any]:
    """The form of learned.json."""
    data: dict[str, Any] = {"format": FORMAT, "trained": dict(learned.trained)}
    if learned.negation is not None:
        data["negation"] = asdict(learned.negation)
    if learned.surroundings is not None:
        data["surroundings"] = surroundings_data(learned.surroundings)
    data["topics"] = [_topic(topic) for topic in learned.topics]
    return data


def learned_summary(data: Mapping[str, Any]) -> dict[str, Any]:
    """Of `learned_data`: from what it was trained, the thresholds, and a digest of everything."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {
        "trained": data.get("trained"),
        "thresholds": {topic["id"]: topic["threshold"] for topic in data["topics"]},
        "digest": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
    }


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
