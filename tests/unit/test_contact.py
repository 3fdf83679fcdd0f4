"""Contact outcome on what is really heard: carrier prompts, assistants, menus, strangers, refusals, and people."""

from __future__ import annotations

import pytest

from speechsvc.domain.analysis import Contact
from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.tagging.contact import find_contact

_WHO = {"a": Speaker.AGENT, "c": Speaker.CUSTOMER, "u": Speaker.UNKNOWN}


def conversation(*lines: str, suspect: tuple[int, ...] = ()) -> Conversation:
    """Lines like 'c|喂': speaker and words; two seconds each."""
    turns = []
    for i, line in enumerate(lines):
        who, text = line.split("|")
        marks = ("blocklist",) if i in suspect else ()
        turns.append(Turn(speaker=_WHO[who], start=i * 3.0, end=i * 3.0 + 2, text=text, suspect=marks))
    return Conversation(call_id="t", turns=tuple(turns))


def outcome(*lines: str, suspect: tuple[int, ...] = ()) -> str:
    return find_contact(conversation(*lines, suspect=suspect)).outcome.value


@pytest.mark.parametrize(
    "prompt",
    [
        "您好，您拨打的用户正忙，请稍后再拨。",
        "对不起 您拨打的电话暂时无法接通 请稍后再拨",
        "对不起您呼叫的用户已关机",
        "您拨打的电话正在通话中请稍后再拨sorry the subscriber you dialed is busy now please redial later",
        "Sorry, the subscriber you dialed cannot be connected for the moment.",
        "您好，您所拨打的用户暂时无人接听，请在提示音后留言，按井号键结束",
        "對不起，您撥打的用戶不在服務區",
        "暂时无人接听，将以短信的形式通知对方",
        "请在嘀声后留言",
        "您好，这里是13800的语音信箱，请留言",
        "Please leave a message after the tone.",
        "您好，我是机主的智能助理，机主现在不方便接听电话，有什么需要我帮您转告吗",
        "你好我是语音秘书小艾机主暂时无法接听",
        "欢迎使用中国移动彩铃业务，按星号键复制此彩铃",
    ],
)
def test_machines_that_stand_for_an_absent_person_are_voicemail(prompt: str) -> None:
    assert outcome(f"c|{prompt}", "a|喂您好") == "voicemail"
    assert outcome(f"u|{prompt}") == "voicemail"


def test_agent_talking_into_a_voicemail_box_is_voicemail() -> None:
    said = "a|王总您好我是云帆的小周想聊一下预算审批和上线周期听到留言请回电话"
    assert outcome("c|请在提示音后留言", said, "a|谢谢再见") == "voicemail"


def test_call_assistant_that_holds_a_small_conversation_is_voicemail() -> None:
    lines = [
        "c|您好我是机主的AI助理请问您找机主有什么事情",
        "a|我是卖软件的想聊聊报价",
        "c|好的请问您怎么称呼",
        "a|我姓刘",
        "c|好的刘先生您的来电我会转告机主",
        "a|谢谢",
        "c|不客气再见",
    ]
    assert outcome(*lines) == "voicemail"


@pytest.mark.parametrize(
    "menu",
    [
        "您好，欢迎致电云合科技，价格咨询请按一，售后服务请按二，人工服务请按零。",
        "欢迎致电恒信集团请直拨分机号查号请拨0",
        "坐席全忙请稍候您前面还有七位客户在等待",
        "为了保证服务质量您的通话可能会被录音中文服务请按1",
        "for english press 2",
    ],
)
def test_menu_without_a_person_is_ivr(menu: str) -> None:
    assert outcome(f"c|{menu}", "a|按零吧", "a|算了挂了") == "ivr"


def test_person_after_the_menu_is_effective() -> None:
    lines = ["c|欢迎致电恒信集团采购请按二", "a|按二", "c|你好采购部", "a|问下第二季度的款"]
    talk = ["c|第二季度发票抬头开错了财务退回去了", "a|抬头应该是哪个", "c|恒信供应链税号我等下发你"]
    assert outcome(*lines, *talk) == "effective"
    assert outcome(*lines) == "ivr"


