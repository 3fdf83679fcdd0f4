"""A plain word of business still counts in a call that is otherwise small talk: the lexicon is the authority."""

from __future__ import annotations

import pytest

from speechsvc.tagging.lexicon_file import default_lexicon
from speechsvc.tagging.tagger import LexiconTagger
from tests.unit.tagging.lexicon_fixture import talk

CALLS = {
    "budget_approval": [
        "喂您好",
        "您好张总",
        "方便吗",
        "方便你说",
        "想问一下咱们预算审批下来了吗",
        "下来了",
        "好的",
        "再见",
    ],
    "pricing_discount": ["喂", "在开车呢", "那我晚点打给您", "行你把报价单发我微信", "好的", "嗯再见"],
    "deployment": ["喂您好", "孩子发烧了我在医院", "那您先忙", "没事你说", "私有化部署那个方案我发您邮箱了", "谢谢啊"],
    "trial_poc": ["您好", "你好", "周末钓鱼去了吗", "去了", "您好像约了我们的产品演示", "对", "替我问嫂子好", "再见"],
}


@pytest.fixture(scope="module")
def tagger() -> LexiconTagger:
    return LexiconTagger(default_lexicon())


@pytest.mark.parametrize("topic", CALLS)
def test_a_plain_word_counts_in_small_talk(tagger: LexiconTagger, topic: str) -> None:
    assert topic in {mention.topic for mention in tagger.tag(talk(*CALLS[topic]))}
