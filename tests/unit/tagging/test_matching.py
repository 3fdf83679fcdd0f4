"""What counts as a match, and what only looks like one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.tagging.tagger import LexiconTagger
from tests.unit.tagging.lexicon_fixture import found, lexicon, tagger, talk


@pytest.mark.parametrize(
    ("text", "topic", "kind", "words"),
    [
        ("你们报价发我", "price", "exact", "报价"),
        ("你們報價發我", "price", "exact", "報價"),
        ("折扣呢", "price", "variant", "折扣"),
        ("还能再给我便宜点吗", "price", "pattern", "还能再给我便宜"),
        ("能那个就是说再便宜点不", "price", "pattern", "能那个就是说再便宜"),
        ("预算身披还没下来", "budget", "homophone", "预算身披"),
        ("那个书据迁移怎么弄", "migration", "homophone", "书据迁移"),
        ("单店登录支持吗", "api", "homophone", "单店登录"),
        ("老数据全部都要搬过来", "migration", "pattern", "老数据全部都要搬"),
        ("有ＡＰＩ吗", "api", "exact", "ＡＰＩ"),
        ("预算 审批 走多久", "budget", "exact", "预算 审批"),
        ("预算嗯审批走多久", "budget", "exact", "预算嗯审批"),
        ("帮我导一下数据", "edge", "pattern", "导一下数据"),
        ("你们能开发票吗", "invoice", "exact", "发票"),
    ],
)
def test_found_as(text: str, topic: str, kind: str, words: str) -> None:
    mention = found(text)[topic]
    assert (mention.match, mention.text) == (kind, words)
    assert text[mention.start_char : mention.end_char] == words
    assert mention.reason


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("这个报价值不值", "price"),  # not_inside
        ("这下有大麻烦了", "cannabis"),  # word edge
        ("capital都不够", "api"),  # Latin inside a longer word
        ("我上线了再回你微信", "golive"),  # not_near
        ("套个公式算一下", "tender"),  # two syllables: no homophone
        ("老数据导出报表看看", "migration"),  # !part
        ("能不能快点。隔壁那家店的水果便宜", "price"),  # parts in two sentences
        ("真没有了", "price"),  # needs the turn before
        ("今天天气不错", "price"),
        ("给领导看一下数据", "edge"),  # a single character at the edge inside a word
    ],
)
def test_not_found(text: str, topic: str) -> None:
    assert topic not in found(text)


def test_the_turn_before_gives_the_meaning() -> None:
    mention = found("能便宜点吗", "这个真没有了")["price"]
    assert "承接上一句" in mention.reason


def test_homophones_can_be_switched_off() -> None:
    off = LexiconTagger(lexicon(), homophones=False)
    assert "budget" not in {m.topic for m in off.tag(talk("那个域算省批呢"))}
    assert "budget" in {m.topic for m in tagger().tag(talk("那个域算审批呢"))}


def test_seconds_are_interpolated_and_suspect_turns_marked() -> None:
    turn = Turn(speaker=Speaker.CUSTOMER, start=10.0, end=20.0, text="一二三四报价七八九十", suspect=("repeated",))
    (mention,) = tagger().tag(Conversation(call_id="c", turns=(turn,)))
    assert (mention.start, mention.end) == (14.0, 16.0)
    assert mention.suspect
    assert not mention.counts


def test_threads_share_one_tagger() -> None:
    talks = [talk(f"第{i}次培训就不用了", "价格先不谈吧", "预算身披了没有") for i in range(40)]
    alone = [tagger().tag(one) for one in talks]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(tagger().tag, talks)) == alone


def test_one_mention_a_topic_and_turn_the_longest() -> None:
    mentions = [m for m in tagger().tag(talk("预算这块预算审批卡住了")) if m.topic == "budget"]
    assert [m.text for m in mentions] == ["预算审批"]


def test_a_refusal_negates_what_was_offered() -> None:
    mention = found("以前的历史数据要不要一起搬过来？", "不用，老的放那边存着就行")["migration"]
    assert mention.polarity == "negated"
    assert "training" not in found("培训我们做过了。", "不用客气，回头联系")


def test_recorded_announcements_mention_nothing() -> None:
    assert not found("您好，欢迎致电。价格咨询请按一，培训请按二")
    assert not found("您拨打的用户正忙，请在提示音后留言，发票业务请挂机")
    assert "price" in found("价格我请按合同来")


def test_conditions() -> None:
    small = LexiconTagger(
        lexicon(
            {
                "id": "a",
                "name": "a",
                "entries": [
                    {"id": "asked", "term": "接口", "question": True},
                    {"id": "agent", "term": "报价", "speaker": "agent"},
                    {"id": "near", "term": "卡", "near": ["系统"], "window": 4},
                    {"id": "start", "term": "贵了", "at": "start"},
                    {"id": "first", "term": "预算", "first_seconds": 1},
                ],
            }
        )
    )
    assert {m.entry for m in small.tag(talk("接口有没有"))} == {"asked"}
    assert not small.tag(talk("接口我们有。"))
    assert not small.tag(talk("报价"))
    assert [m.turn for m in small.tag(talk("报价", "报价"))] == [0]
    assert small.tag(talk("系统老卡"))
    assert not small.tag(talk("系统是去年买的然后银行卡"))
    assert small.tag(talk("哦那贵了"))
    assert not small.tag(talk("我们觉得贵了"))
    assert [m.turn for m in small.tag(talk("预算", "你好你好你好你好", "预算"))] == [0]
