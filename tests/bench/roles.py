"""Who is salesperson, who customer: `python -m tests.bench.roles [CALLS.jsonl]` measures the shipped cues on labelled
calls; without an argument it learns weights from tests/gold (never its held-apart files) and cross-validates them.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from speechsvc.domain.role_cues import CUES
from speechsvc.domain.roles import THRESHOLD, role_reasons

GOLD = Path(__file__).parents[1] / "gold"
LEARN = ("dev", "w1", "w2", "w3", "w4", "w5")
Vector = npt.NDArray[np.float64]
_STIFF = 4.0  # pulls every weight to 0


def calls(path: Path) -> list[dict[str, Any]]:
    """Those in which a salesperson and a customer both speak."""
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    two = [c for c in found if {t["speaker"] for t in c["turns"]} >= {"agent", "customer"}]
    return [c for c in two if c["contact"] in ("effective", "refused", "wrong_number")]


def sides(call: dict[str, Any], wrong: float, rng: random.Random) -> tuple[str, str]:
    """The words of both, after a share of turns went to the wrong speaker."""
    texts = {"agent": [], "customer": []}  # type: dict[str, list[str]]
    other = {"agent": "customer", "customer": "agent"}
    for turn in call["turns"]:
        who = turn["speaker"]
        if who in other:
            texts[other[who] if rng.random() < wrong else who].append(turn["text"])
    return "，".join(texts["agent"]), "，".join(texts["customer"])


def shipped(first: str, second: str) -> float:
    """Confidence that `first` is the salesperson."""
    return float(1 / (1 + np.exp(-sum(reason["weight"] for reason in role_reasons(first, second)))))


def features(first: str, second: str) -> Vector:
    counts = [[np.log1p(len(cue.pattern.findall(text))) for cue in CUES] for text in (first, second)]
    share = np.log(len(first) + 20) - np.log(len(second) + 20)
    return np.append(np.subtract(*counts), share)


def learn(rows: Vector) -> Vector:
    """Logistic regression without a constant: swapping the speakers must turn the answer round."""
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        sure = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (1 - sure) - _STIFF * weights
        curve = (rows * (sure * (1 - sure))[:, None]).T @ rows + _STIFF * np.eye(len(weights))
        weights += np.linalg.solve(curve, slope)
    return weights


def training_rows(found: list[dict[str, Any]], rng: random.Random) -> Vector:
    """Whole calls and their first six turns, clean and with 10 and 20 % of turns given to the wrong speaker."""
    short = [{**call, "turns": call["turns"][:6]} for call in found]
    return np.stack([features(*sides(c, wrong, rng)) for c in [*found, *short] for wrong in (0, 0.1, 0.2)])


def show(name: str, confidences: list[float]) -> None:
    sure = np.array(confidences)
    right, wrong = int((sure >= THRESHOLD).sum()), int((sure <= 1 - THRESHOLD).sum())
    print(f"{name}: {len(sure)} calls, named right {right}, wrong {wrong}, unknown {len(sure) - right - wrong}")


def main(path: Path | None) -> None:
    rng = random.Random(1)
    if path is not None:
        for wrong in (0.0, 0.1):
            show(f"{path.name}, {wrong:.0%} of turns wrong", [shipped(*sides(c, wrong, rng)) for c in calls(path)])
        return
    found = [call for name in LEARN for call in calls(GOLD / f"{name}.jsonl")]
    rng.shuffle(found)
    folds = [(found[k::5], [c for i, c in enumerate(found) if i % 5 != k]) for k in range(5)]
    held = [(test, learn(training_rows(rest, rng))) for test, rest in folds]
    for wrong in (0.0, 0.1):
        sure = [1 / (1 + np.exp(-features(*sides(c, wrong, rng)) @ w)) for test, w in held for c in test]
        show(f"cross-validation, {wrong:.0%} of turns wrong", [float(s) for s in sure])
    weights = learn(training_rows(found, rng))
    for name, weight in zip([*(cue.id for cue in CUES), "share"], weights, strict=True):
        print(f"{name:20} {weight:6.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
