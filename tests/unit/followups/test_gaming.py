"""What must not lift a follow-up to 60, on whole calls through the real tagger and rules; what must not sink one."""

from __future__ import annotations

import pytest

from speechsvc.domain.followup import ItemKind
from tests.unit.followups.followups import call, document, followup
from tests.unit.scoring.test_gaming import RECITAL, SMALL_TALK

KEYWORDS = tuple(line.split("|")[1] for line in RECITAL)
WEAK = ("a|您好上次的报价您看了吗", "c|还没顾上看最近太忙了过一阵再说吧", "a|好的那您先忙", "c|嗯好再见")
GOOD = (
    "a|张总预算审批怎么样了",
    "c|预算审批下来了总经理上周签的一共三十二万",
    "a|那付款方式您倾向怎么走",
    "c|付款分三期首付三成验收付六成质保金一成合同里要写清楚",
    "a|没问题合同条款我让法务今天改好那上线时间有要求吗",
    "c|春节前要上线最晚一月十五号数据迁移要有人驻场历史数据五年",
    "a|数据迁移一周左右我们派两位顾问",
    "c|行那接口呢要跟我们的MES系统对接价格能不能再打个九五折",
    "a|接口文档有折扣我去申请明天上午给您答复",
    "c|好那明天上午十点你带合同过来我叫上财务一起定了",
    "a|好的明天上午十点我带合同到您公司",
)
SHORT = (
    "a|王总合同看完了吗",
    "c|看完了付款改成三七开就行价格四十八万我认了",
    "a|三七没问题那上线按十二月十号写进合同",
    "c|上线不能再晚了十二月十号要是上不了线违约金怎么算",
    "a|每天千分之五写进合同",
    "c|那行你下午三点过来盖章财务当天打首付款",
    "a|好下午三点我到您公司",
)
# built when a test asks: the tagger takes a second
EMPTY = {
    "dead air": lambda: call("c", "a|喂您好听得到吗", "c|喂", "a|喂喂", gap=600),
    "voicemail": lambda: call("c", "c|您拨打的用户暂时无法接通请在提示音后留言", *(f"a|{k}" for k in KEYWORDS)),
    "ring-back": lambda: call("c", "c|欢迎使用彩铃业务云帆软件让预算审批更简单价格更优惠上线更快", "a|喂"),
    "monologue to 嗯": lambda: call(
        "c", *(x for k in KEYWORDS for x in (f"a|{k}", "c|嗯嗯")), "a|明天三点我过来", "c|嗯"
    ),
    "monologue to 好的": lambda: call(
        "c", *(x for k in KEYWORDS for x in (f"a|{k}", "c|好的好的")), "a|明天三点我过来", "c|行"
    ),
    "put off": lambda: call("c", *WEAK),
}
HELP = {
    "nothing": dict,
    "documents again and again": lambda: {"documents": tuple(document(n, "ab" * 32) for n in range(20))},
    "many documents": lambda: {"documents": tuple(document(n, f"{n:064x}") for n in range(20))},
    "stuffed minutes": lambda: {
        "minutes": tuple(call(f"m{n}", *(f"u|{k}{n}" for k in KEYWORDS), kind=ItemKind.MINUTES) for n in range(3))
    },
}


@pytest.mark.parametrize("help_", HELP)
@pytest.mark.parametrize("name", EMPTY)
def test_no_trick_lifts_it_to_sixty(name: str, help_: str) -> None:
    found = followup(EMPTY[name](), **HELP[help_]())
    assert found.total < 60
    assert not found.counts


def test_all_tricks_together() -> None:
    calls = [call(f"c{n}", *(x for k in KEYWORDS for x in (f"a|{k}", "c|嗯")), minute=60 * n) for n in range(5)]
    weak = [call(f"w{n}", *WEAK, minute=600 + 60 * n) for n in range(5)]
    help_ = HELP["many documents"]() | HELP["stuffed minutes"]()
    found = followup(*(make() for make in EMPTY.values()), *calls, *weak, **help_)
    assert found.total < 60


@pytest.mark.parametrize("trick", ["same bytes", "same words", "at the same time"])
def test_the_same_call_again_adds_nothing(trick: str) -> None:
    first = call("c1", *GOOD[:6], sha256="a")
    again = {
        "same bytes": call("c2", *GOOD[:6], "a|嗯", sha256="a", minute=90),
        "same words": call("c2", *GOOD[:6], sha256="b", minute=90),
        "at the same time": call("c2", *GOOD[4:6], sha256="b"),
    }[trick]
    found = followup(first, again)
    assert found.total == followup(first).total
    assert [d["id"] for d in found.score["duplicates"]] == ["c2"]


def test_twice_the_length_by_small_talk_gains_less_than_ten() -> None:
    for lines in (GOOD, GOOD[:7], SHORT):
        once = followup(call("c", *lines))
        longer = list(lines)
        while len("".join(longer)) < 2 * len("".join(lines)):
            longer += SMALL_TALK
        assert followup(call("c", *longer)).total - once.total < 10


def test_a_short_call_that_settles_what_matters_passes() -> None:
    found = followup(call("c", *SHORT))
    assert found.counts
    assert followup(call("c", *GOOD)).total - found.total < 35


def test_honest_documents_and_minutes_help_a_little() -> None:
    alone = followup(call("c", *GOOD), documents=(), minutes=())
    minutes = (call("m", "u|客户预算审批已通过 付款分三期 春节前上线 数据迁移驻场", kind=ItemKind.MINUTES),)
    helped = followup(call("c", *GOOD), documents=(document(1, "a" * 64), document(2, "b" * 64)), minutes=minutes)
    assert 0 < helped.total - alone.total <= 10


def test_what_the_tenant_does_not_feed_is_left_out_and_said() -> None:
    found = followup(call("c", *GOOD))
    assert {x["id"] for x in found.score["left_out"]} == {"documents", "minutes"}
    assert sum(c["max_points"] for c in found.score["components"]) == 100