@pytest.mark.parametrize(
    "prompt", ["您拨打的号码是空号，请核对后再拨", "您所拨打的电话已停机", "對不起，您撥打的號碼是空號"]
)
def test_dead_number_is_wrong_number(prompt: str) -> None:
    assert outcome(f"c|{prompt}", "a|怎么是空号") == "wrong_number"


@pytest.mark.parametrize(
    "words",
    [
        "你打错了",
        "打错电话了吧",
        "我不是他 你找错人了",
        "这里不是什么科技公司，你打错了",
        "我不是什么陈总",
        "没有这个人",
        "这个号我刚办的以前的人换号了",
        "不认识你说的这个人",
    ],
)
def test_wrong_number(words: str) -> None:
    assert outcome("a|喂您好请问是鼎盛的陈总吗", f"c|{words}", "a|哦不好意思", "c|没事") == "wrong_number"


@pytest.mark.parametrize(
    "words",
    [
        "不需要，谢谢",
        "不需要不需要我们有了",
        "没兴趣",
        "别再打了再打我投诉了",
        "你们怎么有我电话的",
        "没空在开会挂了",
        "我们没这方面需求",
        "天天打电话烦不烦",
        "在忙",
    ],
)
def test_refusal_without_more(words: str) -> None:
    assert outcome("a|您好我是快客云的小李想跟您介绍一下客服系统", f"c|{words}", "a|好的打扰了") == "refused"


def test_refuses_first_and_then_talks_for_long_is_effective() -> None:
    lines = [
        "a|李经理您好我是方舟的小顾",
        "c|不需要我们有系统了",
        "a|理解您现在用哪家",
        "c|用的本地一家小公司的天天掉线盘点的时候最要命",
        "a|掉线多久恢复",
        "c|快的十分钟慢的半天上个月停了四个小时发货全压着",
        "a|今年有预算吗",
        "c|预算有二十万是总部拨的得我们厂长和信息部一起定",
    ]
    assert outcome(*lines) == "effective"


def test_busy_with_leave_to_call_again_is_contact_but_plain_busy_is_not() -> None:
    opening = "a|喂吴总您好我是智链的小许"
    assert outcome(opening, "c|我在开车呢你晚点再打给我", "a|好的") == "effective"
    assert outcome(opening, "c|在开会", "a|那下午三点给您打过来行吗", "c|行", "a|好") == "effective"
    assert outcome(opening, "c|我在开车呢挂了", "a|喂") == "refused"


def test_word_of_no_need_inside_business_is_no_refusal() -> None:
    lines = ["a|合同收到了吗", "c|收到了法务在看违约金那条要改", "a|要不要我过来一趟", "c|不用了你把改好的周五发我邮箱"]
    assert outcome(*lines) == "effective"


def test_colleague_who_took_over_is_no_wrong_number() -> None:
    lines = ["a|请问是陈总吗", "c|我不是陈总啊", "a|那您是", "c|陈总调走了现在采购归我管你说吧什么事"]
    more = ["a|续签合同的事", "c|合同我看过了八月份到期价格还要再谈一下", "a|好的", "c|你把新的报价发我我姓孟"]
    assert outcome(*lines, *more) == "effective"


def test_nobody_speaks() -> None:
    assert outcome() == "no_speech"
    assert outcome("c|", "a|……") == "no_speech"
    assert outcome("a|喂？喂您好听得到吗") == "no_speech"
    assert outcome("c|喂", "a|喂您好听得到吗", "c|喂？") == "no_speech"


def test_suspect_turns_do_not_count() -> None:
    invented = "c|请不吝点赞订阅转发打赏支持明镜与点点栏目"
    assert outcome("a|喂您好", invented, suspect=(1,)) == "no_speech"
    assert outcome(invented, suspect=(0,)) == "no_speech"


def test_evidence_names_turn_seconds_and_reason() -> None:
    finding = find_contact(conversation("a|喂您好是陈总吗", "c|你打错了"))
    assert finding.outcome is Contact.WRONG_NUMBER
    (evidence,) = finding.evidence
    assert (evidence.turn, evidence.start, evidence.end, evidence.text) == (1, 3.0, 5.0, "你打错了")
    assert "打错" in evidence.reason
