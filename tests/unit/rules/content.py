"""A small lexicon and the default rubric as plain content."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from speechsvc.domain.ruleset import Content, RulesetKind
from speechsvc.tagging.rulebook import FileRulebook

BOOK = FileRulebook()
LEXICON, RUBRIC = RulesetKind.LEXICON, RulesetKind.RUBRIC


def topic(topic_id: str = "price", **members: Any) -> Content:
    return {
        "id": topic_id,
        "name": "价格",
        "name_en": "Price",
        "definition": "问价",
        "entries": [{"id": f"{topic_id}/报价", "term": f"报价{topic_id}", "variants": ["报个价", "报价单"]}],
        "examples": {"match": ["给个报价吧"], "no_match": []},
    } | members


def lexicon(*topics: Content) -> Content:
    """Read, so that everything is written out as the service stores it."""
    whole = {"name": "test", "version": 1, "topics": list(topics or (topic(),))}
    return BOOK.read(LEXICON, deepcopy(whole)).content


def rubric(**changes: Any) -> Content:
    return BOOK.read(RUBRIC, deepcopy(BOOK.default(RUBRIC).content) | changes).content
