"""Regular expressions, floors for homophones, other topics beside, and numbers in every spelling."""

from typing import Any

import pytest

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.mention import Mention
from speechsvc.tagging.check import check_lexicon
from speechsvc.tagging.lexicon_file import LexiconInvalid
from speechsvc.tagging.tagger import LexiconTagger
from tests.unit.tagging.lexicon_fixture import found, lexicon, talk


def tagger(*entries: dict[str, Any], **others: list[dict[str, Any]]) -> LexiconTagger:
    topics = {"own": list(entries), **others}
    return LexiconTagger(lexicon(*({"id": t, "name": t, "entries": e} for t, e in topics.items())))


def own(by: LexiconTagger, *texts: str) -> Mention | None:
    return found(*texts, by=by).get("own")


def test_a_regular_expression_sees_normalised_text_and_keeps_the_way_back() -> None:
    by = tagger({"regex": r"ISO ?(27001|20000)|資質(齊|全)"})
    for text, words in (
        ("有ＩＳＯ２７００１吗", "ＩＳＯ２７００１"),
        ("我们iso 20000也有", "iso 20000"),
        ("资质全", "资质全"),
    ):
        mention = own(by, text)
        assert mention is not None
        assert (mention.text, mention.match.value) == (words, "pattern")
    assert own(by, "iso9001") is None


def test_a_regular_expression_keeps_inside_its_turn() -> None:
    by = tagger({"regex": r"^便宜[^x]*$|一\s+二"})
    assert [(m.turn, m.text) for m in by.tag(talk("便宜", "便宜点", "很便宜", "一", "二"))] == [
        (0, "便宜"),
        (1, "便宜点"),
    ]


@pytest.mark.parametrize("expression", ["(?=价)格", "价(", "a)(b", "x*", "价{2000}"])
def test_expressions_that_cannot_be_used_are_named(expression: str) -> None:
    with pytest.raises(LexiconInvalid, match=r"entry '.*':"):
        tagger({"regex": expression})


def test_conditions_hold_for_regular_expressions_too() -> None:
    by = tagger({"regex": "上线.", "not_near": ["微信"], "speaker": "customer", "not_inside": ["上线了吗"]})
    assert own(by, "系统上线吧")
    assert own(by, "我微信上线吧") is None
    assert own(by, "上线了吗") is None


def test_only_one_kind_an_entry() -> None:
    with pytest.raises(LexiconInvalid, match="exactly one"):
        tagger({"term": "价格", "regex": "价格"})


def test_the_floor_decides_from_which_length_a_word_is_heard() -> None:
    shorter = tagger({"term": "等保测评", "variants": ["等保"], "homophone_floor": 2})
    longer = tagger({"term": "等保测评", "variants": ["等保"], "homophone_floor": 4})
    never = tagger({"term": "等保测评", "homophone_floor": 2, "homophones": False})
    for by, said in ((shorter, True), (longer, True), (never, False)):
        assert (own(by, "那个等宝测评要做吗") is not None) is said
    pattern = {"pattern": ["做", "渗透测试|压测"], "gap": 3}
    assert own(tagger({**pattern, "homophone_floor": 4}), "要做深透测试")
    assert own(tagger({**pattern, "homophone_floor": 5}), "要做深透测试") is None


def test_another_topic_must_stand_beside() -> None:
    by = tagger({"term": "太高", "after": ["price"], "window": 4}, price=[{"term": "报价"}, {"term": "价格"}])
    assert own(by, "你们报价太高了")
    assert own(by, "你们报价我看过了还是太高了") is None
    assert own(by, "太高了你们报价") is None
    assert own(by, "报价", "太高了") is None  # the same turn
    before = tagger({"term": "太高", "before": ["price", "roi"], "window": 4}, price=[{"term": "报价"}], roi=[])
    assert own(before, "太高的报价")
    assert own(before, "报价太高") is None


def test_topics_that_ask_for_each_other_find_nothing() -> None:
    by = tagger({"term": "太高", "after": ["price"]}, price=[{"term": "报价", "before": ["own"]}])
    assert not by.tag(talk("报价太高了"))


@pytest.mark.parametrize(
    ("entry", "problem"),
    [({"term": "太高", "after": ["nothing"]}, "no topic"), ({"term": "太高", "before": ["own"]}, "own topic")],
)
def test_topics_beside_are_checked(entry: dict[str, Any], problem: str) -> None:
    with pytest.raises(LexiconInvalid, match=problem):
        tagger(entry)


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (["预算", "<number>", "!个人"], ["预算三十万", "预算30万", "预算30w", "预算３０Ｗ", "预算大概三十多万"]),
        (["<number>", "万", "左右"], ["三十万左右", "30万左右", "三十来万左右", "30多万左右"]),
        (["<money>", "一套"], ["三十万一套", "30万一套", "30w一套", "300,000元一套", "¥300000一套", "三块五一套"]),
        (["让", "<percent>"], ["让百分之五", "让5%", "让５％", "让五个点", "让5个点", "让5个百分点", "让百分之5"]),
        (["账期", "<time>"], ["账期三个月", "账期3个月", "账期90天", "账期九十天", "账期两到三个月", "账期2-3个月"]),
    ],
)
def test_numbers_in_every_spelling(pattern: list[str], texts: list[str]) -> None:
    by = tagger({"pattern": pattern, "gap": 2})
    missed = [text for text in texts if own(by, text) is None]
    assert not missed


def test_a_word_that_only_begins_like_a_unit_is_none() -> None:
    by = tagger({"pattern": ["付", "<money>"], "gap": 0})
    assert own(by, "付30week") is None
    assert own(by, "付30w吧")


def test_fillers_do_not_use_up_the_gap() -> None:
    by = tagger({"pattern": ["能", "便宜"], "gap": 1})
    assert own(by, "能那个就是说再便宜")
    assert own(by, "能再便宜")
    assert own(by, "能给我再便宜") is None


def test_parts_within_the_sentence_or_the_turn() -> None:
    sentence, turn = ({"pattern": ["系统", "慢"], "gap": 6, "within": within} for within in ("sentence", "turn"))
    assert own(tagger(sentence), "你们系统。太慢") is None
    assert own(tagger(turn), "你们系统。太慢")


def test_a_suspect_turn_is_marked_and_does_not_count_nor_the_refusal_after_it() -> None:
    offer = Turn(speaker=Speaker.AGENT, start=0.0, end=2.0, text="培训要不要安排", suspect=("repeated",))
    answer = Turn(
        speaker=Speaker.CUSTOMER, start=2.0, end=4.0, text="不用了，培训我们自己来", suspect=("low_confidence",)
    )
    by = tagger({"term": "培训"})
    mentions = by.tag(Conversation(call_id="s", turns=(offer, answer)))
    assert [m.turn for m in mentions] == [0, 1]
    assert all(m.suspect and not m.counts for m in mentions)


def test_examples_of_the_new_kinds_are_checked() -> None:
    topic = {
        "id": "own",
        "name": "own",
        "entries": [{"regex": "iso ?27001"}, {"pattern": ["让", "<percent>"]}],
        "examples": {"match": ["ISO 27001有吗", "能让5%吗"], "no_match": ["iso9001", "让他来"]},
    }
    assert check_lexicon(lexicon(topic)) == []
