"""Comparing and three-way merging of lexicons and rubrics."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechsvc.domain.ruleset import Content
from speechsvc.domain.ruleset_diff import compare, tally
from speechsvc.domain.ruleset_merge import merge, resolve
from speechsvc.domain.ruleset_parts import join, split
from tests.unit.rules.content import BOOK, LEXICON, RUBRIC, lexicon, rubric, topic


def edited(content: Content, **fields: Any) -> Content:
    """The first entry of the first topic with other fields."""
    copy = deepcopy(content)
    copy["topics"][0]["entries"][0] |= fields
    return copy


def first(content: Content) -> Content:
    found: Content = content["topics"][0]["entries"][0]
    return found


@pytest.mark.parametrize("kind", [LEXICON, RUBRIC])
def test_the_default_survives_being_cut_into_parts(kind: Any) -> None:
    content = BOOK.default(kind).content
    again = join(kind, split(kind, content))
    assert BOOK.read(kind, again | {"name": content["name"], "version": content["version"]}).content == content
    assert compare(kind, content, again) == ()


def test_a_diff_names_parts_and_fields() -> None:
    before = lexicon(topic(), topic("speed", name="速度"))
    after = edited(before, variants=["报个价"], note="改")
    after["topics"][0]["entries"].append({"id": "price/折扣", "term": "折扣"})
    after["topics"][0]["examples"]["no_match"].append("报价值得看")
    after["topics"].pop()
    changes = compare(LEXICON, before, after)
    assert tally(changes) == {
        "entry": {"added": 1, "changed": 1, "removed": 1},
        "example": {"added": 1, "removed": 1},
        "topic": {"removed": 1},
    }
    changed = next(c for c in changes if c.change == "changed")
    assert changed.path == ("topics", "price", "entries", "price/报价")
    assert [(f.field, f.before, f.after) for f in changed.fields] == [
        ("variants", ["报个价", "报价单"], ["报个价"]),
        ("note", None, "改"),
    ]


def test_the_order_of_topics_is_a_difference_that_of_entries_is_none() -> None:
    two = lexicon(topic(), topic("speed", name="速度"))
    turned = deepcopy(two) | {"topics": two["topics"][::-1]}
    (change,) = compare(LEXICON, two, turned)
    assert [f.field for f in change.fields] == ["order"]
    many = lexicon(topic(entries=[{"term": "甲方"}, {"term": "乙方"}]))
    other = deepcopy(many)
    other["topics"][0]["entries"].reverse()
    assert compare(LEXICON, many, other) == ()


def test_what_only_one_side_changed_holds() -> None:
    base = lexicon(topic(), topic("speed", name="速度"))
    ours = edited(base, gap=3, note="我们的")
    theirs = edited(base, window=20)
    theirs["topics"].insert(1, topic("quality", name="质量"))
    theirs["topics"][2]["entries"] = []
    merged = merge(LEXICON, base, ours, theirs)
    assert merged.conflicts == ()
    assert first(merged.content).items() >= {"gap": 3, "note": "我们的", "window": 20}.items()
    assert [t["id"] for t in merged.content["topics"]] == ["price", "quality", "speed"]
    assert merged.content["topics"][2]["entries"] == []


def test_lists_of_words_merge_word_by_word() -> None:
    base = lexicon()
    ours = edited(base, variants=["报价单", "我们的"])  # without 报个价
    theirs = edited(base, variants=["报个价", "报价单", "默认的"])
    merged = merge(LEXICON, base, ours, theirs)
    assert (merged.conflicts, first(merged.content)["variants"]) == ((), ["报价单", "我们的", "默认的"])


def test_the_same_field_changed_twice_is_a_conflict_and_ours_stays_until_decided() -> None:
    base, ours, theirs = lexicon(), edited(lexicon(), term="我们"), edited(lexicon(), term="他们", gap=9)
    merged = merge(LEXICON, base, ours, theirs)
    (conflict,) = merged.conflicts
    assert (conflict["field"], conflict["base"], conflict["draft"], conflict["default"]) == (
        "term",
        "报价price",
        "我们",
        "他们",
    )
    assert first(merged.content).items() >= {"term": "我们", "gap": 9}.items()
    kept = resolve(LEXICON, merged.content, merged.conflicts, {conflict["id"]: "draft"})
    taken = resolve(LEXICON, merged.content, merged.conflicts, {conflict["id"]: "default"})
    assert [first(m.content)["term"] for m in (kept, taken)] == ["我们", "他们"]
    assert kept.conflicts == taken.conflicts == ()
    assert resolve(LEXICON, merged.content, merged.conflicts, {}).conflicts == merged.conflicts


def test_changed_here_and_dropped_there_is_a_conflict_either_way() -> None:
    base = lexicon(topic(), topic("speed", name="速度"))
    dropped = deepcopy(base)
    dropped["topics"][0]["entries"] = []
    changed = edited(base, gap=1)
    for ours, theirs in ((dropped, changed), (changed, dropped)):
        merged = merge(LEXICON, base, ours, theirs)
        (conflict,) = merged.conflicts
        assert conflict["field"] is None
        assert compare(LEXICON, ours, merged.content) == ()
        taken = resolve(LEXICON, merged.content, merged.conflicts, {conflict["id"]: "default"})
        assert compare(LEXICON, theirs, taken.content) == ()


def test_a_topic_dropped_on_one_side_goes_as_a_whole_or_becomes_one_conflict() -> None:
    base = lexicon(topic(), topic("speed", name="速度"))
    without = deepcopy(base) | {"topics": base["topics"][:1]}
    assert merge(LEXICON, base, without, base).content["topics"] == without["topics"]
    assert merge(LEXICON, base, base, without).content["topics"] == without["topics"]
    grown = deepcopy(base)
    grown["topics"][1]["entries"].append({"id": "speed/快", "term": "快点"})
    for ours, theirs in ((without, grown), (grown, without)):
        merged = merge(LEXICON, base, ours, theirs)
        assert len(merged.conflicts) == 1
        assert merged.content["topics"] == ours["topics"]
        taken = resolve(LEXICON, merged.content, merged.conflicts, {merged.conflicts[0]["id"]: "default"})
        assert compare(LEXICON, theirs, taken.content) == ()


def test_a_rubric_merges_number_by_number() -> None:
    base = rubric()
    ours, theirs = deepcopy(base), deepcopy(base)
    ours["topic_weights"]["pricing_discount"] = 7
    theirs["topic_weights"]["trial_poc"] = 8
    theirs["pass_line"] = 61
    ours["gates"][1]["numbers"]["cap"] = 40
    merged = merge(RUBRIC, base, ours, theirs)
    assert merged.conflicts == ()
    assert merged.content["topic_weights"].items() >= {"pricing_discount": 7, "trial_poc": 8}.items()
    assert (merged.content["pass_line"], merged.content["gates"][1]["numbers"]["cap"]) == (61, 40)
    ours["pass_line"] = 59
    (conflict,) = merge(RUBRIC, base, ours, theirs).conflicts
    assert (conflict["path"], conflict["field"]) == ([], "pass_line")


words = st.lists(st.sampled_from(["甲", "乙", "丙", "丁"]), unique=True, max_size=4)
entry = st.builds(
    lambda name, gap, some: {"id": name, "term": f"词{name}", "gap": gap} | ({"variants": some} if some else {}),
    st.sampled_from(["a", "b", "c", "d"]),
    st.integers(0, 9),
    words,
)
contents = st.lists(
    st.builds(
        lambda name, entries: topic(name, entries=entries, examples={"match": [], "no_match": []}),
        st.sampled_from(["one", "two", "three"]),
        st.lists(entry, unique_by=lambda e: e["id"], max_size=4),
    ),
    unique_by=lambda t: t["id"],
    max_size=3,
).map(lambda topics: {"name": "x", "version": 1, "topics": topics})


@given(base=contents, ours=contents, theirs=contents)
def test_merging_is_safe(base: Content, ours: Content, theirs: Content) -> None:
    """Nothing new from the default: ours. Nothing of ours: theirs. All conflicts taken: no silent third result."""
    assert compare(LEXICON, ours, merge(LEXICON, base, ours, base).content) == ()
    taken = merge(LEXICON, base, base, theirs)
    assert taken.conflicts == ()
    assert [c for c in compare(LEXICON, theirs, taken.content) if c.path] == []
    merged = merge(LEXICON, base, ours, theirs)
    for path, fields in split(LEXICON, merged.content).items():
        sources = [side.get(path, {}) for side in (split(LEXICON, ours), split(LEXICON, theirs))]
        known = [word for source in sources for word in source.get("variants", [])]
        assert set(fields.get("variants", [])) <= set(known)
        assert fields.get("gap") in [source.get("gap") for source in sources]
    decided = resolve(LEXICON, merged.content, merged.conflicts, {c["id"]: "draft" for c in merged.conflicts})
    assert compare(LEXICON, merged.content, decided.content) == ()
