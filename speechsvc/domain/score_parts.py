"""How each component of a rubric is measured: thousandths of its points, the numbers used, evidence and a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from speechsvc.domain.rubric import Curve, Rubric, RubricComponent
from speechsvc.domain.score import CallFacts, Fact, ScoreInputs, SpokenTopic

_SPOKEN = frozenset({"talk_time", "engagement", "substance", "breadth", "depth"})  # need to know who spoke


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One component's result before it is turned into points."""

    thousandths: int  # 0 to 1000 of the component's points
    inputs: Mapping[str, int]
    evidence: tuple[Fact, ...]
    reason_zh: str
    reason_en: str


def measure(component: RubricComponent, inputs: ScoreInputs, rubric: Rubric) -> Measured:
    """`component` judged on the effective calls of `inputs` (on all, where none is effective: gates then cap)."""
    return _MEASURES[component.id](component, inputs, rubric)


def why_left_out(component_id: str, inputs: ScoreInputs) -> tuple[str, str] | None:
    """Chinese and English reason where the component's source was not given, else None."""
    if component_id == "documents" and inputs.documents is None:
        return (
            "未接入文档数据，本项不评，分值按比例分给其他项",
            "No documents are sent to the service; its points go to the others",
        )
    if component_id == "minutes" and inputs.minutes_topics is None:
        return "未提供会议纪要，本项不评，分值按比例分给其他项", "No minutes were given; its points go to the others"
    if component_id in _SPOKEN and not speakers_known(inputs):
        return "无法区分说话人，本项不评，需人工复核", "Who spoke is not known; a person has to judge this"
    if component_id == "talk_time" and not any(c.timed for c in inputs.calls):
        return "文本没有时间信息，无法测量通话时长", "The text carries no times, so talk time cannot be measured"
    return None


def speakers_known(inputs: ScoreInputs) -> bool:
    """False where words were spoken but none is known to be the agent's or the customer's."""
    known = any(c.agent_characters or c.customer_characters or c.agent_ms or c.customer_ms for c in inputs.calls)
    return known or not any(c.unknown_characters or c.unknown_ms for c in inputs.calls)


def judged_calls(inputs: ScoreInputs) -> tuple[CallFacts, ...]:
    """The effective calls; all calls where none is effective."""
    return tuple(c for c in inputs.calls if c.contact == "effective") or inputs.calls


def read_curve(curve: Curve, amount: int) -> int:
    """Thousandths at `amount`: straight lines between the curve's points, rounded down; flat outside."""
    if amount <= curve[0][0]:
        return curve[0][1] * 10
    for (x0, y0), (x1, y1) in pairwise(curve):
        if amount <= x1:
            return y0 * 10 + (y1 - y0) * 10 * (amount - x0) // (x1 - x0)
    return curve[-1][1] * 10


