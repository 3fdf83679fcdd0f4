"""What the model of the next step sees of a conversation: the characters of its end, and what the phrases found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from speechsvc.domain.utterance import puts_off
from speechsvc.tagging.learned.features import grams
from speechsvc.tagging.next_step import Reading, Said

CUSTOMER, AGENT, LAST = FIELDS = ("customer", "agent", "last")
LENGTHS = (1, 2, 3)  # characters of an n-gram
WINDOW = 8  # stretches from the end, for the fields customer and agent
LAST_WINDOW = 3  # stretches from the end, whoever speaks
_FARTHEST = 20  # stretches
_LATE = 3  # the customer's last stretches, in which a no weighs more
_LONG = 20  # stretches

# The facts, each with the size of its unit in training: they then weigh about as much as a field of text.
UNITS: Mapping[str, float] = {
    "agreed": 1.0,  # by the phrases
    "timed": 1.0,
    "owned": 1.0,
    "stretches_since": 0.1,  # since the last consent by the phrases, 20 at most and where there is none
    "late_refusals": 1 / 3,  # among the customer's last three stretches
    "late_put_offs": 1 / 3,
    "put_offs": 1 / 3,  # five at most
    "long": 1.0,  # twenty stretches or more
}
FACTS = tuple(UNITS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """Of one conversation."""

    fields: Mapping[str, frozenset[str]]  # the different n-grams, by FIELDS
    facts: Mapping[str, int]  # by FACTS


def features_of(reading: Reading) -> Features:
    """The text is folded: simplified, lower case, no marks, so that written and recognised text look the same."""
    return Features(
        fields={
            name: frozenset(g for part in parts_of(reading.said, name) for g in part_grams(part)) for name in FIELDS
        },
        facts=_facts(reading),
    )


def parts_of(said: Sequence[Said], name: str) -> Sequence[Said]:
    """The stretches of a field. Whose speaker is unknown may be the customer."""
    if name == LAST:
        return said[-LAST_WINDOW:]
    return [s for s in said[-WINDOW:] if s.by_customer == (name == CUSTOMER)]


def part_grams(part: Said) -> frozenset[str]:
    """The different n-grams of one stretch."""
    return frozenset(grams(part.plain.text, LENGTHS))


def _facts(reading: Reading) -> dict[str, int]:
    said, step = reading.said, reading.step
    customer = [s for s in said if s.by_customer]
    late = customer[-_LATE:]
    since = len(said) - 1 - reading.agreements[-1].at if reading.agreements else _FARTHEST
    return {
        "agreed": int(step.agreed),
        "timed": int(step.has_time),
        "owned": int(step.has_owner),
        "stretches_since": min(since, _FARTHEST),
        "late_refusals": sum(s.rejects for s in late),
        "late_put_offs": sum(puts_off(s.stretch.text) or s.has("postponement") for s in late),
        "put_offs": min(5, sum(puts_off(s.stretch.text) for s in customer)),
        "long": int(len(said) >= _LONG),
    }
