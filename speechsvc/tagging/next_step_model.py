"""The model of the agreed next step: a linear one over characters and what the phrases find, in whole numbers.

Its file travels with the phrases (`lexicons/next_step_model.json`); `speechsvc lexicon train-next-step` makes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import isqrt
from pathlib import Path
from typing import Any

from speechsvc.errors import SpeechsvcError
from speechsvc.resources import bundled
from speechsvc.tagging.next_step_features import FACTS, FIELDS, Features

FILE = "next_step_model.json"
FORMAT = "speechsvc-next-step-1"
SCALE = 1000  # whole-number units in a logit
_LARGEST = 10**6  # of a weight


class NextStepModelInvalid(SpeechsvcError):
    """The model of the next step cannot be used: {problem}"""

    code, status = "next_step_model_invalid", 422
    zh = "“下一步”模型无法使用：{problem}"
    advice = "Restore the file from the release, or train it again with 'speechsvc lexicon train-next-step'."
    advice_zh = "请从发布包恢复该文件，或运行 'speechsvc lexicon train-next-step' 重新训练。"


@dataclass(frozen=True, kw_only=True, slots=True)
class NextStepModel:
    """Weights in thousandths of a logit. `trained` says from what; it decides nothing."""

    bias: int
    facts: Mapping[str, int]  # per unit of the fact, by FACTS
    fields: Mapping[str, Mapping[str, int]]  # of n-grams, by FIELDS; before division by the field's length
    trained: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides, hexadecimal."""
        decides = {"bias": self.bias, "facts": dict(self.facts), "fields": {f: dict(w) for f, w in self.fields.items()}}
        text = json.dumps(decides, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def score(self, features: Features) -> int:
        """Above 0: agreed. Thousandths of a logit."""
        total = self.bias + sum(self.facts[name] * features.facts[name] for name in FACTS)
        return total + sum(self.share(name, grams, len(grams)) for name, grams in features.fields.items())

    def share(self, name: str, grams: frozenset[str], size: int) -> int:
        """What n-grams add in a field of `size` different ones: their weights over the root of the size."""
        weights = self.fields[name]
        return sum(weights.get(gram, 0) for gram in grams) * SCALE // max(1, isqrt(SCALE * SCALE * size))


@cache
def bundled_model() -> NextStepModel:
    """The model that travels with the package. Raises NextStepModelInvalid."""
    return load_model(bundled("lexicons") / FILE)


def load_model(path: Path) -> NextStepModel:
    """Raises NextStepModelInvalid."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise NextStepModelInvalid(problem=f"{path.name}: not readable as JSON ({type(error).__name__})") from error
    problem = _problem(data)
    if problem:
        raise NextStepModelInvalid(problem=f"{path.name}: {problem}")
    return NextStepModel(
        bias=data["bias"], facts=data["facts"], fields=data["fields"], trained=data.get("trained") or {}
    )


def write_model(path: Path, model: NextStepModel) -> None:
    """Replaces the file in one step; one line a field. The same model gives the same bytes."""
    head = {"format": FORMAT, "trained": dict(model.trained), "bias": model.bias, "facts": dict(model.facts)}
    lines = [f"{json.dumps(key)}: {_compact(value)}" for key, value in head.items()]
    fields = [f"{json.dumps(name)}: {_compact(dict(sorted(model.fields[name].items())))}" for name in FIELDS]
    lines.append('"fields": {\n' + ",\n".join(fields) + "\n}")
    fresh = path.with_suffix(".tmp")
    fresh.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    fresh.replace(path)


def _problem(data: Any) -> str | None:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return f"its format is not {FORMAT}"
    facts, fields = data.get("facts"), data.get("fields")
    if not isinstance(facts, dict) or set(facts) != set(FACTS):
        return f"facts must be {', '.join(FACTS)}"
    if (
        not isinstance(fields, dict)
        or set(fields) != set(FIELDS)
        or not all(isinstance(f, dict) for f in fields.values())
    ):
        return f"fields must be {', '.join(FIELDS)}"
    numbers = [data.get("bias"), *facts.values(), *(w for weights in fields.values() for w in weights.values())]
    if not all(type(number) is int and -_LARGEST <= number <= _LARGEST for number in numbers):
        return "weights must be whole numbers up to a million"
    return None


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
