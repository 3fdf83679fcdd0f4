"""What a person sees of learned entries before publishing them: precision at every threshold. On plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from speechsvc.domain.ruleset import Content


def learned_report(learned: Content) -> list[dict[str, Any]]:
    """Of `learned_data`, by topic: the threshold, and at each possible one what cross-validation found."""
    return [
        {"id": t["id"], "threshold": t["threshold"], "measured": [shares(one) for one in t.get("measured", ())]}
        for t in learned["topics"]
    ]


def shares(one: Mapping[str, Any]) -> dict[str, Any]:
    """The counts at a threshold as shares; none without a denominator."""
    right = one["added_right"] + one["written_right"]
    added = one["added_right"] + one["added_wrong"]
    labels = one["right"] + one["missed"]
    return {
        "percent": one["percent"],
        "precision": _share(one["right"], one["right"] + one["wrong"]),
        "recall": _share(one["right"], labels),
        "added_right": one["added_right"],
        "added_wrong": one["added_wrong"],
        "added_precision": _share(one["added_right"], added),
        "union_f1": _share(2 * right, right + one["written_wrong"] + one["added_wrong"] + labels),
    }


def with_thresholds(learned: Content, thresholds: Mapping[str, int | None]) -> Content:
    """A copy with these thresholds; others stay."""
    topics = [t | {"threshold": thresholds.get(t["id"], t["threshold"])} for t in learned["topics"]]
    return learned | {"topics": topics}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
