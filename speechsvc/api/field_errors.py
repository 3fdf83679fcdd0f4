"""Pydantic's findings as {field, problem} in plain Chinese or English."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MAX_SHOWN = 20
_PLACES = ("body", "query", "path", "header")

_CHINESE = {
    "missing": "缺少必填字段",
    "extra_forbidden": "未知字段，请检查拼写",
    "string_type": "应为字符串",
    "string_too_short": "不能为空",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不正确",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "enum": "应为其中之一：{expected}",
    "literal_error": "应为其中之一：{expected}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than_equal": "应不大于 {le}",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "dict_type": "应为对象",
    "list_type": "应为数组",
    "too_long": "最多 {max_length} 项",
    "json_invalid": "不是有效的 JSON",
}
_ENGLISH = {
    "missing": "this field is required",
    "extra_forbidden": "unknown field; check the spelling",
    "string_too_short": "must not be empty",
    "json_invalid": "not valid JSON",
}


class FieldErrors(Exception):
    """Validation failed outside FastAPI's own parsing; `errors()` is Pydantic's list."""

    def __init__(self, errors: Sequence[Any]) -> None:
        super().__init__("invalid input")
        self._errors = errors

    def errors(self) -> Sequence[Any]:
        return self._errors


def field_problems(errors: Sequence[Any], language: str) -> list[dict[str, str]]:
    """At most `MAX_SHOWN` of them. Never echoes the value itself: it may be personal data."""
    return [
        {"field": _field(e.get("loc", ())), "problem": _problem(e, language)} for e in list(errors)[:MAX_SHOWN]
    ] or [{"field": "body", "problem": "invalid"}]


def _field(location: Sequence[str | int]) -> str:
    """("body", "turns", 0, "text") becomes turns[0].text."""
    parts = list(location)
    if len(parts) > 1 and parts[0] in _PLACES:
        parts = parts[1:]
    name = ""
    for part in parts:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += ("." if name else "") + part[:60]
    return name or "body"


def _problem(error: dict[str, Any], language: str) -> str:
    kind, context = str(error.get("type", "")), error.get("ctx") or {}
    if isinstance(context.get("error"), ValueError):  # our own validators carry both languages
        given = context["error"].args
        return str(given[-1] if language == "zh" else given[0])
    if language == "zh" and kind in _CHINESE:
        text = _CHINESE[kind]
    else:
        text = _ENGLISH.get(kind) or str(error.get("msg", "invalid"))
        return text[:1].lower() + text[1:]
    try:
        return text.format(**context)
    except (KeyError, IndexError):
        return text
