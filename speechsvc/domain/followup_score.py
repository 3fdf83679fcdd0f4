"""The score of a follow-up: what of its calls, documents and minutes counts, each once, and the frozen snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from speechsvc.domain.followup import Item, ItemKind
from speechsvc.domain.overlap import Intervals, speak_at_once
from speechsvc.domain.rubric import Rubric
from speechsvc.domain.score import Score, ScoreInputs
from speechsvc.domain.score_facts import join_inputs
from speechsvc.domain.scoring import SCORING_VERSION, recompute, score

FROZEN_FORMAT = 1  # of `Frozen.to_dict`
DISTINCT_CHARACTERS = 20  # two short calls may use the same words by chance; the customer's longer words never

# Scoring code by SCORING_VERSION: a change of code that moves a total adds a line here and keeps the old function.
SCORERS: dict[str, Callable[[Mapping[str, Any], Rubric], Score]] = {"1": recompute}


class SnapshotUnknown(ValueError):
    """Made by a release that this one does not know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedCall:
    """A call, chat or minutes of the follow-up with its newest analysis."""

    item: Item
    salesperson_id: str | None
    customer_id: str | None = None
    started_at: datetime
    duration_s: float  # 0 where not known
    spoken: bool  # over the phone: two at once are impossible
    speech: Intervals | None = None  # seconds with speech; looked up only where another call may overlap
    total: int  # of the call alone
    snapshot: Mapping[str, Any]  # ScoreInputs.to_dict of this call
    topics: tuple[str, ...]  # affirmed, for minutes
    versions: Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeated:
    """Something that counts once and was there before."""

    id: str
    kind: str
    reason: str  # same_recording, same_words, overlapping_call, same_document, same_minutes, customer_on_two_calls
    of: str  # what counts instead
    left_out: bool = True  # False: it counts, and is pointed out


@dataclass(frozen=True, kw_only=True, slots=True)
class Frozen:
    """A score and all that decides it: recomputes for ever, whatever happens to calls, lexicon or rubric."""

    score: Mapping[str, Any]
    snapshot: Mapping[str, Any]

    @property
    def total(self) -> int:
        return int(self.score["total"])

    @property
    def counts(self) -> bool:
        return bool(self.score["counts_toward_performance"])


def judge(
    calls: Sequence[JudgedCall],
    documents: Sequence[Item],
    minutes: Sequence[JudgedCall],
    rubric: Rubric,
    *,
    documents_fed: bool,
    minutes_fed: bool,
    repeated: Sequence[Repeated] = (),
) -> Frozen:
    """`repeated`: what the caller knows to be duplicates of things outside this follow-up, or worth a look."""
    out = {r.id for r in repeated if r.left_out}
    once, twice = _once([c for c in calls if c.item.id not in out])
    papers, same_papers = _distinct(documents, lambda d: d.sha256, "same_document")
    notes, same_notes = _distinct([m.item for m in minutes], lambda m: m.fingerprint, "same_minutes")
    kept = {m.id for m in notes}
    inputs = ScoreInputs(
        calls=join_inputs([ScoreInputs.from_dict(c.snapshot) for c in once]).calls if once else (),
        documents=tuple(sorted({d.sha256 or d.id for d in papers})) if documents_fed else None,
        minutes_topics=tuple(sorted({t for m in minutes if m.item.id in kept for t in m.topics}))
        if minutes_fed
        else None,
    )
    found = [*repeated, *twice, *same_papers, *same_notes]
    return freeze(inputs, rubric, found, _versions([*once, *minutes], rubric))


def freeze(inputs: ScoreInputs, rubric: Rubric, repeated: Sequence[Repeated], versions: Mapping[str, Any]) -> Frozen:
    result = score(inputs, rubric).to_dict()
    left_out, seen = ([r for r in repeated if r.left_out is out] for out in (True, False))
    result["duplicates"] = [{"id": r.id, "kind": r.kind, "reason": r.reason, "counts_instead": r.of} for r in left_out]
    if seen:
        result["noticed"] = [{"id": r.id, "kind": r.kind, "reason": r.reason, "beside": r.of} for r in seen]
    result["versions"] = dict(versions)
    snapshot = {
        "format": FROZEN_FORMAT,
        "scoring": SCORING_VERSION,
        "inputs": inputs.to_dict(),
        "rubric": rubric.to_dict(),
    }
    return Frozen(score=result, snapshot=snapshot)


def recompute_frozen(snapshot: Mapping[str, Any], rubric: Rubric | None = None) -> Score:
    """The score again, with the code and the rubric that made it; or with another rubric, for previews.

    Raises SnapshotUnknown.
    """
    scorer = SCORERS.get(str(snapshot.get("scoring")))
    if snapshot.get("format") != FROZEN_FORMAT or scorer is None:
        raise SnapshotUnknown(f"format {snapshot.get('format')!r}, scoring {snapshot.get('scoring')!r}")
    return scorer(snapshot["inputs"], rubric or Rubric.from_dict(snapshot["rubric"]))


