"""Learned entries: per topic a linear model over characters, syllables and context, in whole numbers. Values only;
`tagging.learned` trains and applies them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

OLD_WINDOW = 5  # turns, of models that do not name theirs


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """What each feature adds to a score; scores are whole numbers, so every machine gets the same sum."""

    bias: int
    text: Mapping[str, int] = field(default_factory=dict)  # 1 to 3 characters of the turn
    sounds: Mapping[str, int] = field(default_factory=dict)  # 2 to 3 syllables of the turn, "bao jia"
    before: Mapping[str, int] = field(default_factory=dict)  # 2 to 3 characters of the turn before
    context: Mapping[str, int] = field(default_factory=dict)  # "customer", "after:pricing_discount" ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What cross-validation found at one threshold. Counts are of turns in labelled calls."""

    percent: int  # the threshold: lowest estimated probability that counts
    right: int  # learned part alone: found and labelled
    wrong: int  # found, not labelled
    missed: int  # labelled, not found
    added_right: int  # of these, what no written entry had found
    added_wrong: int
    written_right: int  # what written entries find, the same at every threshold
    written_wrong: int

    @property
    def labels(self) -> int:
        """How often people found the topic."""
        return self.right + self.missed

    @property
    def union_f1(self) -> float | None:
        """Of written and learned together."""
        right = self.written_right + self.added_right
        size = right + self.written_wrong + self.added_wrong + self.labels
        return 2 * right / size if size else None


@dataclass(frozen=True, kw_only=True, slots=True)
class LearnedTopic:
    """The model of one topic."""

    id: str
    weights: Weights
    steps: tuple[tuple[int, int], ...]  # (score, percent): from that score on, so many in a hundred were right
    threshold: int | None  # percent from which a mention counts; None: this topic's model is not used
    measured: tuple[Measured, ...] = ()  # cross-validated, by threshold

    @property
    def least_score(self) -> int | None:
        """The lowest score that counts; None where nothing does."""
        if self.threshold is None:
            return None
        return next((score for score, percent in self.steps if percent >= self.threshold), None)

    def percent(self, score: int) -> int:
        """Estimated probability of a score, in percent."""
        return max((percent for least, percent in self.steps if score >= least), default=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Negation:
    """Tells mentions that are set aside. Features as in `tagging.learned.negation`: region's letter and the words."""

    bias: int
    weights: Mapping[str, int]
    least: int  # from this score on: negated
    written: bool = True  # judges what written entries find too, where their author has not fixed the polarity


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """Turns a linear model's score into hundredths of a logit: score * slope // 1000 + offset."""

    slope: int
    offset: int
    lead: int | None  # score from which the next turn is taken to follow this topic; None: never


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """One hidden layer of rectified units, one output."""

    hidden: tuple[tuple[int, ...], ...]  # a row a feature, a column a unit
    bias: tuple[int, ...]  # of each unit
    output: tuple[int, ...]  # weight of each unit
    output_bias: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """The second look at a turn, in the light of the turns around; arithmetic in `tagging.learned.surroundings`."""

    scales: Mapping[str, Scale]  # by topic
    network: Network
    again: Network | None = None  # looks once more, at what the first one said; None: it has the last word
    doubt: int | None = None  # lowest score at which a doubted entry's mention counts; None: they always do
    window: int = OLD_WINDOW  # turns on either side that count as near for the first network
    doubted: frozenset[str] = frozenset()  # written entries that were there in training; later ones are never doubted


@dataclass(frozen=True, kw_only=True, slots=True)
class LearnedEntries:
    """What travels with a lexicon. `trained` says from what; it decides nothing."""

    topics: tuple[LearnedTopic, ...]
    negation: Negation | None = None  # None: judged by the written rules
    surroundings: Surroundings | None = None  # None: each turn is judged once
    trained: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides, hexadecimal."""
        decides = [
            {"id": t.id, "weights": asdict(t.weights), "steps": t.steps, "threshold": t.threshold}
            for t in sorted(self.topics, key=lambda topic: topic.id)
        ]
        negation = None if self.negation is None else asdict(self.negation)
        decided: list[Any] = [decides, negation]
        if self.surroundings is not None:
            decided.append(surroundings_data(self.surroundings))
        text = json.dumps(decided, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def topic(self, topic_id: str) -> LearnedTopic | None:
        return next((topic for topic in self.topics if topic.id == topic_id), None)


def surroundings_data(model: Surroundings) -> dict[str, Any]:
    """JSON values only. The first network's lie beside the rest. Left out, as in files of an earlier time whose digest
    stays: `again` where there is none, and the window of those models."""
    scales = {topic: asdict(model.scales[topic]) for topic in sorted(model.scales)}
    data = {"scales": scales} | _network_data(model.network)
    data |= {"doubt": model.doubt, "doubted": sorted(model.doubted)}
    data |= {} if model.window == OLD_WINDOW else {"window": model.window}
    return data if model.again is None else data | {"again": _network_data(model.again)}


def _network_data(network: Network) -> dict[str, Any]:
    hidden = [list(row) for row in network.hidden]
    layers = {"hidden": hidden, "bias": list(network.bias), "output": list(network.output)}
    return layers | {"output_bias": network.output_bias}
