"""A rubric: versioned scoring rules in integer points. Files are read by tagging.rubric_file; rules here are pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from speechsvc.errors import SpeechsvcError

Curve = tuple[tuple[int, int], ...]  # (amount, per cent) in growing order; straight lines between, flat outside

# Component id -> names of its curves and of its numbers. A rubric may leave components out, not add unknown ones.
COMPONENTS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "talk_time": (frozenset({"seconds"}), frozenset({"agent_seconds_per_customer_second"})),
    "engagement": (
        frozenset({"word_share", "topic_turns", "questions"}),
        frozenset({"word_share_weight", "topic_turns_weight", "questions_weight", "put_off_deduction"}),
    ),
    "substance": (
        frozenset({"characters", "specifics"}),
        frozenset({"characters_weight", "specifics_weight", "least_turns"}),
    ),
    "breadth": (frozenset({"topics"}), frozenset({"raised_weight", "taken_up_weight"})),
    "depth": (frozenset({"units"}), frozenset({"most_turns", "most_exchanges", "most_specifics"})),
    "next_step": (frozenset(), frozenset({"agreed_percent", "time_percent", "owner_percent"})),
    "documents": (frozenset({"count"}), frozenset()),
    "minutes": (frozenset({"topics"}), frozenset()),
}
GATES: dict[str, frozenset[str]] = {
    "not_effective": frozenset({"no_speech", "voicemail", "ivr", "wrong_number", "refused"}),
    "one_sided": frozenset({"cap"}),
    "monologue": frozenset({"cap", "word_share_below_percent", "agent_characters_from"}),
    "no_business": frozenset({"cap"}),
    "stalled": frozenset({"cap", "put_offs_from"}),
    "speakers_unknown": frozenset({"cap"}),
}


class InvalidRubric(SpeechsvcError):
    """The rubric cannot be used: {problem}"""

    code, status = "invalid_rubric", 422
    zh = "评分规则无法使用：{problem_zh}"
    advice, advice_zh = "{cure}", "{cure_zh}"

    def __init__(self, *, problem: str, cure: str, problem_zh: str, cure_zh: str) -> None:
        """What is wrong and how to cure it, in English and Chinese."""
        super().__init__(problem=problem, cure=cure, problem_zh=problem_zh, cure_zh=cure_zh)


@dataclass(frozen=True, kw_only=True, slots=True)
class RubricComponent:
    """One part of the score."""

    id: str
    name_zh: str
    name_en: str
    points: int  # most it can give, of 100
    curves: Mapping[str, Curve] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class RubricGate:
    """A condition under which the total may not exceed a cap."""

    id: str
    name_zh: str
    name_en: str
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rubric:
    """Scoring rules of one version."""

    name: str
    version: int
    pass_line: int  # totals from here on count towards performance
    components: tuple[RubricComponent, ...]
    gates: tuple[RubricGate, ...]
    topic_weights: Mapping[str, int] = field(default_factory=dict)  # topics not named weigh `default_topic_weight`
    default_topic_weight: int = 2

    @property
    def digest(self) -> str:
        """SHA-256 of what decides, hexadecimal; name and version do not matter."""
        decides = {k: v for k, v in self.to_dict().items() if k not in ("name", "version")}
        content = json.dumps(decides, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def label(self) -> str:
        """For `Versions.rubric`: name-version+first eight digits of the digest."""
        return f"{self.name}-{self.version}+{self.digest[:8]}"

    def to_dict(self) -> dict[str, Any]:
        """JSON of the same shape as a rubric file."""
        return {
            "name": self.name,
            "version": self.version,
            "pass_line": self.pass_line,
            "components": [
                _named(c.id, c.name_zh, c.name_en)
                | {"points": c.points, "numbers": dict(c.numbers)}
                | {"curves": {k: [list(p) for p in v] for k, v in c.curves.items()}}
                for c in self.components
            ],
            "gates": [_named(g.id, g.name_zh, g.name_en) | {"numbers": dict(g.numbers)} for g in self.gates],
            "topic_weights": dict(self.topic_weights),
            "default_topic_weight": self.default_topic_weight,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rubric:
        """The reverse of `to_dict`. Raises InvalidRubric where the rules contradict themselves."""
        rubric = cls(
            name=data["name"],
            version=data["version"],
            pass_line=data["pass_line"],
            components=tuple(_component(c) for c in data["components"]),
            gates=tuple(_gate(g) for g in data["gates"]),
            topic_weights=dict(data.get("topic_weights") or {}),
            default_topic_weight=data.get("default_topic_weight", 2),
        )
        check_rubric(rubric)
        return rubric


def check_rubric(rubric: Rubric) -> None:
    """Raises InvalidRubric with what is wrong and how to cure it."""
    _check_ids("component", [c.id for c in rubric.components], set(COMPONENTS))
    _check_ids("gate", [g.id for g in rubric.gates], set(GATES))
    total = sum(c.points for c in rubric.components)
    if total != 100:
        more = abs(total - 100)
        raise InvalidRubric(
            problem=f"the components' points sum to {total}, not 100",
            cure=f"{'Take away' if total > 100 else 'Add'} {more} points so that all components sum to 100.",
            problem_zh=f"各部分分值合计 {total}，应为 100",
            cure_zh=f"请{'减去' if total > 100 else '增加'} {more} 分，使合计为 100。",
        )
    for component in rubric.components:
        _check_component(component)
    for gate in rubric.gates:
        _check_names(f"gate {gate.id}", "numbers", set(gate.numbers), GATES[gate.id])
        _check_gate_caps(gate, rubric.pass_line)


def _named(id_: str, zh: str, en: str) -> dict[str, Any]:
    return {"id": id_, "name": {"zh": zh, "en": en}}


def _component(data: Mapping[str, Any]) -> RubricComponent:
    curves = {name: tuple((int(x), int(y)) for x, y in points) for name, points in data.get("curves", {}).items()}
    return RubricComponent(
        id=data["id"],
        name_zh=data["name"]["zh"],
        name_en=data["name"]["en"],
        points=data["points"],
        curves=curves,
        numbers=dict(data.get("numbers", {})),
    )


def _gate(data: Mapping[str, Any]) -> RubricGate:
    names = data["name"]
    return RubricGate(id=data["id"], name_zh=names["zh"], name_en=names["en"], numbers=dict(data["numbers"]))


def _check_ids(what: str, found: list[str], known: set[str]) -> None:
    for id_ in found:
        if id_ not in known:
            names = ", ".join(sorted(known))
            raise InvalidRubric(
                problem=f"unknown {what} '{id_}'",
                cure=f"Use one of: {names}.",
                problem_zh=f"没有名为 '{id_}' 的 {what}",
                cure_zh=f"可用的有：{names}。",
            )
        if found.count(id_) > 1:
            raise InvalidRubric(
                problem=f"{what} '{id_}' stands twice",
                cure="Keep one of the two.",
                problem_zh=f"{what} '{id_}' 出现了两次",
                cure_zh="请只保留一个。",
            )


def _check_names(where: str, kind: str, found: set[str], wanted: frozenset[str]) -> None:
    if missing := ", ".join(sorted(wanted - found)):
        raise InvalidRubric(
            problem=f"{where}: {kind} lack {missing}",
            cure="Add them; see the default rubric.",
            problem_zh=f"{where}：{kind} 缺少 {missing}",
            cure_zh="请参照默认规则补上。",
        )
    if extra := ", ".join(sorted(found - wanted)):
        raise InvalidRubric(
            problem=f"{where}: unknown {kind} {extra}",
            cure="Remove them or correct the name.",
            problem_zh=f"{where}：{kind} 中有未知的 {extra}",
            cure_zh="请删除或改正名称。",
        )


def _check_component(component: RubricComponent) -> None:
    curves, numbers = COMPONENTS[component.id]
    _check_names(f"component {component.id}", "curves", set(component.curves), curves)
    _check_names(f"component {component.id}", "numbers", set(component.numbers), numbers)
    for name, curve in component.curves.items():
        _check_curve(f"component {component.id}, curve {name}", curve)
    summing = ("_percent",) if component.id == "breadth" else ("_percent", "_weight")
    parts = {k: v for k, v in sorted(component.numbers.items()) if k.endswith(summing)}
    if parts and sum(parts.values()) != 100:
        raise InvalidRubric(
            problem=f"component {component.id}: its parts sum to {sum(parts.values())}, not 100",
            cure=f"Let {', '.join(parts)} sum to 100.",
            problem_zh=f"{component.id} 的各项占比合计 {sum(parts.values())}，应为 100",
            cure_zh=f"请让 {', '.join(parts)} 合计为 100。",
        )


def _check_curve(where: str, curve: Curve) -> None:
    grows = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(curve))
    if len(curve) < 2 or not grows or not all(0 <= y <= 100 for _, y in curve):
        raise InvalidRubric(
            problem=f"{where}: not a growing curve",
            cure="Give two or more points [amount, per cent]: amounts growing, per cent 0 to 100, never falling.",
            problem_zh=f"{where}：曲线必须递增",
            cure_zh="请给出至少两个点 [数量, 百分比]：数量递增，百分比在 0 到 100 之间且不下降。",
        )


def _check_gate_caps(gate: RubricGate, pass_line: int) -> None:
    caps = gate.numbers if gate.id == "not_effective" else {"cap": gate.numbers["cap"]}
    for name, cap in caps.items():
        if not 0 <= cap < pass_line:
            raise InvalidRubric(
                problem=f"gate {gate.id}: {name} is {cap}",
                cure=f"A gate keeps a follow-up from counting: choose a value from 0 to {pass_line - 1}.",
                problem_zh=f"封顶规则 {gate.id}：{name} 为 {cap}",
                cure_zh=f"封顶分必须低于及格线，请取 0 到 {pass_line - 1}。",
            )
