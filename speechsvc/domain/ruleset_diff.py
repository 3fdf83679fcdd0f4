"""What differs between two contents: parts added, removed and changed, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from speechsvc.domain.learned_data import learned_summary
from speechsvc.domain.ruleset import Content, RulesetKind
from speechsvc.domain.ruleset_parts import Fields, Parts, Path, split, what


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One field of one part; none stands for a field at its default."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One part that differs."""

    change: str  # added, removed or changed
    what: str  # topic, entry, example, component, gate, topic_weights or ruleset
    path: Path
    fields: tuple[FieldChange, ...]


def compare(kind: RulesetKind, before: Content, after: Content) -> tuple[Change, ...]:
    """In the order of `after`, then what was removed. Name, version and the order of entries make no difference."""
    old, new = split(kind, before), split(kind, after)
    changes = [_change(path, old.get(path), fields) for path, fields in new.items() if old.get(path) != fields]
    changes += [_change(path, fields, None) for path, fields in old.items() if path not in new]
    return (*_order(old, new), *changes)


def tally(changes: tuple[Change, ...]) -> dict[str, dict[str, int]]:
    """For example {"entry": {"added": 2, "changed": 1}}."""
    counts = Counter((c.what, c.change) for c in changes)
    found: dict[str, dict[str, int]] = {}
    for (thing, change), number in sorted(counts.items()):
        found.setdefault(thing, {})[change] = number
    return found


def _change(path: Path, before: Fields | None, after: Fields | None) -> Change:
    change = "added" if before is None else "removed" if after is None else "changed"
    return Change(change=change, what=what(path), path=path, fields=tuple(_fields(before or {}, after or {})))


def _fields(before: Fields, after: Fields) -> Iterator[FieldChange]:
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield FieldChange(field=name, before=_shown(name, before.get(name)), after=_shown(name, after.get(name)))


def _shown(name: str, value: Any) -> Any:
    """As it is; of learned entries what people can read, since their weights are tens of thousands of numbers."""
    return learned_summary(value) if name == "learned" and value is not None else value


def _order(old: Parts, new: Parts) -> Iterator[Change]:
    """Topics in another order: columns of the heatmap move."""
    before = [p[1] for p in old if len(p) == 2 and p in new]
    after = [p[1] for p in new if len(p) == 2 and p in old]
    if before != after:
        yield Change(
            change="changed", what="ruleset", path=(), fields=(FieldChange(field="order", before=before, after=after),)
        )
