"""Lexicon files to values: YAML, JSON Schema, then checks that a schema cannot make. Errors name file, entry, cure."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from speechsvc.domain.conversation import Speaker
from speechsvc.domain.lexicon import Conditions, Entry, Example, Lexicon, Topic
from speechsvc.domain.mention import Polarity
from speechsvc.errors import SpeechsvcError
from speechsvc.resources import bundled
from speechsvc.tagging.expressions import expression_problem
from speechsvc.tagging.learned.model_file import FILE as LEARNED
from speechsvc.tagging.learned.model_file import learned_problems, parse_learned, read_learned_file

HEAD = "lexicon.yaml"
_SHOWN = 20  # characters of a regular expression in an entry's id
_MAX_VALUES = 1_000_000
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")  # controls, halves of characters
_WORDS: dict[str, bool | None] = {"null": None, "~": None, "": None, "true": True, "false": False}
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_FRACTION = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class LexiconInvalid(SpeechsvcError):
    """The lexicon cannot be used: {problem}"""

    code, status = "lexicon_invalid", 422
    zh = "词库无法使用：{problem}"
    advice = "Correct the named file and entry; 'speechsvc lexicon check' shows every problem at once."
    advice_zh = "请更正所指的文件与词条；运行 'speechsvc lexicon check' 可一次看到全部问题。"


def default_lexicon() -> Lexicon:
    """The lexicon that travels with the package."""
    return load_lexicon(bundled("lexicons") / "default")


def load_lexicon(path: Path) -> Lexicon:
    """A folder (lexicon.yaml and one file a topic) or one whole file. Raises LexiconInvalid with all problems found."""
    problems: list[str] = []
    lexicon = _read(path, problems)
    if problems:
        raise LexiconInvalid(problem="\n".join(problems[:50]), problems=problems)
    assert lexicon is not None
    return lexicon


def parse_lexicon(data: Mapping[str, Any], source: str = "lexicon") -> Lexicon:
    """The whole form (`name`, `version`, `topics`) as plain data, say from an API body. Raises LexiconInvalid."""
    problems = list(_schema_problems(data, "whole", source))
    if not problems:
        problems = [
            *_semantic_problems([(source, topic) for topic in data["topics"]]),
            *_learned_problems(data, f"{source} learned"),
        ]
    if problems:
        raise LexiconInvalid(problem="\n".join(problems[:50]), problems=problems)
    return _lexicon(data, data["topics"])


def stored_lexicon(data: Mapping[str, Any]) -> Lexicon:
    """What `parse_lexicon` accepted once and `lexicon_data` wrote out: read without checking it again.

    A published version stays readable when a later release checks more strictly.
    """
    return _lexicon(data, data["topics"])


def parse_lexicon_text(text: str, source: str = "lexicon") -> Any:
    """YAML or JSON of the whole form as plain data, for `parse_lexicon`. Raises LexiconInvalid."""
    problems: list[str] = []
    data = _load_text(text, source, problems)
    if problems:
        raise LexiconInvalid(problem="\n".join(problems), problems=problems)
    return data


def checked_lexicon(data: Mapping[str, Any]) -> Lexicon:
    """The same of content that passed `parse_lexicon` before: many times faster."""
    return _lexicon(data, data["topics"])


def _read(path: Path, problems: list[str]) -> Lexicon | None:
    if not path.exists():
        problems.append(f"{path}: there is no such file or folder; give a lexicon file, or a folder with {HEAD}.")
        return None
    if path.is_file():
        data = _load_yaml(path, problems)
        if data is None:
            return None
        problems.extend(_schema_problems(data, "whole", path.name))
        if problems:
            return None
        problems.extend(_semantic_problems([(path.name, topic) for topic in data["topics"]]))
        problems.extend(_learned_problems(data, f"{path.name} learned"))
        return None if problems else _lexicon(data, data["topics"])
    return _read_folder(path, problems)


def _read_folder(folder: Path, problems: list[str]) -> Lexicon | None:
    head = _load_yaml(folder / HEAD, problems) if (folder / HEAD).is_file() else None
    if head is None:
        problems.append(f"{folder.name}: {HEAD} is missing or empty; add it with 'name' and 'version'.")
        return None
    problems.extend(_schema_problems(head, "head", HEAD))
    topics: list[tuple[str, Any]] = []
    for file in sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml") and p.name != HEAD):
        data = _load_yaml(file, problems)
        if data is not None:
            found = list(_schema_problems(data, "topic", file.name))
            problems.extend(found)
            if not found:
                topics.append((file.name, data))
    problems.extend(_semantic_problems(topics))
    order = {topic: rank for rank, topic in enumerate(_words(head.get("order")))}
    known = {topic["id"] for _, topic in topics}
    problems.extend(
        f"{HEAD}: order names '{t}', but no file has that topic; remove it." for t in order if t not in known
    )
    learned = _read_learned(folder, problems)
    if problems:
        return None
    topics.sort(key=lambda item: (order.get(item[1]["id"], len(order)), item[1]["id"]))
    return _lexicon(head | learned, [topic for _, topic in topics])


def _read_learned(folder: Path, problems: list[str]) -> dict[str, Any]:
    """`learned`, if the folder has such a file."""
    if not (folder / LEARNED).is_file():
        return {}
    data = read_learned_file(folder / LEARNED, problems)
    if data is None:
        return {}
    found = list(_schema_problems(data, "learned", LEARNED))
    problems.extend(found or [f"{LEARNED}: {problem}" for problem in learned_problems(data)])
    return {"learned": data}


def _learned_problems(data: Mapping[str, Any], source: str) -> Iterator[str]:
    if "learned" in data:
        yield from (f"{source}: {problem}" for problem in learned_problems(data["learned"]))


def _load_yaml(path: Path, problems: list[str]) -> Any:
    try:
        return _load_text(path.read_text(encoding="utf-8"), path.name, problems)
    except UnicodeDecodeError as error:
        problems.append(f"{path.name}: not UTF-8 at byte {error.start}; save the file as UTF-8.")
    return None


def _load_text(text: str, name: str, problems: list[str]) -> Any:
    try:
        data = yaml.load(text, Loader=_LOADER)  # noqa: S506 - strings, lists, maps only
        if _size(data, {}) <= _MAX_VALUES:
            return _typed(data)
        problems.append(f"{name}: its YAML aliases (*name) expand to more than {_MAX_VALUES} values; write them out.")
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "syntax"
        problems.append(f"{name}{where}: not readable as YAML ({why}); correct that line.")
    return None


def _size(data: Any, known: dict[int, int]) -> int:
    """How many values it has when all aliases are written out; counts each alias's target once."""
    if not isinstance(data, list | dict):
        return 1
    if id(data) not in known:
        known[id(data)] = 1 + sum(_size(item, known) for item in (data.values() if isinstance(data, dict) else data))
    return known[id(data)]


