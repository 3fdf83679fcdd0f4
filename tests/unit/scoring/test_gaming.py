"""What does not pay: dead air, voicemail, ring-back, reciting, padding, uploading twice, stuffing minutes."""

from __future__ import annotations

from dataclasses import replace

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.scoring import join_inputs, score
from tests.unit.scoring.calls import cases, inputs_of, joined, rubric, said, score_of

RECITAL = (
    "a|我们支持私有化部署等保三级|deployment,security_compliance",
    "a|价格有折扣付款可以分期合同条款灵活|pricing_discount,payment_terms,contract_terms",
    "a|预算审批招标上线周期数据迁移都能配合|budget_approval,procurement_tender,go_live_timeline,data_migration",
    "a|跟竞品比性能稳定接口打通可以试用有标杆案例|competitor,performance_stability,system_integration,trial_poc,roi_case",
)
SMALL_TALK = (
    "a|对了您家孩子高考考得怎么样",
    "c|哎呀别提了差三分上一本全家吵了一个礼拜",
    "a|三分太可惜了那准备去哪个学校",
    "c|他想去成都他爸想让他留在本地还没说好呢你说去哪好",
    "a|成都好啊吃的多我上个月刚去火锅吃到拉肚子",
    "c|哈哈你也不年轻了少吃点辣的我现在一点辣都碰不了你胃还好吗",
    "a|是是是您那个瑜伽班还去吗",
    "c|去啊一周三次教练换了个小伙子比原来那个认真多了",
    "a|那挺好最近天气也热您多注意",
    "c|可不是嘛昨天三十九度我家空调还坏了修了两天才好",
)


def test_dead_air_gives_nothing() -> None:
    case = cases()["G10-short-decisive"]
    last = case.conversation.turns[-1]
    silent = (*case.conversation.turns[:-1], replace(last, start=last.start + 1800, end=last.end + 1800))
    padded = replace(case, conversation=Conversation(call_id="t", turns=silent))
    assert score_of(padded).total == score_of(case).total
    assert score_of(said("a|喂您好", "c|喂", "a|喂喂听得到吗", gap=600)).total == 0


def test_keywords_spoken_into_a_voicemail_box() -> None:
    result = score_of(said("c|您拨打的用户无法接通请在提示音后留言", *RECITAL, "a|听到请回电明天下午三点我过来"))
    assert result.total == 0
    assert result.gates[0].id == "not_effective"
    assert "提示音" in result.gates[0].evidence[0].text


def test_ring_back_text_full_of_keywords() -> None:
    words = (
        "c|欢迎使用彩铃业务预算审批价格优惠上线周期数据迁移就找云帆|budget_approval,pricing_discount,go_live_timeline"
    )
    assert score_of(said(words, "a|喂")).total == 0
    alone = said(
        "c|云帆软件让企业预算审批更简单价格更优惠|budget_approval,pricing_discount",
        "c|云帆软件上线更快|go_live_timeline",
    )
    assert score_of(alone).total <= 10


def test_recital_to_an_acknowledging_customer() -> None:
    lines = [line for spoken in RECITAL for line in (spoken, "c|嗯嗯是的有道理")]
    result = score_of(said(*lines, "a|那我下周一下午三点发资料给您", "c|行好的"))
    assert result.total <= 30
    assert not result.counts_toward_performance
    assert {"monologue", "no_business"} <= {g.id for g in result.gates}
    assert component(result, "breadth") == component(result, "depth") == 0


def test_recital_to_a_customer_who_answers_beside_the_point() -> None:
    lines = [line for spoken in RECITAL for line in (spoken, "c|我这边信号不太好你声音大一点听不太清楚")]
    assert score_of(said(*lines, "a|那我下周一下午三点过来", "c|行好的")).total < 60


def test_padding_a_good_call_with_small_talk_to_double_length() -> None:
    for name in ("G07-refuses-then-talks", "G10-short-decisive", "G11-good-long", "G15-mid-no-next"):
        case = cases()[name]
        length = case.conversation.turns[-1].end
        padded = case
        while padded.conversation.turns[-1].end < 2 * length:
            padded = joined(padded, said(*SMALL_TALK))
        assert score_of(padded).total - score_of(case).total < 10


def test_repeating_the_same_topic_forever_flattens() -> None:
    once = said("a|预算怎么样|budget_approval", "c|预算有二十万总部拨的|budget_approval")
    lines = ["a|预算怎么样|budget_approval", "c|预算有二十万总部拨的|budget_approval"] * 20
    assert score_of(said(*lines)).total < 60
    assert score_of(once).total < 40


def test_call_uploaded_twice_counts_once() -> None:
    case = cases()["G15-mid-no-next"]
    other_id = replace(case, conversation=replace(case.conversation, call_id="again"))
    twice = join_inputs([inputs_of(case), inputs_of(other_id)])
    assert len(twice.calls) == 1
    assert score(twice, rubric()).total == score_of(case).total


def test_one_turn_cut_into_pieces_counts_once() -> None:
    whole = said("a|你好", "c|预算有二十万 是总部拨的 下个月批|budget_approval")
    pieces = said(
        "a|你好", "c|预算有二十万|budget_approval", "c|是总部拨的|budget_approval", "c|下个月批|budget_approval"
    )
    assert score_of(pieces).total == score_of(whole).total


def test_stuffed_minutes_gain_nothing() -> None:
    case = cases()["G12-small-talk"]
    honest = score_of(case, minutes_topics=["contract_terms"])
    stuffed = score_of(case, minutes_topics=["contract_terms", "budget_approval", "deployment", "pricing_discount"])
    assert stuffed.total == honest.total


def test_same_document_twice_is_one() -> None:
    case = cases()["G10-short-decisive"]
    assert score_of(case, documents=["ab", "ab"]) == score_of(case, documents=["ab"])


def test_suspect_and_negated_mentions_do_not_count() -> None:
    case = said("a|预算怎么样|budget_approval", "c|今天天气很好我们出去玩了|pricing_discount,-deployment")
    marked = replace(case, mentions=tuple(replace(m, suspect=m.topic == "pricing_discount") for m in case.mentions))
    topics = {t.topic for t in inputs_of(marked).calls[0].topics}
    assert "pricing_discount" not in topics
    assert "deployment" not in topics


def test_text_of_suspect_turns_does_not_count() -> None:
    case = cases()["G11-good-long"]
    turns = tuple(replace(t, suspect=("loop",)) for t in case.conversation.turns)
    assert score_of(replace(case, conversation=replace(case.conversation, turns=turns))).total == 0


def test_unknown_speakers_are_left_to_a_person() -> None:
    result = score_of(said("u|预算有二十万|budget_approval", "u|好的明天上午十点我过来演示", "u|行你来吧"))
    assert {x.id for x in result.left_out} >= {"talk_time", "engagement", "breadth", "depth"}
    assert not result.counts_toward_performance
    assert [g.id for g in result.gates] == ["speakers_unknown"]


def component(result: object, id_: str) -> int:
    return next(c.points for c in result.components if c.id == id_)  # type: ignore[attr-defined]


def test_same_reply_again_and_again_counts_once() -> None:
    lines = [line for spoken in RECITAL for line in (spoken, "c|这个我们预算里面有的你接着讲|budget_approval")]
    result = score_of(said(*lines))
    assert next(c.inputs["topic_turns"] for c in result.components if c.id == "engagement") == 1
