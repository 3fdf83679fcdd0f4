"""Gates: conditions under which a total may not exceed a cap, so that nothing but real contact can pass."""

from __future__ import annotations

from collections.abc import Callable

from speechsvc.domain.rubric import Rubric, RubricGate
from speechsvc.domain.score import AppliedGate, CallFacts, Fact, ScoreInputs
from speechsvc.domain.score_parts import joined_topics, judged_calls, speakers_known

_CONTACT_ZH = {
    "voicemail": "语音信箱或运营商提示",
    "ivr": "语音菜单",
    "wrong_number": "打错电话或号码失效",
    "refused": "客户拒绝沟通",
    "no_speech": "没有客户说话",
}
_Held = tuple[int, str, str, tuple[Fact, ...]]  # cap, reason zh, reason en, evidence


def apply_gates(inputs: ScoreInputs, rubric: Rubric) -> tuple[AppliedGate, ...]:
    """The rubric's gates that hold for these inputs, in the rubric's order."""
    found = ((gate, _GATES[gate.id](gate, inputs)) for gate in rubric.gates)
    return tuple(
        AppliedGate(
            id=gate.id,
            name_zh=gate.name_zh,
            name_en=gate.name_en,
            cap=held[0],
            reason_zh=held[1],
            reason_en=held[2],
            evidence=held[3],
        )
        for gate, held in found
        if held is not None
    )


def _not_effective(gate: RubricGate, inputs: ScoreInputs) -> _Held | None:
    if any(c.contact == "effective" for c in inputs.calls):
        return None
    if not inputs.calls:
        return gate.numbers["no_speech"], "没有任何通话", "There is no call", ()
    call = max(inputs.calls, key=lambda c: gate.numbers[c.contact])
    zh = f"没有与客户有效沟通：{_CONTACT_ZH[call.contact]}"
    return gate.numbers[call.contact], zh, f"No effective contact: {call.contact}", call.contact_evidence


def _one_sided(gate: RubricGate, inputs: ScoreInputs) -> _Held | None:
    calls = judged_calls(inputs)
    if not speakers_known(inputs) or any(c.agent_characters or c.unknown_characters for c in calls):
        return None
    return gate.numbers["cap"], "销售没有说话，不是双向沟通", "The salesperson never spoke: no two-way talk", ()


def _monologue(gate: RubricGate, inputs: ScoreInputs) -> _Held | None:
    calls = judged_calls(inputs)
    customer, agent = sum(c.customer_characters for c in calls), sum(c.agent_characters for c in calls)
    enough = agent >= gate.numbers["agent_characters_from"]
    if not enough or 100 * customer >= gate.numbers["word_share_below_percent"] * (customer + agent):
        return None
    share, longest = 100 * customer // (customer + agent), max(calls, key=lambda c: c.longest_monologue_ms)
    seconds = longest.longest_monologue_ms // 1000
    return (
        gate.numbers["cap"],
        f"几乎只有销售在说：客户实质内容占 {share}%，销售最长独白 {seconds} 秒",
        f"The salesperson speaks alone: customer {share}% of the real words, longest monologue {seconds} s",
        (_whole_call(longest, f"longest monologue {seconds} s"),),
    )


def _no_business(gate: RubricGate, inputs: ScoreInputs) -> _Held | None:
    if not speakers_known(inputs) or joined_topics(inputs):
        return None
    return gate.numbers["cap"], "客户没有谈到任何业务主题", "The customer spoke of no business topic", ()


def _stalled(gate: RubricGate, inputs: ScoreInputs) -> _Held | None:
    calls = judged_calls(inputs)
    put_offs = tuple(f for c in calls for f in c.put_offs)
    if any(c.next_step_agreed for c in calls) or len(put_offs) < gate.numbers["put_offs_from"]:
        return None
    zh = f"客户 {len(put_offs)} 次推脱，且没有约定下一步"
    return gate.numbers["cap"], zh, f"The customer put off {len(put_offs)} times and agreed to no next step", put_offs


def _speakers_unknown(gate: RubricGate, inputs: ScoreInputs) -> _Held | None:
    if speakers_known(inputs):
        return None
    zh = "无法区分说话人：请用双声道录音，或提交人工复核"
    return gate.numbers["cap"], zh, "Who spoke is not known: record in stereo or ask for a review by a person", ()


def _whole_call(call: CallFacts, note: str) -> Fact:
    return Fact(call_id=call.call_id, turn=None, start_ms=0, end_ms=0, text="", note=note)


_GATES: dict[str, Callable[[RubricGate, ScoreInputs], _Held | None]] = {
    "not_effective": _not_effective,
    "one_sided": _one_sided,
    "monologue": _monologue,
    "no_business": _no_business,
    "stalled": _stalled,
    "speakers_unknown": _speakers_unknown,
}
