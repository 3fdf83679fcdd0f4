"""Properties that hold for any text."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.tagging.lexicon_file import LexiconInvalid
from speechsvc.tagging.tagger import LexiconTagger
from speechsvc.tagging.text import normalise
from tests.unit.tagging.lexicon_fixture import TOPICS, lexicon, tagger

PIECES = [
    "报价",
    "價格",
    "预算身披",
    "能",
    "便宜",
    "不用",
    "先不谈",
    "历史数据",
    "老数据",
    "搬",
    "，",
    "。",
    "？",
    " ",
    "嗯",
    "呃呃",
]
PIECES += [
    "培训",
    "定制",
    "要不要",
    "吗",
    "ＡＰＩ",
    "a p i",
    "\n",
    "𠀀",
    "㈱",
    "ﬁ",
    "İ",
    "\ud800",
    "上线",
    "真没有了",
    "别",
    "没有",
    "要迁",
]
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=14).map("".join)
speakers = st.sampled_from(list(Speaker))


@st.composite
def conversations(draw: Any) -> Conversation:
    turns = draw(st.lists(st.tuples(speakers, texts), max_size=5))
    return Conversation(
        call_id="p",
        turns=tuple(Turn(speaker=s, start=i * 3.0, end=i * 3.0 + 2, text=t) for i, (s, t) in enumerate(turns)),
    )


@given(conversations())
@settings(max_examples=150, deadline=None)
def test_spans_point_at_the_words(conversation: Conversation) -> None:
    seen = set()
    for m in tagger().tag(conversation):
        turn = conversation.turns[m.turn]
        assert turn.text[m.start_char : m.end_char] == m.text != ""
        assert turn.start <= m.start <= m.end <= turn.end
        assert (m.turn, m.topic) not in seen
        seen.add((m.turn, m.topic))


@given(conversations(), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_topics_and_entries_changes_nothing(conversation: Conversation, random: Any) -> None:
    shuffled = [{**topic, "entries": random.sample(topic["entries"], len(topic["entries"]))} for topic in TOPICS]
    random.shuffle(shuffled)
    assert LexiconTagger(lexicon(*shuffled)).tag(conversation) == tagger().tag(conversation)


@given(conversations(), st.sampled_from(["报", "价格不", "历史数据要迁", "培", "定制要", "算审批"]))
@settings(max_examples=30, deadline=None)
def test_another_topics_entry_changes_nothing_else(conversation: Conversation, term: str) -> None:
    more = LexiconTagger(
        lexicon(*TOPICS, {"id": "other", "name": "o", "entries": [{"term": term, "homophones": True}]})
    )
    kept = tuple(m for m in more.tag(conversation) if m.topic != "other")
    assert kept == tagger().tag(conversation)


@given(conversations())
@settings(max_examples=150, deadline=None)
def test_normal_text_leads_back(conversation: Conversation) -> None:
    text = normalise(conversation)
    for turn, (start, end) in enumerate(zip(text.starts, text.ends, strict=True)):
        whole = conversation.turns[turn].text
        for i in range(start, end):
            s, e = text.original(turn, i, i + 1)
            assert 0 <= s < e <= len(whole)


word = st.text(alphabet="报价预算a能|?!便宜<number> ", min_size=1, max_size=6)


@given(st.lists(st.lists(word, min_size=1, max_size=4), min_size=1, max_size=4), conversations())
@settings(max_examples=60, deadline=None)
def test_fuzzed_patterns_are_refused_or_work(patterns: list[list[str]], conversation: Conversation) -> None:
    entries = [{"id": str(i), "pattern": p, "gap": i} for i, p in enumerate(patterns)]
    try:
        made = lexicon({"id": "f", "name": "f", "entries": entries})
    except LexiconInvalid:
        return
    LexiconTagger(made).tag(conversation)