def _talk_time(component: RubricComponent, inputs: ScoreInputs, rubric: Rubric) -> Measured:
    calls = judged_calls(inputs)
    limit = component.numbers["agent_seconds_per_customer_second"]
    customer, agent = sum(c.customer_ms for c in calls), sum(c.agent_ms for c in calls)
    two_way = sum(c.customer_ms + min(c.agent_ms, limit * c.customer_ms) for c in calls) // 1000
    return Measured(
        thousandths=read_curve(component.curves["seconds"], two_way),
        inputs={"customer_seconds": customer // 1000, "agent_seconds": agent // 1000, "two_way_seconds": two_way},
        evidence=(),
        reason_zh=f"双方有效通话 {two_way} 秒（客户 {customer // 1000} 秒，销售 {agent // 1000} 秒）",
        reason_en=f"{two_way} s of two-way talk (customer {customer // 1000} s, salesperson {agent // 1000} s)",
    )


def _engagement(component: RubricComponent, inputs: ScoreInputs, rubric: Rubric) -> Measured:
    calls = judged_calls(inputs)
    customer = sum(c.customer_characters for c in calls)
    whole = customer + sum(c.agent_characters for c in calls)
    share = 100 * customer // whole if whole else 0
    turns = [f for c in calls for f in c.topic_turns]
    questions = [f for c in calls for f in c.questions]
    put_offs = [f for c in calls for f in c.put_offs]
    amounts = {"word_share": share, "topic_turns": len(turns), "questions": len(questions)}
    parts = (component.numbers[f"{k}_weight"] * read_curve(component.curves[k], v) for k, v in amounts.items())
    deduction = 10 * component.numbers["put_off_deduction"] * len(put_offs)
    counted = {"word_share_percent": share, "topic_turns": len(turns), "questions": len(questions)}
    return Measured(
        thousandths=max(0, sum(parts) // 100 - deduction),
        inputs=counted | {"put_offs": len(put_offs)},
        evidence=_unique([*questions, *put_offs, *turns]),
        reason_zh=f"客户说了 {share}% 的实质内容，谈业务 {len(turns)} 次，提问 {len(questions)} 次，"
        f"推脱 {len(put_offs)} 次",
        reason_en=f"Customer: {share}% of the real words, {len(turns)} turns on topics, {len(questions)} questions, "
        f"{len(put_offs)} times putting off",
    )


def _substance(component: RubricComponent, inputs: ScoreInputs, rubric: Rubric) -> Measured:
    """How much one turn of the customer says, not how many there are: padding a call lowers it, or leaves it.

    Averages are taken over `least_turns` turns at least, so that one good sentence is not a conversation.
    """
    calls = judged_calls(inputs)
    turns = sum(c.customer_turns for c in calls)
    divisor = max(turns, component.numbers["least_turns"])
    length = sum(c.customer_characters for c in calls) // divisor
    specific = [f for c in calls for f in c.specific_turns]
    share = 100 * len(specific) // divisor
    parts = (
        component.numbers["characters_weight"] * read_curve(component.curves["characters"], length),
        component.numbers["specifics_weight"] * read_curve(component.curves["specifics"], share),
    )
    return Measured(
        thousandths=sum(parts) // 100,
        inputs={"customer_turns": turns, "characters_per_turn": length, "specific_percent": share},
        evidence=_unique(specific),
        reason_zh=f"客户每次发言平均 {length} 个实质字，{share}% 的发言有数字、时间或名称",
        reason_en=f"A customer turn says {length} real characters on average; {share}% have figures, dates or names",
    )


def _breadth(component: RubricComponent, inputs: ScoreInputs, rubric: Rubric) -> Measured:
    topics = joined_topics(inputs)
    raised = [t for t in topics if not t.taken_up]
    amount = sum(
        topic_weight(t, rubric) * component.numbers["taken_up_weight" if t.taken_up else "raised_weight"]
        for t in topics
    )
    names = ", ".join(t.topic for t in topics) or "-"
    return Measured(
        thousandths=read_curve(component.curves["topics"], amount),
        inputs={"topics_raised": len(raised), "topics_taken_up": len(topics) - len(raised), "weighted": amount},
        evidence=tuple(t.evidence[0] for t in topics if t.evidence),
        reason_zh=f"客户谈到 {len(raised)} 个高价值主题，另接话 {len(topics) - len(raised)} 个：{names}",
        reason_en=f"Customer spoke of {len(raised)} topics, answered on {len(topics) - len(raised)} more: {names}",
    )


def _depth(component: RubricComponent, inputs: ScoreInputs, rubric: Rubric) -> Measured:
    topics = joined_topics(inputs)
    units = {t.topic: _depth_units(t, component.numbers) for t in topics}
    deep = [t for t in topics if units[t.topic] >= 2]
    amount = sum(units.values())
    names = ", ".join(f"{t.topic} {units[t.topic]}" for t in deep) or "-"
    return Measured(
        thousandths=read_curve(component.curves["units"], amount),
        inputs={"units": amount, "topics_in_depth": len(deep)},
        evidence=_unique([f for t in deep for f in t.evidence]),
        reason_zh=f"{len(deep)} 个主题谈得深入（多轮、双方都谈、有具体数字或时间）：{names}",
        reason_en=f"{len(deep)} topics in depth (several turns, both sides, figures or dates): {names}",
    )


def _depth_units(topic: SpokenTopic, numbers: Mapping[str, int]) -> int:
    """For further customer turns, for turns in which the salesperson answers or is answered, and for specifics."""
    turns = min(topic.customer_turns, numbers["most_turns"]) - 1
    exchanges = min(topic.exchanges, numbers["most_exchanges"])
    return turns + exchanges + min(topic.specifics, numbers["most_specifics"])


def _next_step(component: RubricComponent, inputs: ScoreInputs, rubric: Rubric) -> Measured:
    n = component.numbers
    agreed = [c for c in judged_calls(inputs) if c.next_step_agreed]
    best = max(agreed, key=lambda c: c.next_step_time + c.next_step_owner, default=None)
    time, owner = (best.next_step_time, best.next_step_owner) if best else (False, False)
    percent = (n["agreed_percent"] + time * n["time_percent"] + owner * n["owner_percent"]) if best else 0
    denied = () if best else tuple(f for c in judged_calls(inputs) for f in c.next_step_evidence)
    zh, en = "没有客户同意的下一步", "No agreed next step"
    if best:
        zh = f"客户同意了下一步（{'有' if time else '没有'}时间，{'有' if owner else '没有'}负责人）"
        en = f"Next step agreed ({'with' if time else 'no'} time, {'with' if owner else 'no'} owner)"
    elif denied:  # words that look like consent, and what speaks against them
        zh, en = (
            f"{zh}：看似同意的话不算数，理由见依据",
            f"{en}: what sounds like consent is outweighed, see the evidence",
        )
    return Measured(
        thousandths=percent * 10,
        inputs={"agreed": int(best is not None), "time": int(time), "owner": int(owner)},
        evidence=best.next_step_evidence if best else denied,
        reason_zh=zh,
        reason_en=en,
    )


def _documents(component: RubricComponent, inputs: ScoreInputs, rubric: Rubric) -> Measured:
    count = len(set(inputs.documents or ()))
    return Measured(
        thousandths=read_curve(component.curves["count"], count),
        inputs={"documents": count},
        evidence=(),
        reason_zh=f"上传了 {count} 份不同的文档",
        reason_en=f"{count} different documents uploaded",
    )


def _minutes(component: RubricComponent, inputs: ScoreInputs, rubric: Rubric) -> Measured:
    """Only topics that a customer really spoke of in a call: minutes stuffed with keywords gain nothing."""
    written = set(inputs.minutes_topics or ())
    heard = {t.topic: t for t in joined_topics(inputs)}
    confirmed = sorted(written & heard.keys())
    return Measured(
        thousandths=read_curve(component.curves["topics"], len(confirmed)),
        inputs={"topics_written": len(written), "topics_confirmed": len(confirmed)},
        evidence=tuple(heard[t].evidence[0] for t in confirmed if heard[t].evidence),
        reason_zh=f"纪要写了 {len(written)} 个主题，其中 {len(confirmed)} 个在通话中得到客户印证",
        reason_en=f"Minutes name {len(written)} topics; the customer spoke of {len(confirmed)} of them in a call",
    )


def joined_topics(inputs: ScoreInputs) -> list[SpokenTopic]:
    """One fact a topic over all judged calls, in order of name."""
    found: dict[str, list[SpokenTopic]] = {}
    for call in judged_calls(inputs):
        for topic in call.topics:
            found.setdefault(topic.topic, []).append(topic)
    return [
        SpokenTopic(
            topic=name,
            customer_turns=sum(t.customer_turns for t in parts),
            agent_turns=sum(t.agent_turns for t in parts),
            exchanges=sum(t.exchanges for t in parts),
            specifics=sum(t.specifics for t in parts),
            taken_up=all(t.taken_up for t in parts),
            evidence=tuple(f for t in parts for f in t.evidence),
        )
        for name, parts in sorted(found.items())
    ]


def topic_weight(topic: SpokenTopic, rubric: Rubric) -> int:
    """The rubric's weight of this topic."""
    return rubric.topic_weights.get(topic.topic, rubric.default_topic_weight)


def _unique(facts: list[Fact]) -> tuple[Fact, ...]:
    """One fact a turn, in order of call and turn."""
    first = {(f.call_id, f.turn): f for f in reversed(facts)}
    return tuple(sorted(first.values(), key=lambda f: (f.call_id, -1 if f.turn is None else f.turn)))


_MEASURES: dict[str, Callable[[RubricComponent, ScoreInputs, Rubric], Measured]] = {
    "talk_time": _talk_time,
    "engagement": _engagement,
    "substance": _substance,
    "breadth": _breadth,
    "depth": _depth,
    "next_step": _next_step,
    "documents": _documents,
    "minutes": _minutes,
}