def why_not(score: Mapping[str, Any], items: Sequence[Item]) -> tuple[str, ...]:
    """Stable codes of the reasons why a follow-up does not count; empty where it does."""
    if score["counts_toward_performance"]:
        return ()
    gates = [g["id"] for g in score["gates"] if g["cap"] <= score["total"]]
    named = {"not_effective": "no_effective_contact"}
    reasons = [named.get(g, g) for g in gates] or ["below_pass_line"]
    if score["duplicates"]:
        reasons.append("duplicates_left_out")
    if any(i.late for i in items):
        reasons.append("late_items_left_out")
    return tuple(reasons)


def _once(calls: Sequence[JudgedCall]) -> tuple[list[JudgedCall], list[Repeated]]:
    """The better of two calls counts; equal ones: the earlier arrival."""
    kept: list[JudgedCall] = []
    repeated: list[Repeated] = []
    for call in sorted(calls, key=lambda c: (-c.total, c.item.received_at, c.item.id)):
        for other in kept:
            reason = _same(call, other)
            if reason is not None:
                repeated.append(Repeated(id=call.item.id, kind="call", reason=reason, of=other.item.id))
                break
        else:
            kept.append(call)
    return sorted(kept, key=lambda c: (c.started_at, c.item.id)), repeated


def _same(one: JudgedCall, other: JudgedCall) -> str | None:
    if one.item.sha256 is not None and one.item.sha256 == other.item.sha256:
        return "same_recording"
    if one.item.fingerprint is not None and one.item.fingerprint == other.item.fingerprint:
        return "same_words"
    if one.spoken and other.spoken and _same_party(one, other) and speak_at_once(one, other):
        return "overlapping_call"
    return None


def _same_party(one: JudgedCall, other: JudgedCall) -> bool:
    """One conversation on two extensions has two salespeople, one customer and one talk time."""
    same_customer = one.customer_id is not None and one.customer_id == other.customer_id
    return same_customer or one.salesperson_id == other.salesperson_id


def _distinct(
    items: Sequence[Item], key: Callable[[Item], str | None], reason: str
) -> tuple[list[Item], list[Repeated]]:
    first: dict[str, Item] = {}
    kept: list[Item] = []
    repeated: list[Repeated] = []
    for item in sorted(items, key=lambda i: (i.received_at, i.id)):
        name = key(item)
        if name is not None and name in first:
            repeated.append(Repeated(id=item.id, kind=item.kind.value, reason=reason, of=first[name].id))
            continue
        if name is not None:
            first[name] = item
        kept.append(item)
    return kept, repeated


def _versions(calls: Sequence[JudgedCall], rubric: Rubric) -> dict[str, Any]:
    """Every version that took part: calls of one follow-up may have been analysed by different ones."""

    def all_of(name: str) -> list[str]:
        return sorted({v for c in calls if (v := c.versions.get(name)) is not None})

    return {
        "lexicon": all_of("lexicon"),
        "engine": all_of("engine"),
        "transcript": all_of("transcript"),
        "rubric": rubric.label,
        "scoring": SCORING_VERSION,
    }


def fingerprint_of(snapshot: Mapping[str, Any], kind: ItemKind) -> str | None:
    """Of the words; none for a call with too few of them to tell it from another."""
    calls = list(snapshot.get("calls") or [])
    if len(calls) != 1:
        return None
    facts = calls[0]
    said = facts["customer_characters"] + facts["unknown_characters"]
    tells = kind is ItemKind.MINUTES or said >= DISTINCT_CHARACTERS
    return str(facts["fingerprint"]) if tells else None


def redact(value: Any, call_id: str) -> Any:
    """A copy of a score or snapshot without the words of one call; the numbers stay, so it still recomputes."""
    if isinstance(value, dict):
        quoted = value.get("call_id") == call_id and "text" in value
        return {k: _bare(k, v) if quoted else redact(v, call_id) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact(v, call_id) for v in value]
    return value


def _bare(key: str, value: Any) -> Any:
    """Of a quote: no words, and a note without the phrases that it names after its colon."""
    if key == "note" and isinstance(value, str):
        return value.partition(": ")[0]
    return "" if key == "text" else value


__all__ = [
    "Frozen",
    "ItemKind",
    "JudgedCall",
    "Repeated",
    "SnapshotUnknown",
    "fingerprint_of",
    "freeze",
    "judge",
    "recompute_frozen",
    "redact",
    "why_not",
]
