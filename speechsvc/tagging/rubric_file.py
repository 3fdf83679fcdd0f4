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
        raise InvalidRubric(
            problem=f"{path} cannot be read",
            cure="Check the path and its permissions.",
            problem_zh=f"无法读取 {path}",
            cure_zh="请检查路径和权限。",
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidRubric(
            problem=f"{path} is not UTF-8 text",
            cure="Save the file with the encoding UTF-8.",
            problem_zh=f"{path} 不是 UTF-8 文本",
            cure_zh="请用 UTF-8 编码保存。",
        ) from error
    return parse_rubric(text)


def parse_rubric(text: str) -> Rubric:
    """The rubric in a YAML (or JSON) text. Raises InvalidRubric."""
    try:
        # An alias can make a small file expand without end; a rubric needs none.
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise InvalidRubric(
                problem="it uses YAML aliases (*name)",
                cure="Write the values out.",
                problem_zh="使用了 YAML 别名 (*名称)",
                cure_zh="请直接写出数值。",
            )
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise InvalidRubric(
            problem=f"line {line} is not valid YAML",
            cure="Check indentation, colons and brackets there.",
            problem_zh=f"第 {line} 行不是有效的 YAML",
            cure_zh="请检查该处的缩进、冒号和括号。",
        ) from error
    return read_rubric(data)


def read_rubric(data: Any) -> Rubric:
    """The rubric in plain data. Raises InvalidRubric."""
    _check_shape(data)
    return Rubric.from_dict(data)


def _check_shape(data: Any) -> None:
    errors = sorted(_validator().iter_errors(data), key=lambda e: [str(p) for p in e.absolute_path])
    if not errors:
        return
    place = _place(data, list(errors[0].absolute_path))
    more = len(errors) - 1
    cure, cure_zh = _cure(errors[0])
    raise InvalidRubric(
        problem=f"{place}: {errors[0].message}{f' (and {more} more)' if more else ''}",
        cure=cure,
        problem_zh=f"{place} 处格式不对{f'（另有 {more} 处）' if more else ''}",
        cure_zh=cure_zh,
    )


def _place(data: Any, path: list[str | int]) -> str:
    """For example `components[talk_time].points`: items of a list by their id where they have one."""
    words, value = "", data
    for step in path:
        value = value[step]
        name = value.get("id", step) if isinstance(step, int) and isinstance(value, dict) else step
        words += f"[{name}]" if isinstance(step, int) else f".{name}"
    return words.lstrip(".") or "the file"


def _cure(error: Any) -> tuple[str, str]:
    """English and Chinese."""
    wanted = error.validator_value
    cures = {
        "required": (f"Give all of: {wanted}.", f"必须包含：{wanted}。"),
        "additionalProperties": (
            "Remove it, or correct its name; see the default rubric.",
            "请删除多余的项或改正名称，可参照默认规则。",
        ),
        "enum": (f"Use one of: {wanted}.", f"可用的有：{wanted}。"),
        "type": (
            f"Write a value of type {wanted}; points and amounts are whole numbers.",
            f"应为 {wanted} 类型；分值和数量都是整数。",
        ),
        "minimum": (f"Use {wanted} or more.", f"不得小于 {wanted}。"),
        "maximum": (f"Use {wanted} or less.", f"不得大于 {wanted}。"),
    }
    return cures.get(error.validator, ("Compare with the default rubric.", "请对照默认规则。"))


@lru_cache(maxsize=1)
def _validator() -> Any:
    schema = json.loads((bundled("lexicons") / "rubric.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)
