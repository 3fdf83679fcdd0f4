"""The sieve may let through too much, never too little; and no lexicon or text makes the tagger slow or undecided."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.tagging.codes import Codes
from speechsvc.tagging.lexicon_file import LexiconInvalid, default_lexicon
from speechsvc.tagging.number_classes import CHARACTERS, CLASSES
from speechsvc.tagging.sieve import Possible
from speechsvc.tagging.tagger import LexiconTagger
from tests.unit.tagging.lexicon_fixture import lexicon, talk

WORDS = [
    "要",
    "不",
    "能",
    "便宜",
    "点",
    "老数据",
    "老书据",
    "搬",
    "导",
    "三十万",
    "30w",
    "5%",
    "报价",
    "暴价",
    "a",
    "api",
]
words = st.sampled_from(WORDS)
alternatives = st.lists(
    st.one_of(words, st.sampled_from(["<number>", "<percent>", "第<number>期"])), min_size=1, max_size=3
)
parts = st.tuples(st.sampled_from(["", "", "?"]), alternatives).map(lambda p: p[0] + "|".join(p[1]))
entries = st.fixed_dictionaries(
    {"pattern": st.lists(parts, min_size=1, max_size=4), "gap": st.integers(0, 40)},
    optional={
        "homophones": st.booleans(),
        "within": st.sampled_from(["sentence", "turn"]),
        "near": st.lists(words, min_size=1, max_size=2),
        "previous": st.just(["t0"]),
        "after": st.just(["t0"]),
        "homophone_floor": st.integers(2, 4),
    },
)
turns = st.lists(st.one_of(words, st.sampled_from(["。", "，", "嗯", "那个", "𠀀", "日", "店"])), max_size=90).map(
    "".join
)
talks = st.lists(turns, max_size=4)


class All:
    """Lets some patterns through in every turn."""

    waits = True

    def __init__(self, rules: list[int], starts: Sequence[int], ends: Sequence[int]) -> None:
        self._rules, self._starts, self._ends = rules, starts, ends

    def at(self, turn: int, _topics: Iterable[str] = ()) -> list[Possible]:
        start, end = self._starts[turn], self._ends[turn]
        return [Possible(turn, start, end, self._rules)] if end > start and self._rules else []


class Everything:
    """Lets every pattern through everywhere."""

    def __init__(self, rules: list[int], following: list[int]) -> None:
        self.rules, self.following = rules, following

    def possible(
        self, _codes: Codes, starts: Sequence[int], ends: Sequence[int], first: int
    ) -> tuple[list[Possible], All]:
        assert first == 0
        alone = All(self.rules, starts, ends)
        return [one for turn in range(len(starts)) for one in alone.at(turn)], All(self.following, starts, ends)


def made(given: list[dict[str, Any]]) -> LexiconTagger | None:
    topics: dict[str, list[dict[str, Any]]] = {"t0": [{"term": "报价"}], "t1": [], "t2": []}
    for number, entry in enumerate(given):
        topics[f"t{1 + number % 2}"].append({**entry, "id": f"e{number}"})
    try:
        return LexiconTagger(lexicon(*({"id": t, "name": t, "entries": e} for t, e in topics.items())))
    except LexiconInvalid:
        return None


@given(st.lists(entries, min_size=1, max_size=5), talks)
@settings(max_examples=150, deadline=None)
def test_the_sieve_loses_nothing(given: list[dict[str, Any]], texts: list[str]) -> None:
    sieved, whole = made(given), made(given)
    if sieved is None or whole is None:
        return
    sieved_rules = [(number, bool(rule.conditions.previous)) for number, rule in enumerate(whole._rules) if rule.checks]
    everything = Everything([n for n, following in sieved_rules if not following], [n for n, f in sieved_rules if f])
    whole._scanner.sieve = everything  # type: ignore[assignment]
    assert sieved.tag(talk(*texts)) == whole.tag(talk(*texts))


@given(st.lists(entries, min_size=1, max_size=5), talks, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_entries_changes_nothing(given: list[dict[str, Any]], texts: list[str], random: Any) -> None:
    topics = [{"id": "t0", "name": "t0", "entries": [{"term": "报价"}, {"regex": "三.?万|30w", "id": "re"}]}]
    topics.append({"id": "t1", "name": "t1", "entries": [{**e, "id": str(n)} for n, e in enumerate(given)]})
    try:
        straight = LexiconTagger(lexicon(*topics))
    except LexiconInvalid:
        return
    shuffled = [{**topic, "entries": random.sample(topic["entries"], len(topic["entries"]))} for topic in topics[::-1]]
    assert LexiconTagger(lexicon(*shuffled)).tag(talk(*texts)) == straight.tag(talk(*texts))


@given(entries, talks)
@settings(max_examples=60, deadline=None)
def test_another_topics_entry_changes_nothing_undeclared(entry: dict[str, Any], texts: list[str]) -> None:
    base: list[dict[str, Any]] = [
        {"id": "t0", "name": "t0", "entries": [{"term": "便宜"}, {"pattern": ["能", "便宜|点"]}]},
        {"id": "t1", "name": "t1", "entries": [{"pattern": ["老数据", "搬|导"]}, {"term": "报价", "after": ["t0"]}]},
    ]
    other = {"id": "t9", "name": "t9", "entries": [entry]}
    try:
        more = LexiconTagger(lexicon(*base, other))
    except LexiconInvalid:
        return
    kept = tuple(m for m in more.tag(talk(*texts)) if m.topic != "t9")
    assert kept == LexiconTagger(lexicon(*base)).tag(talk(*texts))


@pytest.mark.parametrize("name", sorted(CLASSES))
@given(text=st.text(alphabet="0123456789一二三十百万多来余点.,%成折个块钱元wk月天年周q第百分之¥ ", max_size=12))
@settings(max_examples=200, deadline=None)
def test_whatever_a_class_matches_holds_one_of_its_characters(name: str, text: str) -> None:
    for match in re.finditer(CLASSES[name], text):
        assert set(match.group()) & set(CHARACTERS[name])


ABSURD: list[dict[str, Any]] = [
    {"pattern": ["要"] * 8, "gap": 40, "within": "turn"},
    {"pattern": ["要", "?要", "?不", "?要", "?要", "要", "不"], "gap": 40, "within": "turn", "homophones": True},
    {"pattern": ["要", "要", "要", "?要", "要", "要", "走"], "gap": 40, "within": "turn"},
    {"pattern": ["<number>", "?<number>", "<number>", "要"], "gap": 40, "within": "turn"},
    {"pattern": ["药不要", "要不药"], "homophones": True, "gap": 40},
    {"term": "好的要", "at": "start"},
    {"term": "要要", "question": True},
    {"regex": "(要+)+走|(a|aa)+b|(不|不不)*$要"},
]


@pytest.mark.parametrize(
    "said", ["要", "要不", "三要", "好的", "嗯要", "万要走", "别谈价格", "那个", "要。", "a", "就是"]
)
def test_ten_thousand_repeated_characters_take_their_time_once(said: str) -> None:
    """The bound is far above what is needed: it tells linear from quadratic and worse, not fast from slow."""
    tagger, _ = made(ABSURD), _default()
    assert tagger is not None
    text = (said * 10_000)[:10_000]
    start = time.process_time()
    tagger.tag(talk(text))
    _default().tag(talk(text))
    assert time.process_time() - start < 60


def test_long_turns_hide_nothing() -> None:
    tagger = made([{"pattern": ["老数据", "全部", "搬"], "gap": 10}])
    assert tagger is not None
    for before in range(50, 150):
        text = "今" * before + "老数据我看全部都要搬" + "天" * 100
        for texts in ([text], ["", text, "好"], ["", "", text], [text, "", "搬"]):
            assert [m.text for m in tagger.tag(talk(*texts))] == ["老数据我看全部都要搬"]


_SCRIPT = """
import json, sys
from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.tagging.lexicon_file import default_lexicon
from speechsvc.tagging.tagger import LexiconTagger
said = enumerate(json.load(sys.stdin))
turns = tuple(Turn(speaker=Speaker(s), start=i * 5.0, end=i * 5.0 + 4, text=t) for i, (s, t) in said)
print(LexiconTagger(default_lexicon()).tag(Conversation(call_id="c", turns=turns)))
"""


def test_every_process_finds_the_same() -> None:
    said = [
        ["agent", "您好，价格差太多的话可以申请特价，送两个账号过来试试"],
        ["customer", "不用了，病人名字和电话都是加密的吗，预算身披还没下来"],
        ["customer", "我得问一下老板他说先做一期，两张国产卡行不行"],
    ]
    printed = {
        subprocess.run(
            [sys.executable, "-c", _SCRIPT],
            input=json.dumps(said),
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(printed) == 1
    assert "Mention(" in printed.pop()


@given(st.lists(st.text(max_size=30), max_size=3))
@settings(max_examples=100, deadline=None)
def test_any_text_leads_back_to_itself(texts: list[str]) -> None:
    said = [text + "报價嗯單𠀀API" + text for text in texts]
    turns_ = tuple(
        Turn(speaker=Speaker.CUSTOMER, start=i * 2.0, end=i * 2.0 + 1, text=text) for i, text in enumerate(said)
    )
    said_so = Conversation(call_id="c", turns=turns_)
    for m in _default().tag(said_so):
        assert turns_[m.turn].text[m.start_char : m.end_char] == m.text != ""
    written = _written().tag(said_so)
    assert {m.turn for m in written if m.topic == "pricing_discount"} == set(range(len(texts)))


_made: list[LexiconTagger] = []


@cache
def _written() -> LexiconTagger:
    return LexiconTagger(default_lexicon(), learned=False)


def _default() -> LexiconTagger:
    if not _made:
        _made.append(LexiconTagger(default_lexicon()))
    return _made[0]
