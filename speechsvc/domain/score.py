"""Values around a score: the frozen snapshot that decides it, and the score with its reasons. JSON both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SNAPSHOT_FORMAT = 1  # of ScoreInputs.to_dict; grows when its meaning changes


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One countable thing, traceable to the second."""

    call_id: str
    turn: int | None  # none where the fact is about the whole call
    start_ms: int
    end_ms: int
    text: str
    note: str  # what it shows, in plain words

    def evidence(self) -> dict[str, Any]:
        """As shown to people: seconds instead of milliseconds."""
        return {
            "call_id": self.call_id,
            "turn": self.turn,
            "start": self.start_ms / 1000,
            "end": self.end_ms / 1000,
            "text": self.text,
            "reason": self.note,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenTopic:
    """How far one topic got in one call."""

    topic: str
    customer_turns: int  # turns in which the customer speaks of it with more than an acknowledgement
    agent_turns: int
    exchanges: int  # of these, the ones right before or after a customer turn on the same topic: somebody answers
    specifics: int  # customer turns of this topic, or direct answers to it, with numbers, dates or names
    taken_up: bool  # no customer turn names it, but the customer answered the agent with substance
    evidence: tuple[Fact, ...]  # the customer's turns


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFacts:
    """Everything countable in one call. Whole numbers only, so that no platform rounds differently."""

    call_id: str
    fingerprint: str  # SHA-256 of speakers and words: the same call twice counts once
    contact: str
    contact_evidence: tuple[Fact, ...]
    timed: bool  # false for texts without times: talk time is then not known
    agent_ms: int  # speech
    customer_ms: int
    unknown_ms: int
    longest_monologue_ms: int
    agent_characters: int  # real characters, acknowledgements left out
    customer_characters: int
    unknown_characters: int
    topic_turns: tuple[Fact, ...]  # customer turns with substance on a topic
    questions: tuple[Fact, ...]  # customer turns that ask about the business
    topics: tuple[SpokenTopic, ...]
    put_offs: tuple[Fact, ...]  # customer turns that put off or wave away
    next_step_agreed: bool
    next_step_time: bool
    next_step_owner: bool
    next_step_evidence: tuple[Fact, ...]
    # Snapshots of earlier releases lack these; so do their rubrics what reads them.
    customer_turns: int = 0  # customer turns that say anything
    specific_turns: tuple[Fact, ...] = ()  # of these, the ones with figures, dates or names


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreInputs:
    """The frozen snapshot a score is computed from. `None` means: this source was not given."""

    calls: tuple[CallFacts, ...]
    documents: tuple[str, ...] | None = None  # one key a document (its SHA-256); repeats count once
    minutes_topics: tuple[str, ...] | None = None  # topics affirmed in the minutes

    def to_dict(self) -> dict[str, Any]:
        """JSON values only."""
        return {
            "format": SNAPSHOT_FORMAT,
            "calls": [_jsonable(asdict(c)) for c in self.calls],
            "documents": None if self.documents is None else list(self.documents),
            "minutes_topics": None if self.minutes_topics is None else list(self.minutes_topics),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScoreInputs:
        """The reverse of `to_dict`. Raises ValueError for a snapshot of another format."""
        if data.get("format") != SNAPSHOT_FORMAT:
            raise ValueError(f"snapshot format {data.get('format')!r} is not {SNAPSHOT_FORMAT}")
        documents, minutes = data["documents"], data["minutes_topics"]
        return cls(
            calls=tuple(_call_facts(c) for c in data["calls"]),
            documents=None if documents is None else tuple(documents),
            minutes_topics=None if minutes is None else tuple(minutes),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreComponent:
    """One component's points and why."""

    id: str
    name_zh: str
    name_en: str
    points: int
    max_points: int  # after re-weighting; all components' sum to 100
    reason_zh: str
    reason_en: str
    inputs: Mapping[str, int]  # the numbers used
    evidence: tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AppliedGate:
    """A gate that holds, whether or not it lowered the total."""

    id: str
    name_zh: str
    name_en: str
    cap: int
    reason_zh: str
    reason_en: str
    evidence: tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A component that was not judged because its source was not given."""

    id: str
    name_zh: str
    name_en: str
    points: int  # spread over the others
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """0 to 100 with every reason."""

    total: int
    before_gates: int  # sum of the components' points
    counts_toward_performance: bool
    components: tuple[ScoreComponent, ...]
    gates: tuple[AppliedGate, ...]
    left_out: tuple[LeftOut, ...]

    def to_dict(self) -> dict[str, Any]:
        """What `speechsvc tag` and the API return."""
        return {
            "total": self.total,
            "before_gates": self.before_gates,
            "counts_toward_performance": self.counts_toward_performance,
            "components": [
                _head(c) | {"points": c.points, "max_points": c.max_points, "inputs": dict(c.inputs)} | _why(c)
                for c in self.components
            ],
            "gates": [_head(g) | {"cap": g.cap} | _why(g) for g in self.gates],
            "left_out": [
                _head(x) | {"points": x.points, "reason": x.reason_en, "reason_zh": x.reason_zh} for x in self.left_out
            ],
        }


def _head(part: ScoreComponent | AppliedGate | LeftOut) -> dict[str, Any]:
    return {"id": part.id, "name": part.name_en, "name_zh": part.name_zh}


def _why(part: ScoreComponent | AppliedGate) -> dict[str, Any]:
    return {
        "reason": part.reason_en,
        "reason_zh": part.reason_zh,
        "evidence": [f.evidence() for f in part.evidence],
    }


def _jsonable(value: Any) -> Any:
    """Tuples as lists, all the way down, as JSON would have them."""
    if isinstance(value, dict):
        return {k: _jsonable(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_jsonable(v) for v in value]
    return value


def _facts(items: list[dict[str, Any]]) -> tuple[Fact, ...]:
    return tuple(Fact(**item) for item in items)


def _call_facts(data: Mapping[str, Any]) -> CallFacts:
    lists = ("contact_evidence", "topic_turns", "questions", "put_offs", "next_step_evidence")
    values: dict[str, Any] = dict(data) | {name: _facts(data[name]) for name in lists}
    values["specific_turns"] = _facts(data.get("specific_turns", []))
    values["topics"] = tuple(SpokenTopic(**(t | {"evidence": _facts(t["evidence"])})) for t in data["topics"])
    return CallFacts(**values)