def _typed(data: Any) -> Any:
    """Words stay the strings people wrote (27001, no, 1.10); only keys that hold numbers or yes/no are converted."""
    if isinstance(data, list):
        return [_typed(item) for item in data]
    if isinstance(data, dict):
        return {key: _value(key, value) for key, value in data.items()}
    return data


def _value(key: str, value: Any) -> Any:
    if key == "learned":
        return _numbers(value)
    return _scalar(key, value) if isinstance(value, str) else _typed(value)


def _numbers(data: Any) -> Any:
    """Learned entries are made by a program: what looks like a number is one; names of features are keys and stay."""
    if isinstance(data, dict):
        return {key: _numbers(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_numbers(item) for item in data]
    if data in _WORDS:
        return _WORDS[data]
    if _WHOLE.fullmatch(data):
        return int(data)
    return float(data) if _FRACTION.fullmatch(data) else data


def _scalar(key: str, value: str) -> Any:
    if key in ("entries", "examples", "match", "no_match") and value == "":
        return {} if key == "examples" else []
    try:
        if key in ("version", "weight", "gap", "window", "max_chars", "homophone_floor"):
            return int(value)
        if key in ("first_seconds", "last_seconds"):
            return float(value)
    except ValueError:
        return value
    if key in ("homophones", "question"):
        return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(
            value.lower(), value
        )
    return value


@cache
def _validator(kind: str) -> Any:
    schema = json.loads((bundled("lexicons") / "lexicon.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator({**schema["$defs"][kind], "$defs": schema["$defs"]})


def _schema_problems(data: Any, kind: str, source: str) -> Iterator[str]:
    for error in sorted(_validator(kind).iter_errors(data), key=lambda e: [str(p) for p in e.absolute_path]):
        yield f"{source}{_place(data, list(error.absolute_path))}: {_plain(error)}"


def _place(data: Any, path: list[str | int]) -> str:
    """Where in the file, by names a person knows: topic, entry."""
    words, value = [], data
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(value, Mapping) and isinstance(step, int):
            name = value.get("id") or value.get("term") or value.get("pattern") or f"number {step + 1}"
            words.append(f"'{name}'" if isinstance(name, str) else f"pattern {name}")
        else:
            words.append(str(step))
    return " " + " ".join(words) if words else ""


def _plain(error: Any) -> str:
    if error.validator == "additionalProperties":
        known = ", ".join(error.schema.get("properties", {}))
        return f"{error.message}. Use one of: {known}."
    if error.validator == "required":
        return f"{error.message}. Add it."
    if error.validator == "enum":
        return f"{error.message}. Choose one."
    if error.validator == "oneOf" and isinstance(error.instance, Mapping):
        return "needs exactly one of 'term' (with variants), 'pattern' and 'regex'. Remove the others."
    return f"{error.message[:200]}. Correct the value."


def _semantic_problems(topics: list[tuple[str, Any]]) -> Iterator[str]:
    ids: dict[str, str] = {}
    topic_ids = {topic["id"] for _, topic in topics}
    seen: set[str] = set()
    for source, topic in topics:
        if topic["id"] in seen:
            yield f"{source}: topic '{topic['id']}' is given twice; keep one."
        seen.add(topic["id"])
        if any(_UNFIT.search(text) for text in _texts(topic)):
            yield f"{source} topic '{topic['id']}': a text holds a control character; delete it and type it again."
        for entry in topic.get("entries") or ():
            identity = _entry_id(topic["id"], entry)
            where = f"{source} entry '{identity}'"
            if identity in ids:
                yield f"{where}: this id is used already in {ids[identity]}; give one of them another 'id'."
            ids[identity] = source
            yield from (f"{where}: {problem}" for problem in _entry_problems(entry, topic["id"], topic_ids))


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, list | dict):
        for item in data.values() if isinstance(data, dict) else data:
            yield from _texts(item)


def _entry_problems(entry: Mapping[str, Any], own: str, topic_ids: set[str]) -> Iterator[str]:
    for name in ("previous", "before", "after"):
        for topic in _words(entry.get(name)):
            if topic not in topic_ids:
                yield f"{name} names '{topic}', which is no topic here; correct or remove it."
            elif topic == own and name != "previous":
                yield f"{name} names the entry's own topic; name another one, or use near."
    if "regex" in entry and (problem := expression_problem(entry["regex"])):
        yield problem
    for name in ("first_seconds", "last_seconds"):
        if not math.isfinite(entry.get(name, 0)):
            yield f"{name} is not a number of seconds; correct or remove it."
    literals = [entry["term"], *_words(entry.get("variants"))] if "term" in entry else []
    for literal in literals:
        if not literal.strip():
            yield "a term is blank; remove it."
    yield from _pattern_problems(entry.get("pattern") or ())


def _pattern_problems(parts: list[str] | tuple[()]) -> Iterator[str]:
    if not parts:
        return
    for position, part in enumerate(parts):
        if not all(alternative.strip() for alternative in part.lstrip("?!").split("|")):
            yield f"part '{part}' has an empty alternative; remove the extra |."
        if part.startswith("!") and position != len(parts) - 1:
            yield f"part '{part}': only the last part may begin with !; move it to the end."
    if not any(not part.startswith(("?", "!")) for part in parts):
        yield "the pattern has no required part; add one without ? or !."
    elif all("<" in part for part in parts if not part.startswith(("?", "!"))):
        yield "every required part holds a class such as <number>; add a part of plain words."


def _lexicon(head: Mapping[str, Any], topics: list[Any]) -> Lexicon:
    return Lexicon(
        name=head["name"],
        version=head["version"],
        topics=tuple(_topic(topic) for topic in topics),
        learned=parse_learned(head["learned"], {topic["id"] for topic in topics}) if "learned" in head else None,
    )


def _topic(data: Mapping[str, Any]) -> Topic:
    examples = data.get("examples") or {}
    return Topic(
        id=data["id"],
        name=data["name"],
        name_en=data.get("name_en", data["id"]),
        definition=data.get("definition", ""),
        weight=data.get("weight", 1),
        entries=tuple(_entry(data["id"], entry) for entry in data.get("entries") or ()),
        match=tuple(_example(e) for e in examples.get("match") or ()),
        no_match=tuple(_example(e) for e in examples.get("no_match") or ()),
    )


def _entry(topic: str, data: Mapping[str, Any]) -> Entry:
    return Entry(
        id=_entry_id(topic, data),
        term=data.get("term"),
        variants=_words(data.get("variants")),
        pattern=tuple(data.get("pattern", ())),
        regex=data.get("regex"),
        homophones=data.get("homophones"),
        homophone_floor=data.get("homophone_floor"),
        not_inside=_words(data.get("not_inside")),
        gap=data.get("gap", 6),
        within=data.get("within", "sentence"),
        conditions=Conditions(
            speaker=Speaker(data["speaker"]) if "speaker" in data else None,
            question=data.get("question"),
            near=_words(data.get("near")),
            not_near=_words(data.get("not_near")),
            window=data.get("window", 12),
            previous=_words(data.get("previous")),
            before=_words(data.get("before")),
            after=_words(data.get("after")),
            first_seconds=_seconds(data.get("first_seconds")),
            last_seconds=_seconds(data.get("last_seconds")),
            at=data.get("at"),
            max_chars=data.get("max_chars"),
        ),
        polarity=Polarity(data["polarity"]) if "polarity" in data else None,
        note=data.get("note", ""),
    )


def _entry_id(topic: str, data: Mapping[str, Any]) -> str:
    """As given, or topic and term; for a pattern its parts' first alternatives and a digest: short, and stable. For a
    regular expression its first characters and a digest."""
    if "id" in data:
        return str(data["id"])
    if "term" in data:
        return f"{topic}/{data['term']}"
    parts = data["pattern"] if "pattern" in data else [data["regex"]]
    digest = hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:6]
    if "regex" in data:
        return f"{topic}/{data['regex'][:_SHOWN]}~{digest}"
    words = "…".join(part.lstrip("?!").split("|")[0] for part in data["pattern"] if not part.startswith(("?", "!")))
    return f"{topic}/{words}~{digest}"


def _example(data: str | Mapping[str, Any]) -> Example:
    if isinstance(data, str):
        return Example(text=data)
    return Example(
        text=data["text"],
        previous=data.get("previous") or None,
        speaker=Speaker(data.get("speaker", "customer")),
        polarity=Polarity(data["polarity"]) if "polarity" in data else None,
    )


def _seconds(value: float | None) -> float | None:
    """30 and 30.0 are the same content."""
    return None if value is None else float(value)


def _words(value: Any) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)
