"""A comparison of two lexicons says what tagging with both says; the index never hides a call that matters."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.learned import LearnedEntries, LearnedTopic, Weights
from speechsvc.domain.lexicon import Lexicon
from speechsvc.domain.mention import Mention
from speechsvc.tagging.compare import LexiconComparison
from speechsvc.tagging.lexicon_file import parse_lexicon
from speechsvc.tagging.sound_index import BLOCK, call_features, pack_block
from speechsvc.tagging.tagger import LexiconTagger
from tests.bench.texts import default_lexicon, labelled
from tests.unit.tagging.lexicon_fixture import TOPICS
from tests.unit.tagging.test_properties import conversations

ENTRIES: list[dict[str, Any]] = [
    {"term": "报价单"},
    {"term": "历史数据", "homophones": False},
    {"term": "数据迁移"},
    {"term": "预算审批", "variants": ["批预算", "a p i"]},
    {"term": "搬"},
    {"term": "ＡＰＩ"},
    {"pattern": ["老数据|历史", "?都", "搬|导"], "gap": 8},
    {"pattern": ["能|别", "<number>|便宜"], "gap": 3},
    {"term": "便宜", "near": ["培训"], "window": 8},
    {"pattern": ["没有|别"], "previous": ["price"]},
    {"term": "历史数据", "before": ["training"], "window": 8},
    {"term": "培训", "after": ["price", "custom"], "window": 10},
    {"regex": "(老|历史)数据.{0,3}[搬迁]"},
    {"term": "预算", "homophones": True, "homophone_floor": 2},
    {"pattern": ["真没有了"], "previous": ["migration", "training"], "polarity": "negated"},
    {"term": "上线", "speaker": "customer", "not_near": ["报价"]},
    {"term": "培训", "last_seconds": 4},
    {"term": "定制", "question": True},
]


def lexicon(topics: list[dict[str, Any]]) -> Lexicon:
    return parse_lexicon({"name": "test", "version": 1, "topics": topics})


@st.composite
def drafts(draw: Any) -> list[dict[str, Any]]:
    """The test lexicon after a few edits."""
    topics = copy.deepcopy(TOPICS)
    for number in range(draw(st.integers(1, 4))):
        topic = draw(st.sampled_from(topics))
        entries = topic["entries"]
        action = draw(st.sampled_from(["add", "remove", "replace", "condition"]))
        new = draw(st.sampled_from(ENTRIES)) | {"id": f"new-{number}"}
        if topic["id"] in (*new.get("before", ()), *new.get("after", ())):
            continue  # an entry may not ask about its own topic
        at = draw(st.integers(0, max(0, len(entries) - 1)))
        if action == "add" or not entries:
            entries.append(new)
        elif action == "remove":
            del entries[at]
        elif action == "replace":
            entries[at] = new
        else:
            entries[at] = entries[at] | draw(st.sampled_from([{"max_chars": 9}, {"at": "start"}, {"speaker": "agent"}]))
    return topics


def applied(
    comparison: LexiconComparison, call: Conversation, was: tuple[Mention, ...], turns: tuple[int, ...] | None = None
) -> tuple[Mention, ...]:
    """From the old lexicon's mentions to the new one's."""
    look = comparison.look(call, turns)
    return was if look is None else comparison.results([(look, was, None)])[0][0]


@settings(max_examples=200, deadline=None)
@given(drafts(), st.lists(conversations(), min_size=1, max_size=6))
def test_preview_equals_brute_force(draft: list[dict[str, Any]], calls: list[Conversation]) -> None:
    old, new = lexicon(TOPICS), lexicon(draft)
    comparison = LexiconComparison(old, new)
    before, after = LexiconTagger(old), LexiconTagger(new)
    postings = pack_block([call_features(call) for call in calls])
    query = comparison.query
    every = {place: tuple(range(len(call.turns))) for place, call in enumerate(calls)}
    candidates = every if query is None else query.places(postings)
    for place, call in enumerate(calls):
        was, becomes = before.tag(call), after.tag(call)
        assert applied(comparison, call, was) == becomes
        if was != becomes:
            assert comparison.look(call) is not None
            assert place in candidates
            assert {m.topic for m in set(was) ^ set(becomes)} <= comparison.topics
        if comparison.look(call) is not None:
            assert place in candidates
        touched = comparison.look(call, candidates.get(place, ()))
        assert (touched is None) is (comparison.look(call) is None), "the turns that the index names suffice"
        assert applied(comparison, call, was, candidates.get(place, ())) == becomes


def test_every_entry_of_the_default_lexicon_is_found_through_the_index() -> None:
    """Entry by entry on the labelled calls: where the tagger finds it, the index names the call."""
    calls = labelled(12_000)
    whole = default_lexicon().written
    empty = parse_lexicon({"name": "none", "version": 1, "topics": []})
    postings = pack_block([call_features(call) for call in calls])
    everything = LexiconComparison(empty, whole)
    assert everything.query is not None
    found = everything.query.places(postings)
    tagger = LexiconTagger(whole)
    assert {i for i, call in enumerate(calls) if tagger.tag(call)} <= found.keys()
    assert [applied(everything, call, ()) for call in calls[:20]] == [tagger.tag(call) for call in calls[:20]]


def test_the_default_lexicon_less_an_entry_equals_brute_force() -> None:
    calls = labelled(12_000)
    whole = default_lexicon()
    data = {"pricing_discount": 1, "budget_approval": 2, "competitor": 3, "trial_poc": 0}
    topics = tuple(_without(t, data[t.id]) if t.id in data else t for t in whole.topics)
    draft = Lexicon(name="draft", version=1, topics=topics)
    old, new = LexiconTagger(whole), LexiconTagger(draft)
    there, back = LexiconComparison(whole, draft), LexiconComparison(draft, whole)
    changed = 0
    for call in calls:
        was, becomes = old.tag(call), new.tag(call)
        changed += was != becomes
        assert applied(there, call, was) == becomes
        assert applied(back, call, becomes) == was
    assert changed, "the test changes nothing: choose other entries"


def test_learned_entries_are_compared_too() -> None:
    """A trained model may answer in any turn; with the same model only turns behind a changed one are asked again."""

    def model(threshold: int) -> LearnedEntries:
        weights = Weights(bias=0, text={"天气": 50}, context={"after:price": 60})
        return LearnedEntries(
            topics=(LearnedTopic(id="case", weights=weights, steps=((40, 60),), threshold=threshold),)
        )

    said = (
        (Speaker.CUSTOMER, "天气不错"),
        (Speaker.AGENT, "报价单"),
        (Speaker.CUSTOMER, "那好吧"),
        (Speaker.AGENT, "嗯"),
    )
    turns = tuple(Turn(speaker=s, start=i, end=i + 1, text=t) for i, (s, t) in enumerate(said))
    call = Conversation(call_id="c", turns=turns)
    plain = lexicon(TOPICS)
    fewer = lexicon([t | {"entries": []} if t["id"] == "price" else t for t in TOPICS])
    versions = [
        *(replace(x, learned=m) for x in (plain, fewer) for m in (None, model(50), model(90))),
        lexicon([t for t in TOPICS if t["id"] != "case"]),
    ]
    results = {LexiconTagger(x).tag(call) for x in versions}
    assert len(results) == 4, "the models must matter"
    for old in versions:
        for new in versions:
            comparison = LexiconComparison(old, new)
            was, becomes = LexiconTagger(old).tag(call), LexiconTagger(new).tag(call)
            assert applied(comparison, call, was) == becomes
            assert (comparison.query is None) == (old.learned != new.learned)


def _without(topic: Any, every: int) -> Any:
    return replace(topic, entries=tuple(e for i, e in enumerate(topic.entries) if i % 4 != every))


def test_a_block_holds_common_and_rare_syllables_alike() -> None:
    """Numbers and bitmaps, up to the last call of a full block; turns share numbers where there are too many."""
    said = ["数据", "数据迁移", "迁移数", "abc", ""]
    for turns, spread in ((60, 0), (300, 2)):
        calls = [_call([said[(i + t) % 5] for t in range(turns)]) for i in range(BLOCK - 1)]
        calls.append(_call(["预算审批"] * turns))
        postings = pack_block([call_features(c) for c in calls])
        for term, which in (("数据", {0, 1}), ("数据迁移", {1}), ("abc", {3}), ("移", {1, 2}), ("预算审批", None)):
            new = lexicon([{"id": "x", "name": "x", "entries": [{"term": term, "homophones": False}]}])
            query = LexiconComparison(lexicon([]), new).query
            assert query is not None
            found = query.places(postings)
            assert query.places({k: v for k, v in postings.items() if k in query.firsts}) == found
            for i in (0, 1, 2, 3, 4, 77, BLOCK - 2, BLOCK - 1):
                last = i == BLOCK - 1
                expected = {t for t in range(turns) if (which is None if last else which and (i + t) % 5 in which)}
                near = {t + d for t in expected for d in range(-spread, spread + 1)}
                assert expected <= set(found.get(i, ())) <= near, (term, i)


def _call(texts: list[str]) -> Conversation:
    turns = tuple(Turn(speaker=Speaker.CUSTOMER, start=i, end=i + 1, text=text) for i, text in enumerate(texts))
    return Conversation(call_id="c", turns=turns)
