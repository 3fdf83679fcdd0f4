"""Textbook sales sentences: `text/templates.yaml` with slots filled, numbers among them."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from models.recipe import numbers

_SLOT = re.compile(r"\{(\w+)\}")
_QUESTIONS = ("吗", "呢", "怎么办", "多少", "怎么样", "哪位", "行不行", "什么", "谁", "可以吗", "没有", "好不好")


@cache
def _parts() -> dict[str, Any]:
    return yaml.safe_load((Path(__file__).parent / "text" / "templates.yaml").read_text("utf-8"))


def sentence(rng: random.Random) -> str:
    """One sentence of an agent, a customer or either, as the sample calls have them."""
    kind = rng.choices(("agent", "customer", "either"), (4, 4, 1))[0]
    text = _fill(rng.choice(_parts()[kind]), rng)
    if kind != "either":
        if rng.random() < 0.25:
            text = rng.choice(_parts()["openers"]) + text
        if rng.random() < 0.25 and not text.endswith(_QUESTIONS):
            text += rng.choice(_parts()["closers"])
    return text.replace("、", "，") + ("？" if text.endswith(_QUESTIONS) else "。")


def _fill(text: str, rng: random.Random) -> str:
    return _SLOT.sub(lambda slot: _value(slot.group(1), rng), text)


def _value(name: str, rng: random.Random) -> str:
    slots = _parts()["slots"]
    match name:
        case "N":
            return rng.choice(slots["s"]) + rng.choice(slots["title"])
        case "I":
            return rng.choice(slots["industry"]) + rng.choice(slots["industry_tail"])
        case "M":
            return numbers.money(rng)
        case "n":
            return numbers.spoken(rng.randint(2, 30))
        case "n2":
            return numbers.spoken(rng.randint(1, 12))
        case "big":
            return numbers.spoken(rng.choice([rng.randint(20, 999), rng.randint(1, 99) * 100]))
        case "pct":
            return "百分之" + numbers.spoken(rng.randint(1, 99))
        case "tel":
            return numbers.digits(rng, rng.choice([5, 11]))
        case "cn":
            return numbers.clock(rng)
    return str(rng.choice(slots[name]))
