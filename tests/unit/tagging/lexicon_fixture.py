"""A small lexicon for the engine's own tests; the default lexicon has its own."""

from __future__ import annotations

from functools import cache
from typing import Any

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.lexicon import Lexicon
from speechsvc.domain.mention import Mention
from speechsvc.tagging.lexicon_file import parse_lexicon
from speechsvc.tagging.tagger import LexiconTagger

TOPICS: list[dict[str, Any]] = [
    {
        "id": "price",
        "name": "价格",
        "entries": [
            {"term": "报价", "variants": ["价格", "折扣"], "not_inside": ["报价值"]},
            {"pattern": ["能|可以|还能", "便宜|优惠|少"], "gap": 4},
            {"pattern": ["多少钱|什么价"]},
            {"pattern": ["真没有了|没法再低"], "previous": ["price"], "at": "start"},
        ],
    },
    {"id": "budget", "name": "预算", "entries": [{"term": "预算审批"}, {"term": "预算"}]},
    {
        "id": "migration",
        "name": "迁移",
        "entries": [
            {"term": "数据迁移", "variants": ["历史数据"]},
            {"pattern": ["老数据|旧数据", "?全部|?都", "导|迁|搬", "!出报表"]},
        ],
    },
    {"id": "training", "name": "培训", "entries": [{"term": "培训"}]},
    {"id": "case", "name": "案例", "entries": [{"term": "案例"}]},
    {"id": "trial", "name": "演示", "entries": [{"term": "演示", "variants": ["试用账号"]}]},
    {"id": "custom", "name": "定制", "entries": [{"term": "定制", "variants": ["二次开发"]}]},
    {"id": "golive", "name": "上线", "entries": [{"term": "上线", "not_near": ["微信"]}]},
    {"id": "api", "name": "接口", "entries": [{"term": "API"}, {"term": "单点登录"}]},
    {"id": "invoice", "name": "发票", "entries": [{"term": "发票"}, {"term": "保证金"}]},
    {"id": "tender", "name": "招标", "entries": [{"term": "招标"}, {"term": "公示"}]},
    {"id": "edge", "name": "边", "entries": [{"pattern": ["导|搬", "数据"]}]},
    {"id": "cannabis", "name": "大麻", "entries": [{"term": "大麻"}]},
]


def lexicon(*topics: dict[str, Any]) -> Lexicon:
    return parse_lexicon({"name": "small", "version": 1, "topics": list(topics or TOPICS)})


@cache
def tagger() -> LexiconTagger:
    return LexiconTagger(lexicon())


def talk(*texts: str) -> Conversation:
    """Turns of agent and customer by turns, the last by the customer; five characters a second."""
    turns, clock = [], 0.0
    for index, text in enumerate(texts):
        speaker = Speaker.CUSTOMER if (len(texts) - index) % 2 else Speaker.AGENT
        turns.append(Turn(speaker=speaker, start=clock, end=clock + len(text) / 5, text=text))
        clock = turns[-1].end
    return Conversation(call_id="t", turns=tuple(turns))


def found(*texts: str, by: LexiconTagger | None = None) -> dict[str, Mention]:
    """Mentions of the last turn by topic."""
    return {m.topic: m for m in (by or tagger()).tag(talk(*texts)) if m.turn == len(texts) - 1}
