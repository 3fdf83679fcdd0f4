"""Reads a rubric from YAML: shape by JSON Schema, sense by the domain's rules. Errors name the place and the cure."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from speechsvc.domain.rubric import InvalidRubric, Rubric
from speechsvc.resources import bundled


def load_rubric(path: Path | None = None) -> Rubric:
    """The rubric in `path` (YAML, UTF-8), or the default one. Raises InvalidRubric."""
    path = path or bundled("lexicons") / "rubric.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidRubric(problem=f"{path} cannot be read", cure="Check the path and its permissions.") from error
    except UnicodeDecodeError as error:
        raise InvalidRubric(
            problem=f"{path} is not UTF-8 text", cure="Save the file with the encoding UTF-8."
        ) from error
    return parse_rubric(text)


def parse_rubric(text: str) -> Rubric:
    """The rubric in a YAML (or JSON) text. Raises InvalidRubric."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "the file"
        cure = "Check indentation, colons and brackets there."
        raise InvalidRubric(problem=f"{place} is not valid YAML", cure=cure) from error
    _check_shape(data)
    return Rubric.from_dict(data)


def _check_shape(data: Any) -> None:
    errors = sorted(_validator().iter_errors(data), key=lambda e: [str(p) for p in e.absolute_path])
    if not errors:
        return
    first = errors[0]
    place = _place(data, list(first.absolute_path))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    raise InvalidRubric(problem=f"{place}: {first.message}{more}", cure=_cure(first))


def _place(data: Any, path: list[str | int]) -> str:
    """For example `components[talk_time].points`: items of a list by their id where they have one."""
    words, value = "", data
    for step in path:
        value = value[step]
        name = value.get("id", step) if isinstance(step, int) and isinstance(value, dict) else step
        words += f"[{name}]" if isinstance(step, int) else f".{name}"
    return words.lstrip(".") or "the file"


def _cure(error: Any) -> str:
    wanted = error.validator_value
    cures = {
        "required": f"Give all of: {wanted}.",
        "additionalProperties": "Remove it, or correct its name; see the default rubric.",
        "enum": f"Use one of: {wanted}.",
        "type": f"Write a value of type {wanted}; points and amounts are whole numbers.",
        "minimum": f"Use {wanted} or more.",
        "maximum": f"Use {wanted} or less.",
    }
    return cures.get(error.validator, "Compare with the default rubric.")


@lru_cache(maxsize=1)
def _validator() -> Any:
    schema = json.loads((bundled("lexicons") / "rubric.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)
