"""A preview over calls with suspect turns gives what tagging gives, and odd calls come apart and together."""

from __future__ import annotations

from typing import Any

import pytest

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.lexicon import Lexicon
from speechsvc.tagging.compare import LexiconComparison
from speechsvc.tagging.lexicon_file import parse_lexicon
from speechsvc.tagging.tagger import LexiconTagger
from speechsvc.tagging.trust import apart
from tests.unit.tagging.lexicon_fixture import TOPICS

TEXTS = ("培训要不要安排", "不用了", "预算批了没有", "价格能便宜点吗", "这个真没有了", "培训我们自己来", "合同下周签")


def lexicon(topics: list[dict[str, Any]]) -> Lexicon:
    return parse_lexicon({"name": "test", "version": 1, "topics": topics})


def call(suspect: int) -> Conversation:
    """Every turn whose bit is set in `suspect` is suspect."""
    turns = (
        Turn(
            speaker=(Speaker.AGENT, Speaker.CUSTOMER)[n % 2],
            start=2.0 * n,
            end=2.0 * n + 2,
            text=text,
            suspect=("repetition",) if suspect >> n & 1 else (),
        )
        for n, text in enumerate(TEXTS)
    )
    return Conversation(call_id="c", turns=tuple(turns))


@pytest.mark.parametrize("suspect", [0, 0b10, 0b101, 0b1010100, 0b1111111])
def test_a_preview_over_suspect_turns_equals_tagging(suspect: int) -> None:
    old, new = lexicon(TOPICS), lexicon([t | {"entries": t["entries"][1:]} for t in TOPICS if len(t["entries"]) > 1])
    conversation = call(suspect)
    comparison = LexiconComparison(old, new)
    before, after = LexiconTagger(old).tag(conversation), LexiconTagger(new).tag(conversation)
    look = comparison.look(conversation)
    assert (before if look is None else comparison.results([(look, before, None)])[0][0]) == after


def test_mentions_keep_the_indexes_of_the_whole_call() -> None:
    mentions = LexiconTagger(lexicon(TOPICS)).tag(call(0b101))
    assert mentions
    assert [m.turn for m in mentions] == sorted(m.turn for m in mentions)
    assert all(m.suspect is bool(0b101 >> m.turn & 1) for m in mentions)
    assert all(m.text in TEXTS[m.turn] for m in mentions)


def test_calls_without_trusted_turns_or_without_turns() -> None:
    nothing = Conversation(call_id="c", turns=())
    assert [p.conversation for p in apart(nothing)] == [nothing]
    assert not any(m.counts for m in LexiconTagger(lexicon(TOPICS)).tag(call(0b1111111)))
