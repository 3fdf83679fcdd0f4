"""learned.json: one line a topic, so that a difference between versions shows which topics changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from speechsvc.domain.learned import (
    OLD_WINDOW,
    LearnedEntries,
    LearnedTopic,
    Measured,
    Negation,
    Network,
    Scale,
    Surroundings,
    Weights,
)
from speechsvc.domain.learned_data import FORMAT, learned_data
from speechsvc.tagging.learned.surroundings import FEATURES, OLD_FEATURES

FILE = "learned.json"
_LARGEST = 10**6  # of a weight: sums stay far inside 64 bits
_LARGEST_OF_NETWORK = 2**30  # far from overflow: features stay below 10,000, units below 256
_KINDS = ("text", "sounds", "before", "context")


def parse_learned(data: Mapping[str, Any], topics: Collection[str]) -> LearnedEntries:
    """Data that has passed the schema and `learned_problems`. `topics`: the lexicon's; models of others are dropped, so
    that a topic can be removed without training anew."""
    return LearnedEntries(
        topics=tuple(_topic(topic) for topic in data["topics"] if topic["id"] in topics),
        negation=Negation(**data["negation"]) if data.get("negation") else None,
        surroundings=_surroundings(data.get("surroundings"), topics),
        trained=data.get("trained") or {},
    )


def learned_problems(data: Mapping[str, Any]) -> Iterator[str]:
    """What the schema cannot say, or would say slowly over tens of thousands of weights."""
    cure = "train it again with 'speechsvc lexicon train'."
    if data["format"] != FORMAT:
        yield f"its format is {data['format']}, this version reads {FORMAT}; {cure}"
    seen: set[str] = set()
    for topic in data["topics"]:
        if topic["id"] in seen:
            yield f"topic '{topic['id']}' is given twice; keep one."
        seen.add(topic["id"])
        if not _sound(topic["weights"]):
            yield f"topic '{topic['id']}': weights must be whole numbers up to a million; {cure}"
    if data.get("surroundings"):
        yield from _network_problems(data["surroundings"], seen, cure)
    if data.get("negation") and not _sound({"bias": data["negation"]["bias"], "text": data["negation"]["weights"]}):
        yield f"negation: weights must be whole numbers up to a million; {cure}"


def read_learned_file(path: Path, problems: list[str]) -> Any:
    """The file's plain data; None with a problem noted if it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        problems.append(f"{path.name}: not readable as JSON ({type(error).__name__}); train it again.")
    return None


def write_learned_file(path: Path, learned: LearnedEntries) -> None:
    """Replaces the file in one step."""
    data = learned_data(learned)
    topics = data.pop("topics")
    lines = [f"{json.dumps(key)}: {_compact(value)}" for key, value in data.items()]
    lines.append('"topics": [\n' + ",\n".join(_compact(topic) for topic in topics) + "\n]")
    fresh = path.with_suffix(".tmp")
    fresh.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    fresh.replace(path)


def _network_problems(data: Mapping[str, Any], topics: Collection[str], cure: str) -> Iterator[str]:
    wanted = (FEATURES,) if data.get("again") else (OLD_FEATURES, FEATURES)
    if len(data["hidden"]) not in wanted:
        yield f"surroundings: {len(data['hidden'])} rows, not {' or '.join(map(str, wanted))}; {cure}"
    for network in filter(None, (data, data.get("again"))):
        units = len(network["bias"])
        if any(len(row) != units for row in (*network["hidden"], network["output"])):
            yield f"surroundings: rows of different length; {cure}"
        rows = (network["bias"], network["output"], *network["hidden"])
        if any(abs(number) > _LARGEST_OF_NETWORK for number in (network["output_bias"], *chain(*rows))):
            yield f"surroundings: numbers must stay below {_LARGEST_OF_NETWORK}; {cure}"
    for topic in sorted(set(topics) - set(data["scales"])):
        yield f"surroundings: topic '{topic}' has no scale; {cure}"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _sound(weights: Mapping[str, Any]) -> bool:
    numbers = [weights["bias"], *(w for kind in _KINDS for w in weights.get(kind, {}).values())]
    return all(type(number) is int and -_LARGEST <= number <= _LARGEST for number in numbers)


def _topic(data: Mapping[str, Any]) -> LearnedTopic:
    return LearnedTopic(
        id=data["id"],
        weights=_weights(data["weights"]),
        steps=tuple((score, percent) for score, percent in data["steps"]),
        threshold=data["threshold"],
        measured=tuple(Measured(**one) for one in data.get("measured", ())),
    )


def _surroundings(data: Mapping[str, Any] | None, topics: Collection[str]) -> Surroundings | None:
    if not data:
        return None
    return Surroundings(
        scales={topic: Scale(**scale) for topic, scale in data["scales"].items() if topic in topics},
        network=_network(data),
        again=_network(data["again"]) if data.get("again") else None,
        doubt=data["doubt"],
        window=data.get("window", OLD_WINDOW),
        doubted=frozenset(data["doubted"]),
    )


def _network(data: Mapping[str, Any]) -> Network:
    return Network(
        hidden=tuple(tuple(row) for row in data["hidden"]),
        bias=tuple(data["bias"]),
        output=tuple(data["output"]),
        output_bias=data["output_bias"],
    )


def _weights(data: Mapping[str, Any]) -> Weights:
    return Weights(bias=data["bias"], **{kind: dict(data.get(kind, {})) for kind in _KINDS})
