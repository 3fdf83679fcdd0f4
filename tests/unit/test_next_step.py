"""The agreed next step: consent of the customer decides, not the salesperson's wish."""

from __future__ import annotations

import pytest

from speechsvc.tagging.next_step import find_next_step
from tests.unit.test_contact import conversation


@pytest.mark.parametrize(
    "lines",
    [
        ["a|那我明天上午十点过来给您演示行吗", "c|行你来吧"],
        ["a|明天晚上七点我给您演示一遍您看行吗", "c|七点不行七点我在配车九点吧", "a|九点也行我等您"],
        ["a|您什么时候方便我过去一趟", "c|周四下午吧"],
        ["a|功能就是这些", "c|可以那你下周五来吧带上报价"],
        ["a|好的", "c|你把合同今天发我邮箱我让法务看", "a|好今晚发您"],
        ["a|资料我后天寄给您", "c|嗯好的寄到采购部"],
        ["c|好。你先填资格预审的表，下周一之前给我。演示就先不用安排了，等资格过了再说。", "a|好的，资料周五前给您"],
    ],
)
def test_agreed_with_time_and_owner(lines: list[str]) -> None:
    found = find_next_step(conversation("a|您好", "c|你好你说", *lines))
    assert (found.agreed, found.has_time, found.has_owner) == (True, True, True)
    assert found.evidence


@pytest.mark.parametrize(
    "lines",
    [
        ["a|那我过了国庆再问您", "c|行吧行吧"],
        ["a|我给您装一套试用版您先看看", "c|别装别装我们电脑不能装东西"],
        ["a|那我明天上午过来给您演示行吗", "c|不用了"],
        ["a|那我先给您做个方案", "c|先别做吧做了也没用到时候再说"],
        ["a|我下周一发份资料给您", "c|再说吧"],
        ["a|明天下午三点我过来一趟"],  # nobody answers
        ["a|回头再联系您", "c|好的再见"],
        ["a|我们系统昨天刚上线", "c|嗯好"],
        ["a|周末去爬山了吗", "c|去了累死了"],
        ["c|您好欢迎致电", "a|按零吧"],
    ],
)
def test_not_agreed(lines: list[str]) -> None:
    found = find_next_step(conversation("a|您好", "c|你好你说", *lines))
    assert not found.agreed
    assert found.evidence == ()


def test_without_time_it_is_agreed_but_undated() -> None:
    found = find_next_step(conversation("a|您好", "c|你说", "a|价格表我整理好发给您", "c|好你发我微信"))
    assert (found.agreed, found.has_time, found.has_owner) == (True, False, True)


def test_customer_who_moves_the_proposal_to_another_date_agrees() -> None:
    lines = ("a|那咱们能不能公示期先进场看看", "c|别，公示完再来，二十号开启动会")
    found = find_next_step(conversation("a|您好", "c|你说", *lines))
    assert (found.agreed, found.has_time, found.has_owner) == (True, True, False)
    assert [e.turn for e in found.evidence] == [2, 3]


def test_suspect_consent_does_not_count() -> None:
    lines = ("a|那我明天上午十点过来给您演示行吗", "c|行你来吧")
    assert find_next_step(conversation(*lines)).agreed
    assert not find_next_step(conversation(*lines, suspect=(1,))).agreed


def test_unknown_speakers_take_turns() -> None:
    found = find_next_step(conversation("u|那我明天上午十点过来给您演示行吗", "u|行你来吧我等你"))
    assert found.agreed


def test_traditional_characters() -> None:
    assert find_next_step(conversation("a|那我明天上午十點過來給您演示行嗎", "c|行你來吧")).agreed


def test_dated_agreement_early_in_a_planning_call_counts_but_an_undated_request_does_not() -> None:
    talk = ["a|库存怎么切", "c|老系统那个数不准的差了两千多件"] * 8
    dated = conversation("a|我建议十月八号切新泽西仓", "c|人都没醒推到十五号", "a|行十五号切", "c|嗯", *talk)
    assert (find_next_step(dated).agreed, find_next_step(dated).has_time) == (True, True)
    undated = conversation("a|打开慢是吧", "c|你把日志给我看看", "a|好的", "c|嗯", *talk)
    assert not find_next_step(undated).agreed
