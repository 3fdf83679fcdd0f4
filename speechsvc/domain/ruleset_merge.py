"""Three-way merge: what a newer default changed since the one that a tenant's content came from, brought into it.

Where only one side changed a part, that change holds. Lists of words merge word by word. Where both sides changed the
same field differently, the tenant's stays and the place is a conflict that somebody must decide.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from speechsvc.domain.learned_data import learned_summary
from speechsvc.domain.ruleset import Content, RulesetKind
from speechsvc.domain.ruleset_parts import Fields, Parts, Path, join, split

Choice = Literal["draft", "default"]
_WORDS = ("variants", "not_inside", "near", "not_near", "previous", "before", "after")
_FORMS = ("term", "pattern", "regex")  # of an entry; it has exactly one
_MISSING = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """What came out. `conflicts` are JSON: id, path, field (none: the whole part), base, draft, default."""

    content: Content  # without name and version
    conflicts: tuple[dict[str, Any], ...]


def merge(kind: RulesetKind, base: Content, ours: Content, theirs: Content) -> Merged:
    """`ours` with everything that `theirs` changed since `base`."""
    three = (split(kind, base), split(kind, ours), split(kind, theirs))
    conflicts: list[dict[str, Any]] = []
    settled = _topics_removed(three, conflicts)
    merged: Parts = {}
    for path in _paths(three[1], three[2]):
        if path[:2] in settled:
            result = settled[path[:2]].get(path)
        else:
            result = _part(path, three[0].get(path), three[1].get(path), three[2].get(path), conflicts)
        if result is not None:
            merged[path] = result
    return Merged(content=join(kind, merged), conflicts=tuple(conflicts))


def resolve(
    kind: RulesetKind, content: Content, conflicts: tuple[dict[str, Any], ...], choices: Mapping[str, Choice]
) -> Merged:
    """Decides conflicts by their ids: "draft" keeps what the draft says now, "default" takes the default's."""
    parts = split(kind, content)
    for conflict in conflicts:
        if choices.get(conflict["id"]) == "default":
            _take_default(parts, conflict)
    left = tuple(c for c in conflicts if c["id"] not in choices)
    return Merged(content=join(kind, parts), conflicts=left)


def _take_default(parts: Parts, conflict: dict[str, Any]) -> None:
    path, name, value = tuple(conflict["path"]), conflict["field"], conflict["default"]
    if name is None:
        for known in [p for p in parts if p[: len(path)] == path]:
            del parts[known]
        parts.update({tuple(p): dict(fields) for p, fields in value or ()})
    elif path in parts and value is None:
        parts[path].pop(name, None)
    elif path in parts:
        parts[path][name] = value


def _topics_removed(three: tuple[Parts, Parts, Parts], conflicts: list[dict[str, Any]]) -> dict[Path, Parts]:
    """Topics (components, gates) that one side dropped, with what remains of them: all of it or nothing."""
    base, ours, theirs = three
    settled: dict[Path, Parts] = {}
    for path in [p for p in base if len(p) == 2 and (p in ours) != (p in theirs)]:
        was, here, there = (_under(path, parts) for parts in three)
        settled[path] = {} if was == (here or there) else here
        if was != (here or there):
            conflicts.append(_conflict(path, None, _listed(was), _listed(here), _listed(there)))
    return settled


def _part(
    path: Path, base: Fields | None, ours: Fields | None, theirs: Fields | None, conflicts: list[dict[str, Any]]
) -> Fields | None:
    if ours == theirs or base == theirs:
        return ours
    if base == ours:
        return theirs
    if ours is None or theirs is None or _form(ours) != _form(theirs):
        values = (None if part is None else [[list(path), part]] for part in (base, ours, theirs))
        conflicts.append(_conflict(path, None, *values))
        return ours
    return dict(_fields(path, base or {}, ours, theirs, conflicts))


def _form(part: Fields) -> tuple[str, ...]:
    return tuple(name for name in _FORMS if name in part)


def _fields(
    path: Path, base: Fields, ours: Fields, theirs: Fields, conflicts: list[dict[str, Any]]
) -> Iterator[tuple[str, Any]]:
    for name in dict.fromkeys([*ours, *theirs]):
        was, here, there = (side.get(name, _MISSING) for side in (base, ours, theirs))
        result = here
        if was == here:
            result = there
        elif there not in (here, was):
            if name in _WORDS:
                result = _words(was, here, there)
            else:
                conflicts.append(_conflict(path, name, *(None if v is _MISSING else v for v in (was, here, there))))
        if result is not _MISSING:
            yield name, result


def _words(was: Any, here: Any, there: Any) -> Any:
    """Words that either side added come in, words that either side removed go out."""
    base, ours, theirs = ([] if side is _MISSING else list(side) for side in (was, here, there))
    kept = [word for word in ours if word in theirs or word not in base]
    merged = kept + [word for word in theirs if word not in ours and word not in base]
    return merged or _MISSING


def _conflict(path: Path, field: str | None, base: Any, ours: Any, theirs: Any) -> dict[str, Any]:
    name = json.dumps([*path, field], ensure_ascii=False)
    if field == "learned":  # only what `resolve` may take is kept whole: its weights are tens of thousands of numbers
        base, ours = (value and learned_summary(value) for value in (base, ours))
    identity = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return {"id": identity, "path": list(path), "field": field, "base": base, "draft": ours, "default": theirs}


def _under(path: Path, parts: Parts) -> Parts:
    return {p: fields for p, fields in parts.items() if p[: len(path)] == path}


def _listed(parts: Parts) -> list[Any] | None:
    return [[list(path), fields] for path, fields in parts.items()] or None


def _paths(ours: Parts, theirs: Parts) -> list[Path]:
    """All paths of both in the order of ours; what is new in theirs stands after what it followed there."""
    order = list(ours)
    before: Path | None = None
    for path in theirs:
        if path not in ours:
            order.insert(order.index(before) + 1 if before in order else 0, path)
        before = path
    return order
