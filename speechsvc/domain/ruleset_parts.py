"""The content of a lexicon or rubric cut into named parts, and put together again: what comparing and merging work on.

A part is a topic, entry, example, component or gate with its own fields only; its path names it, for example
("topics", "pricing_discount", "entries", "pricing_discount/报价"). Members of the whole stand under the empty path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from speechsvc.domain.ruleset import Content, RulesetKind

Path = tuple[str, ...]
Fields = dict[str, Any]
Parts = dict[Path, Fields]  # in the order of the content

_NAMES = ("name", "version")  # publishing gives them
_LISTS = {RulesetKind.LEXICON: ("topics",), RulesetKind.RUBRIC: ("components", "gates")}
_EXAMPLES = ("match", "no_match")
_NESTED = ("name", "curves", "numbers")  # members of a rubric's parts whose members are fields of their own


def split(kind: RulesetKind, content: Content) -> Parts:
    """`join` gives the content back, except name and version."""
    lists = _LISTS[kind]
    parts: Parts = {(): {k: v for k, v in content.items() if k not in (*_NAMES, *lists, "topic_weights")}}
    if kind is RulesetKind.LEXICON:
        for topic in content["topics"]:
            parts.update(_topic(topic))
        return parts
    for name in lists:
        parts.update({(name, item["id"]): _flat(item) for item in content[name]})
    parts[("topic_weights",)] = dict(content.get("topic_weights") or {})
    return parts


def join(kind: RulesetKind, parts: Parts) -> Content:
    """Parts whose topic is missing are left out."""
    content: Content = dict(parts.get((), {})) | {name: [] for name in _LISTS[kind]}
    if kind is RulesetKind.LEXICON:
        content["topics"] = list(_topics(parts))
        return content
    for path, fields in parts.items():
        if len(path) == 2:
            content[path[0]].append({"id": path[1]} | _deep(fields))
    content["topic_weights"] = dict(parts.get(("topic_weights",), {}))
    return content


def what(path: Path) -> str:
    """topic, entry, example, component, gate, topic_weights or ruleset."""
    if not path:
        return "ruleset"
    if len(path) == 4:
        return "entry" if path[2] == "entries" else "example"
    return path[0].removesuffix("s") if len(path) == 2 else path[0]


def _topic(topic: Fields) -> Iterator[tuple[Path, Fields]]:
    path = ("topics", str(topic["id"]))
    yield path, {k: v for k, v in topic.items() if k not in ("id", "entries", "examples")}
    for entry in topic.get("entries") or ():
        yield (*path, "entries", str(entry["id"])), {k: v for k, v in entry.items() if k != "id"}
    for group in _EXAMPLES:
        seen: Counter[str] = Counter()
        for example in (topic.get("examples") or {}).get(group) or ():
            fields = {"text": example} if isinstance(example, str) else dict(example)
            name = " / ".join(filter(None, (fields.get("previous"), fields["text"])))
            seen[name] += 1
            yield (*path, group, name + (f" #{seen[name]}" if seen[name] > 1 else "")), fields


def _topics(parts: Parts) -> Iterator[Fields]:
    found: dict[str, Fields] = {}
    for path, fields in parts.items():
        if len(path) == 2:
            found[path[1]] = {"id": path[1], **fields, "entries": [], "examples": {g: [] for g in _EXAMPLES}}
    for path, fields in parts.items():
        if len(path) != 4 or path[1] not in found:
            continue
        topic = found[path[1]]
        if path[2] == "entries":
            topic["entries"].append({"id": path[3]} | fields)
        else:
            topic["examples"][path[2]].append(fields["text"] if len(fields) == 1 else dict(fields))
    yield from found.values()


def _flat(item: Fields) -> Fields:
    flat: Fields = {}
    for name, value in item.items():
        if name in _NESTED:
            flat |= {f"{name}.{inner}": one for inner, one in value.items()}
        elif name != "id":
            flat[name] = value
    return flat


def _deep(fields: Fields) -> Fields:
    deep: Fields = {}
    for name, value in fields.items():
        outer, dot, inner = name.partition(".")
        if dot:
            deep.setdefault(outer, {})[inner] = value
        else:
            deep[name] = value
    return deep
