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


@pytest.mark.parametrize(
    ("agreed", "lines"),
    [
        (True, ["a|那我把方案改一版周三给您", "c|嗯周三给我就行"]),
        (True, ["a|您看下周找个时间见一面", "c|下周四我在公司你来"]),
        (True, ["c|你先出个报价吧我拿去给老板看", "a|好的我下午发您"]),
        (True, ["c|那就这样我明天跟财务说一声让他们把首付款打了", "a|好嘞"]),
        (True, ["a|那咱们约个线上会议", "c|可以明天十点", "a|我发会议链接"]),
        (True, ["a|测试账号我给您开好了您这两天用用看", "c|好我让他们几个试试"]),
        (True, ["a|合同我快递给您", "c|寄吧"]),
        (True, ["c|你把案例发我看看", "a|马上发"]),
        (True, ["c|下周我去你们公司看看", "a|欢迎欢迎"]),
        (True, ["a|您把需求整理一下给我", "c|行我周末整理"]),
        (True, ["c|等我出差回来下周三你再打给我", "a|好"]),
        (True, ["c|报价收到了我后天上会讨论完给你回话", "a|好我等您消息"]),
        (True, ["a|我们技术明天远程帮您装", "c|好几点", "a|上午十点", "c|可以"]),
        (False, ["a|那您考虑一下", "c|好我考虑考虑"]),
        (False, ["a|有需要您随时联系我", "c|好的"]),
        (False, ["a|那我下个月再给您打", "c|下个月也没钱"]),
        (False, ["c|有需要我再联系你", "a|好"]),
        (False, ["a|那我改天拜访您", "c|改天再说吧"]),
        (False, ["a|您这边几点下班", "c|六点"]),
        (False, ["a|你们去年什么时候上的线", "c|去年十月八号上线的"]),
        (False, ["c|我们昨天开会讨论过了", "a|结果怎么样", "c|没定下来"]),
        (False, ["a|我们可以给您演示", "c|可以是可以但是没预算演示了也没用"]),
        (False, ["c|你们可以对接钉钉吗", "a|可以的", "c|好"]),
        (False, ["a|加个微信吧", "c|不用了"]),
        (False, ["a|我先发份资料您看看", "c|你发吧看不看得到不一定啊我先挂了"]),
        (False, ["a|嗯", "c|系统一天要开好几次会", "a|哦哦", "c|嗯"]),
        (False, ["a|那祝您生意兴隆", "c|谢谢再见"]),
        (
            True,
            [
                "a|嗯",
                "a|系统就这些功能",
                "c|挺好的你帮我约下你们技术我们IT有几个接口要问",
                "a|没问题明天上午行吗",
                "c|明天上午我有会下午吧",
            ],
        ),
        (True, ["a|嗯", "c|行那就这么定了周五签", "a|好"]),
        (True, ["a|嗯", "a|我把报价单发您微信上", "c|嗯发吧我看看"]),
        (True, ["a|嗯", "a|那我下周一上门做个调研", "c|下周一不行周二我在"]),
        (True, ["a|嗯", "c|我回去跟老板汇报一下明天给你答复", "a|好的等您"]),
        (True, ["a|嗯", "a|首付款您看什么时候安排", "c|这周内吧财务在走流程了"]),
        (True, ["a|嗯", "a|您把对接的技术微信推给我", "c|好我推给你"]),
        (True, ["a|嗯", "c|你下午四点再打过来找我们蔡科长", "a|好的好的"]),
        (True, ["a|嗯", "a|咱们月底前把合同签了", "c|可以"]),
        (True, ["a|嗯", "a|那等您招标文件挂网我们来投", "c|好十五号挂网你们盯着点"]),
        (False, ["a|嗯", "a|那好吧打扰您了", "c|没事再见"]),
        (False, ["a|嗯", "a|您先忙", "c|好好好"]),
        (False, ["a|嗯", "a|我们上周给别家刚部署完", "c|哦是吗"]),
        (False, ["a|嗯", "a|那我过段时间再跟您联系", "c|行"]),
        (False, ["a|嗯", "c|这个事情我得考虑一下", "a|好的您考虑"]),
        (False, ["a|嗯", "a|要不我给您发个资料", "c|发资料没用的我也不看"]),
        (False, ["a|嗯", "a|您看还有什么问题", "c|没有了"]),
        (False, ["a|嗯", "c|你们去年给我们装的那个模块坏了", "a|哪个模块", "c|就那个打印的"]),
        (False, ["a|嗯", "a|我周末去钓鱼了", "c|钓了多少", "a|三斤", "c|可以啊"]),
        (False, ["a|嗯", "a|这个我们都能做", "c|好的知道了我先忙"]),
        (True, ["a|嗯", "a|那我周二带架构师开个技术会", "c|周二上午鞠工当接口人你加他微信"]),
        (True, ["a|嗯", "a|那我二十五号把材料送过去", "c|二十五号来的时候避开中午"]),
        (True, ["a|嗯", "c|你周三来别带PPT我跟你去两家店转转", "a|周三九点我在总店门口"]),
        (True, ["a|嗯", "c|先给我冷柜那一排装二十个试试", "a|好我礼拜五带过来"]),
        (False, ["a|嗯", "a|要不我明天再联系您", "c|明天再说吧，我先找轮胎去"]),
        (False, ["a|嗯", "a|那我下个月再打给您", "c|行吧下个月看"]),
        (False, ["a|我们报价一个镇六万", "c|够也没用。你也别来演示，镇里马上换届", "a|好换届完我再来", "c|嗯"]),
    ],
)
def test_endings_as_they_happen(agreed: bool, lines: list[str]) -> None:
    assert find_next_step(conversation("a|您好", "c|你说", *lines)).agreed == agreed


@pytest.mark.parametrize(
    "answer",
    [
        "周一我在开业主大会电话打不通的",  # busy then: naming the time is no yes
        "你先别往我这儿发",  # no request, although it names what to send
        "那你跟采购说吧",
        "明天我要进货呢开车去批发市场",
    ],
)
def test_waving_away_is_no_next_step(answer: str) -> None:
    found = find_next_step(conversation("a|您好", "c|你说", "a|好吧那我周一给您信", f"c|{answer}"))
    assert not found.agreed


def test_busy_but_another_time_is_agreed() -> None:
    lines = ("a|那我周一下午过来给您演示一下？", "c|周一我在开会，周二下午吧，你过来")
    found = find_next_step(conversation("a|您好", "c|你说", *lines))
    assert (found.agreed, found.has_time) == (True, True)
