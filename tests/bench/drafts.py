"""Drafts to preview: what a QA team changes in a week, and a change so common that no index helps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from speechsvc.domain.ruleset import Content

# twenty entries: terms and patterns as people add them, and existing entries changed or taken out
ADDED: dict[str, list[dict[str, Any]]] = {
    "pricing_discount": [
        {"term": "报价单"}, {"term": "阶梯价", "variants": ["阶梯报价"]}, {"pattern": ["打包", "价|优惠"], "gap": 4},
    ],
    "budget_approval": [{"term": "追加预算"}, {"pattern": ["钱", "批下来|没批"], "gap": 6}],
    "payment_terms": [{"term": "承兑汇票", "variants": ["银承"]}, {"term": "质保金"}],
    "data_migration": [{"term": "历史单据"}, {"pattern": ["旧系统|老系统", "导出来|导过来"], "gap": 6}],
    "deployment": [{"term": "信创", "homophones": False}, {"term": "一体机"}],
    "service_training": [
        {"term": "驻场", "variants": ["驻场服务"]}, {"pattern": ["半夜|周末", "找谁|有人管"], "gap": 8},
    ],
    "go_live_timeline": [{"term": "试运行"}],
}  # fmt: skip
REMOVED = 2  # entries taken out of each of the first two topics: not the commonest


def twenty_changes(content: Content) -> Content:
    """The lexicon with ADDED and without a few of its own entries."""
    topics = []
    for number, topic in enumerate(content["topics"]):
        entries = list(topic["entries"])
        if number < 2:
            terms = [e for e in entries if e.get("term")][-REMOVED:]
            entries = [e for e in entries if e not in terms]
        added = [{"id": f"bench/{topic['id']}/{n}", **e} for n, e in enumerate(ADDED.get(topic["id"], ()))]
        topics.append(topic | {"entries": [*entries, *added]})
    return content | {"topics": topics}


def everywhere(content: Content) -> Content:
    """One more entry, of a word that every call holds."""
    first, *rest = content["topics"]
    entry = {"id": "bench/everywhere", "pattern": ["的|是|我|不", "好|行|对"], "gap": 2}
    return content | {"topics": [first | {"entries": [*first["entries"], entry]}, *rest]}


def with_entry(topic: str, entry: dict[str, Any], content: Content) -> Content:
    """One more entry of a topic."""
    topics = [
        t | {"entries": [*t["entries"], {"id": "bench/one", **entry}]} if t["id"] == topic else t
        for t in content["topics"]
    ]
    return content | {"topics": topics}


def without_entry(topic: str, at: int, content: Content) -> Content:
    """A topic without one of its entries."""
    topics = [
        t | {"entries": [e for n, e in enumerate(t["entries"]) if n != at]} if t["id"] == topic else t
        for t in content["topics"]
    ]
    return content | {"topics": topics}


def other_threshold(content: Content) -> Content:
    """A learned topic switched off: any turn of any call may change, and each is tagged again."""
    learned = content["learned"]
    first, *rest = learned["topics"]
    return content | {"learned": learned | {"topics": [first | {"threshold": None}, *rest]}}


KINDS: dict[str, Callable[[Content], Content]] = {
    "term that nobody says": partial(with_entry, "payment_terms", {"term": "福费廷"}),
    "term in one call of twenty": partial(with_entry, "service_training", {"term": "半夜", "homophones": False}),
    "pattern": partial(with_entry, "service_training", {"pattern": ["半夜|周末", "找谁|有人|打"], "gap": 8}),
    "entry taken out": partial(without_entry, "competitor", 2),
    "twenty entries": twenty_changes,
    "entry in every call": everywhere,
    "learned topic off": other_threshold,
}
