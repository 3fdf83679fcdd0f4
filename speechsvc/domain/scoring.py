"""The score: a pure function of a snapshot and a rubric, in integer points.

Rules of arithmetic, fixed for ever: amounts are whole numbers; a curve is read in thousandths, rounded down between its
points; components left out give their points to the others by largest remainder (ties to the earlier component), so
that the highest possible points sum to 100; a component's points are max_points x thousandths / 1000, rounded half up;
the total is their sum, lowered to the smallest cap among the gates that hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from speechsvc.domain.rubric import Rubric, RubricComponent
from speechsvc.domain.score import LeftOut, Score, ScoreComponent, ScoreInputs
from speechsvc.domain.score_facts import collect_inputs, join_inputs
from speechsvc.domain.score_gates import apply_gates
from speechsvc.domain.score_parts import Measured, measure, why_left_out

SCORING_VERSION = "1"  # raise it with every change of code in score*, talk_rules or utterance that can alter a result

__all__ = ["SCORING_VERSION", "collect_inputs", "join_inputs", "recompute", "score"]


def score(inputs: ScoreInputs, rubric: Rubric) -> Score:
    """Total 0 to 100 with components, gates and what was left out, each with its reason."""
    left_out = [x for c in rubric.components if (x := _left_out(c, inputs)) is not None]
    missing = {x.id for x in left_out}
    judged = [c for c in rubric.components if c.id not in missing]
    shares = _reweight(judged)
    components = tuple(_judge(c, shares[c.id], measure(c, inputs, rubric)) for c in judged)
    before = sum(c.points for c in components)
    gates = apply_gates(inputs, rubric)
    total = min([before, *(g.cap for g in gates)])
    return Score(
        total=total,
        before_gates=before,
        counts_toward_performance=total >= rubric.pass_line,
        components=components,
        gates=gates,
        left_out=tuple(left_out),
    )


def recompute(snapshot: Mapping[str, Any], rubric: Rubric) -> Score:
    """The same score again from a stored snapshot (`ScoreInputs.to_dict`)."""
    return score(ScoreInputs.from_dict(snapshot), rubric)


def _left_out(component: RubricComponent, inputs: ScoreInputs) -> LeftOut | None:
    reason = why_left_out(component.id, inputs)
    if reason is None:
        return None
    return LeftOut(
        id=component.id,
        name_zh=component.name_zh,
        name_en=component.name_en,
        points=component.points,
        reason_zh=reason[0],
        reason_en=reason[1],
    )


def _reweight(components: list[RubricComponent]) -> dict[str, int]:
    """Highest points of each component so that they sum to 100: floors, then one more to the largest remainders."""
    whole = sum(c.points for c in components)
    if whole == 0:
        return {c.id: 0 for c in components}
    shares = {c.id: 100 * c.points // whole for c in components}
    by_remainder = sorted(components, key=lambda c: -(100 * c.points % whole))  # stable: ties keep their order
    for component in by_remainder[: 100 - sum(shares.values())]:
        shares[component.id] += 1
    return shares


def _judge(component: RubricComponent, max_points: int, measured: Measured) -> ScoreComponent:
    return ScoreComponent(
        id=component.id,
        name_zh=component.name_zh,
        name_en=component.name_en,
        points=(max_points * measured.thousandths + 500) // 1000,
        max_points=max_points,
        reason_zh=measured.reason_zh,
        reason_en=measured.reason_en,
        inputs=measured.inputs,
        evidence=measured.evidence,
    )
