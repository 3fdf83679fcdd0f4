"""A lexicon as plain JSON, and the digest of it. `tagging.lexicon_file.parse_lexicon` reads it back to an equal value.

Fields at their default are left out: the digest of stored content stays the same when a release adds a field.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any

from speechsvc.domain.learned_data import learned_data

if TYPE_CHECKING:
    from speechsvc.domain.lexicon import Entry, Example, Lexicon, Topic

_UNDECIDING = ("note",)  # members of an entry that no result depends on


def lexicon_data(lexicon: Lexicon) -> dict[str, Any]:
    """The whole form of a lexicon file."""
    data = _written(lexicon)
    return data if lexicon.learned is None else data | {"learned": learned_data(lexicon.learned)}


def lexicon_digest(lexicon: Lexicon) -> str:
    """SHA-256 of what decides, hexadecimal; entries in order of id, so that their order cannot matter."""
    data = _written(lexicon)
    del data["name"], data["version"]
    if lexicon.learned is not None:
        data["learned"] = lexicon.learned.digest
    for topic in data["topics"]:
        entries = [{k: v for k, v in entry.items() if k not in _UNDECIDING} for entry in topic["entries"]]
        topic["entries"] = sorted(entries, key=lambda entry: str(entry["id"]))
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _written(lexicon: Lexicon) -> dict[str, Any]:
    return {
        "name": lexicon.name,
        "version": lexicon.version,
        "topics": [_topic(topic) for topic in lexicon.topics],
    }


def _topic(topic: Topic) -> dict[str, Any]:
    examples = {"match": topic.match, "no_match": topic.no_match}
    return {
        "id": topic.id,
        "name": topic.name,
        "name_en": topic.name_en,
        "definition": topic.definition,
        "weight": topic.weight,
        "entries": [_entry(entry) for entry in topic.entries],
        "examples": {kind: [_example(e) for e in given] for kind, given in examples.items()},
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return _given(entry, leave_out="conditions") | _given(entry.conditions)


def _example(example: Example) -> str | dict[str, Any]:
    data = _given(example)
    return example.text if len(data) == 1 else data


def _given(value: Any, leave_out: str = "") -> dict[str, Any]:
    """Fields that differ from their default; enumerations by value, tuples as lists."""
    given = {f.name: getattr(value, f.name) for f in fields(value) if f.name != leave_out}
    plain = {f.name: _default(f) for f in fields(value)}
    return {name: _plain(one) for name, one in given.items() if one != plain[name]}


def _default(field: Field[Any]) -> Any:
    return field.default if field.default is not MISSING else MISSING


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else getattr(value, "value", value)
