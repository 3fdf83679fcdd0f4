"""Negated means set aside, not needed, not to be discussed. Sentences written for this test."""

import pytest

from tests.unit.tagging.lexicon_fixture import found

NEGATED = [
    ("我们不用培训", "training"),
    ("培训就不用了我们自己会", "training"),
    ("培训不用，我们有讲师", "training"),
    ("价格先不谈，你先说说怎么做", "price"),
    ("价格咱们今天先不说", "price"),
    ("先别报价，我还没看呢", "price"),
    ("案例别老给我发了都看过了", "case"),
    ("别再给我发案例了", "case"),
    ("案例PDF就别发了", "case"),
    ("案例材料就免了吧", "case"),
    ("演示就先不用安排了书记很忙", "trial"),
    ("演示的事以后再说", "trial"),
    ("演示回头再看吧", "trial"),
    ("我们不用你们定制界面", "custom"),
    ("不需要定制", "custom"),
    ("我们没什么要定制的", "custom"),
    ("暂时不考虑定制", "custom"),
    ("定制这块我们没打算做", "custom"),
    ("我们没有历史数据要迁", "migration"),
    ("没什么历史数据可迁的", "migration"),
    ("历史数据就不要了", "migration"),
    ("历史数据不用导，老系统留着查", "migration"),
    ("我们对二次开发没兴趣", "custom"),
    ("保证金别提我们对谁都不交", "invoice"),
    ("你就别跟我谈折扣了", "price"),
    ("这个项目不走招标", "tender"),
    ("培训我们就算了", "training"),
    ("不想聊价格", "price"),
    ("没必要搞什么培训", "training"),
    ("用不着演示", "trial"),
    ("培训，那个，真不用了", "training"),
    ("我们不用招标吧", "tender"),
    ("定制取消吧", "custom"),
    ("培训免了", "training"),
    ("你那个案例就不要再念了", "case"),
    ("我跟你讲培训真的没必要", "training"),
    ("招标那块我们绕过去了不用走", "tender"),
    ("演示暂时先放一放吧", "trial"),
    ("折扣的事今天不谈，改天", "price"),
    ("定制我看就免了", "custom"),
    ("现在谈价格太早了，先不说这个", "price"),
    ("单点登录我们用不上", "api"),
    ("接口那个API我们不需要", "api"),
    ("老数据都不导了，从头来", "migration"),
    ("你别一上来就跟我谈价格", "price"),
    ("二次开发这条先划掉", "custom"),
    ("发票不急，后面再说", "invoice"),
    ("我对案例不感兴趣", "case"),
    ("试用账号就不开了吧", "trial"),
    ("我们不想做什么定制", "custom"),
    ("上线的事等过完年再说", "golive"),
    ("不用给我发报价", "price"),
    ("招标省了直接签", "tender"),
]
AFFIRMED = [
    ("培训不够啊才两小时", "training"),
    ("价格没得商量吗", "price"),
    ("没有案例我怎么跟领导说", "case"),
    ("不给发票我怎么报销", "invoice"),
    ("API文档没有吗", "api"),
    ("预算还没批下来", "budget"),
    ("上线不能再拖了", "golive"),
    ("不做演示领导不会批", "trial"),
    ("我不是不想谈价格，是做不了主", "price"),
    ("培训是不是不要钱", "training"),
    ("不签合同先试用账号行不行", "trial"),
    ("我没说不要定制", "custom"),
    ("历史数据导不出来怎么办", "migration"),
    ("价格不降我没法签", "price"),
    ("你们不会连API都没有吧", "api"),
    ("价格上别跟我绕弯子", "price"),
    ("没有报价我不好往上报", "price"),
    ("招标不走不行啊", "tender"),
    ("能不能别收定制费", "custom"),
    ("不用等招标结果，先进场", "tender"),
    ("要不要培训", "training"),
    ("需不需要招标", "tender"),
    ("用不用搞培训", "training"),
    ("你们有没有历史数据要迁", "migration"),
    ("没预算了", "budget"),
    ("我们今年没有预算", "budget"),
    ("没有预算审批不行", "budget"),
    ("不做培训不行的", "training"),
    ("不可能不要发票", "invoice"),
    ("谁说不用招标", "tender"),
    ("难道不需要培训吗", "training"),
    ("不能不谈价格啊", "price"),
    ("要是不用招标的话就快了", "tender"),
    ("不用培训吗", "training"),
    ("你不用担心，培训我们都包的", "training"),
    ("不用客气，价格我回去问", "price"),
    ("价格不要紧，主要是快", "price"),
    ("历史数据千万别弄丢了", "migration"),
    ("上线别拖到年底", "golive"),
    ("别着急，报价明天给你", "price"),
    ("别的家报价都出来了", "price"),
    ("折扣不能再低了", "price"),
    ("价格不便宜", "price"),
    ("不用高斯，我们有培训的需求", "training"),
    ("这个不行，合同里要写培训", "training"),
    ("培训没说清楚", "training"),
    ("培训不错", "training"),
    ("没想到培训要三天", "training"),
    ("案例有没有", "case"),
    ("上线不能晚于十月", "golive"),
    ("不管怎么样，先把价格谈下来", "price"),
    ("演示不了吗", "trial"),
    ("不是不要培训，是时间不够", "training"),
    ("别人家都送培训", "training"),
    ("这个培训特别好", "training"),
    ("级别不同报价就不同", "price"),
    ("我们分别报价", "price"),
    ("上线之后别卡就行", "golive"),
    ("可别弄丢历史数据", "migration"),
    ("我不想再拖上线了", "golive"),
    ("别给我搞乱历史数据", "migration"),
    ("培训要分类别做", "training"),
    ("能不能不谈价格，先看东西？哎不是，价格还是要谈的", "price"),
]


@pytest.mark.parametrize(("text", "topic"), NEGATED)
def test_set_aside_is_negated(text: str, topic: str) -> None:
    mention = found(text).get(topic)
    assert mention is not None
    assert mention.polarity == "negated", mention.reason


@pytest.mark.parametrize(("text", "topic"), AFFIRMED)
def test_questions_lacks_and_double_negation_are_affirmed(text: str, topic: str) -> None:
    mention = found(text).get(topic)
    assert mention is not None
    assert mention.polarity == "affirmed", mention.reason


def test_affirmed_wins_where_a_turn_says_both() -> None:
    assert found("第一次培训不用了，但是新员工的培训还是要做")["training"].polarity == "affirmed"
