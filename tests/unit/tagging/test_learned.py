"""Learned entries: trained from a few calls, they add mentions, and change nothing that is written."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.learned import OLD_WINDOW, LearnedEntries, Negation
from speechsvc.domain.lexicon import Lexicon
from speechsvc.domain.lexicon_data import lexicon_data
from speechsvc.domain.mention import MatchKind, Mention
from speechsvc.domain.ruleset import RulesetKind
from speechsvc.domain.ruleset_diff import compare
from speechsvc.tagging.evaluate import LabelledCall, read_labelled_calls
from speechsvc.tagging.learned.model_file import write_learned_file
from speechsvc.tagging.learned.negation import unjudged
from speechsvc.tagging.learned.surroundings import OLD_FEATURES, Seen
from speechsvc.tagging.learned.train import Options, TooFewCalls, train
from speechsvc.tagging.lexicon_file import LexiconInvalid, load_lexicon, parse_lexicon
from speechsvc.tagging.tagger import LexiconTagger
from tests.unit.tagging.lexicon_fixture import talk
from tests.unit.tagging.test_properties import conversations

GOLD = Path(__file__).parents[2] / "gold" / "dev.jsonl"
# two topics of which only the textbook word is written: the rest is left to learn
TOPICS = [
    {"id": "pricing_discount", "name": "价格", "entries": [{"term": "报价"}]},
    {"id": "performance_stability", "name": "性能", "entries": [{"term": "性能"}]},
]


def plain() -> Lexicon:
    return parse_lexicon({"name": "small", "version": 1, "topics": TOPICS})


@cache
def calls() -> tuple[LabelledCall, ...]:
    known = {topic["id"] for topic in TOPICS}
    return tuple(
        replace(call, labels={key: value for key, value in call.labels.items() if key[1] in known})
        for call in read_labelled_calls(GOLD)[:40]
    )


def learn(marks: tuple[LabelledCall, ...] = (), **options: Any) -> LearnedEntries:
    tagger, used = LexiconTagger(plain()), [*calls(), *marks]
    return train(plain(), used, [tagger.tag(call.conversation) for call in used], Options(folds=3, **options))


@cache
def trained() -> Lexicon:
    return replace(plain(), learned=learn())


@cache
def tagger() -> LexiconTagger:
    return LexiconTagger(trained())


def added(conversation: Conversation) -> list[Mention]:
    return [m for m in tagger().tag(conversation) if m.match is MatchKind.LEARNED]


def written_of(mentions: Iterable[Mention]) -> list[Mention]:
    """Those that no model made, as they were before one turned their polarity."""
    return [unjudged(m) for m in mentions if m.match is not MatchKind.LEARNED]


def test_it_finds_what_no_entry_covers_and_says_by_which_phrases() -> None:
    conversation = talk("您讲", "一个号一年多少钱")
    (mention,) = added(conversation)
    assert (mention.turn, mention.topic, mention.entry) == (1, "pricing_discount", "pricing_discount/learned")
    assert "多少钱" in mention.text
    for call in calls()[:20]:
        for m in added(call.conversation):
            phrases, _, certainty = m.reason.removeprefix("学习得出：").partition("，把握约 ")
            said = call.conversation.turns[m.turn].text
            assert phrases == "承接上一句的话题" or all(p in said for p in phrases.strip("“”").split("”“"))
            assert 0 < int(certainty.split("%")[0]) <= 95


def test_small_talk_carries_nothing() -> None:
    assert added(talk("喂您好，是王总吗", "对，你哪位", "我在开车，晚点再打给你吧")) == []


@given(conversations())
@settings(max_examples=100, deadline=None)
def test_written_mentions_stay_and_spans_are_true(conversation: Conversation) -> None:
    written = LexiconTagger(trained(), learned=False).tag(conversation)
    both = tagger().tag(conversation)
    assert written_of(both) == list(written)
    known = {(m.turn, m.topic) for m in written}
    for m in both:
        turn = conversation.turns[m.turn]
        assert turn.text[m.start_char : m.end_char] == m.text != ""
        assert turn.start <= m.start <= m.end <= turn.end
        assert m.match is not MatchKind.LEARNED or (m.turn, m.topic) not in known
    assert list(both) == sorted(both, key=lambda m: (m.turn, m.start_char, m.topic))


def test_on_real_calls_spans_are_true_and_written_mentions_stay() -> None:
    written, found = LexiconTagger(trained(), learned=False), 0
    for call in calls():
        both = tagger().tag(call.conversation)
        assert written_of(both) == list(written.tag(call.conversation))
        for m in both:
            found += m.match is MatchKind.LEARNED
            assert call.conversation.turns[m.turn].text[m.start_char : m.end_char] == m.text != ""
    assert found > 20


def test_switched_off_is_the_written_lexicon_to_the_letter() -> None:
    off = LexiconTagger(trained(), learned=False)
    assert off.version == LexiconTagger(plain()).version != tagger().version


def test_the_version_follows_what_decides_and_nothing_else() -> None:
    learned = trained().learned
    assert learned is not None
    other = replace(learned, trained={"calls": 0})
    assert replace(trained(), learned=other).digest == trained().digest
    stricter = replace(learned, topics=tuple(replace(t, threshold=95) for t in learned.topics))
    assert replace(trained(), learned=stricter).digest != trained().digest


def test_the_learned_polarity_leaves_alone_what_the_author_has_fixed() -> None:
    """A model for which everything is negated turns written mentions, unless their entry says otherwise."""
    everything = Negation(bias=1, weights={}, least=0)
    fixed = {"id": "fixed", "name": "定", "entries": [{"term": "老规矩", "polarity": "affirmed"}]}
    lexicon = parse_lexicon({"name": "small", "version": 1, "topics": [*TOPICS, fixed]})
    said = talk("报价和老规矩都在")

    def polarities(negation: Negation) -> dict[str, str]:
        learned = LearnedEntries(topics=(), negation=negation)
        return {m.topic: m.polarity.value for m in LexiconTagger(replace(lexicon, learned=learned)).tag(said)}

    assert polarities(everything) == {"pricing_discount": "negated", "fixed": "affirmed"}
    assert polarities(replace(everything, written=False)) == {"pricing_discount": "affirmed", "fixed": "affirmed"}
    assert polarities(replace(everything, least=2)) == {"pricing_discount": "affirmed", "fixed": "affirmed"}


def test_polarity_is_learned() -> None:
    learned = trained().learned
    assert learned is not None
    assert learned.negation is not None
    measured = learned.trained["negation"]
    assert measured["recall"] >= measured["rules_recall"]
    assert parse_lexicon(lexicon_data(trained())).learned == learned


def doubting() -> Lexicon:
    """A model whose second look speaks against every written entry that it knows."""
    learned = trained().learned
    assert learned is not None
    assert learned.surroundings is not None
    around = replace(learned.surroundings, doubt=10**6)
    return replace(trained(), learned=replace(learned, surroundings=around))


def test_a_doubted_entry_needs_support_and_a_new_one_never_does() -> None:
    said = talk("喂您好", "报价和性能都在", *["好的"] * 8)
    assert [m.match for m in LexiconTagger(trained()).tag(talk(said.turns[1].text))] == [MatchKind.EXACT] * 2
    assert LexiconTagger(doubting()).tag(said) == ()
    assert len(LexiconTagger(doubting(), learned=False).tag(said)) == 2
    lexicon = doubting()
    topics = tuple(replace(t, entries=tuple(replace(e, id="new/" + e.id) for e in t.entries)) for t in lexicon.topics)
    assert len(LexiconTagger(replace(lexicon, topics=topics)).tag(said)) == 2


def test_a_sentence_by_itself_is_never_doubted() -> None:
    """Nothing stands around it that could speak against a written entry."""
    assert len(LexiconTagger(doubting()).tag(talk("报价和性能都在"))) == 2


def test_a_short_call_is_doubted_only_where_all_speaks_against_it() -> None:
    """In nine turns little stands around a plain word."""
    scorer = LexiconTagger(doubting()).learned
    assert scorer is not None
    assert (scorer.doubt_in(10), scorer.doubt_in(9)) == (10**6, -2197)
    short = talk("喂您好", "报价和性能都在", *["好的"] * 7)
    assert len(LexiconTagger(doubting(), learned=False).tag(short)) == 2
    assert len(LexiconTagger(doubting()).tag(short)) >= 1


def narrow(rows: int) -> Lexicon:
    """With one network of so many features, as models of an earlier time have it."""
    learned = trained().learned
    assert learned is not None
    assert learned.surroundings is not None
    network = learned.surroundings.network
    around = replace(learned.surroundings, network=replace(network, hidden=network.hidden[:rows]), again=None)
    return replace(trained(), learned=replace(learned, surroundings=around))


def test_models_of_one_narrow_network_are_still_read() -> None:
    old = narrow(OLD_FEATURES)
    data = lexicon_data(old)
    assert "again" not in data["learned"]["surroundings"]  # the digest of an earlier time stays
    assert parse_lexicon(data).learned == old.learned
    scorer = LexiconTagger(old).learned
    assert scorer is not None
    assert scorer.reach == 2
    with pytest.raises(LexiconInvalid, match="14 rows"):
        parse_lexicon(lexicon_data(narrow(OLD_FEATURES + 1)))


def looking(window: int) -> Lexicon:
    """The same networks, looking so many turns around."""
    learned = trained().learned
    assert learned is not None
    assert learned.surroundings is not None
    return replace(trained(), learned=replace(learned, surroundings=replace(learned.surroundings, window=window)))


def test_a_model_says_how_far_it_looks_and_earlier_ones_looked_five_turns() -> None:
    early, late = lexicon_data(looking(OLD_WINDOW)), lexicon_data(looking(9))
    assert "window" not in early["learned"]["surroundings"]  # the digest of an earlier time stays
    assert late["learned"]["surroundings"]["window"] == 9
    for data, reach in ((early, 8), (late, 12)):
        scorer = LexiconTagger(parse_lexicon(data)).learned
        assert scorer is not None
        assert scorer.reach == reach


@pytest.mark.parametrize("window", [OLD_WINDOW, 9])
def test_what_is_said_beyond_the_window_changes_nothing(window: int) -> None:
    scorer = LexiconTagger(looking(window)).learned
    assert scorer is not None
    topics = len(scorer.columns)

    def scores(odds_of_the_last_turn: int) -> list[int]:
        odds = np.zeros((40, topics), dtype=np.int64)
        odds[-1] = odds_of_the_last_turn
        turns = talk(*["嗯"] * 40).turns
        seen = Seen.of(turns, [1] * 40, odds, np.zeros((40, topics), dtype=bool))
        return [int(row[0]) for row in scorer.looked_at_twice([seen])[0]]

    little, much = scores(-8000), scores(8000)
    differs = [i for i, (one, other) in enumerate(zip(little, much, strict=True)) if one != other]
    assert differs
    assert min(differs) >= 39 - scorer.reach


def test_calls_set_aside_are_learned_from_and_not_measured() -> None:
    """The same calls twice, the copies set aside: as many are measured, more is known of them."""
    lexicon = plain()
    copies = tuple(replace(call, aside=True) for call in calls()[:20])
    everything = [*calls(), *copies]
    tagger = LexiconTagger(lexicon)
    learned = train(lexicon, everything, [tagger.tag(call.conversation) for call in everything], Options())
    before = trained().learned
    assert before is not None
    assert (learned.trained["calls"], learned.trained["aside"]) == (before.trained["calls"], 20)
    for one, other in zip(learned.topics, before.topics, strict=True):
        assert {m.labels for m in one.measured} == {m.labels for m in other.measured}
        assert one.weights != other.weights


def test_an_answer_is_understood_from_the_turns_around_it() -> None:
    """The same words carry the topic between turns about price, and nothing in small talk."""
    answer = "那得看您要几个了"
    about = talk("一年多少钱啊能便宜点吗", answer, "十个呢打几折")
    idle = talk("喂您好听得见吗", answer, "哈哈好的那您先忙")
    learned = trained().learned
    assert learned is not None
    willing = replace(learned, topics=tuple(replace(t, threshold=30) for t in learned.topics))
    tagger = LexiconTagger(replace(trained(), learned=willing))
    assert any(m.turn == 1 and m.topic == "pricing_discount" for m in tagger.tag(about))
    assert not any(m.turn == 1 for m in tagger.tag(idle))


def test_a_topic_without_threshold_adds_nothing() -> None:
    learned = trained().learned
    assert learned is not None
    off = replace(learned, topics=tuple(replace(t, threshold=None) for t in learned.topics))
    silent = LexiconTagger(replace(trained(), learned=off))
    for call in calls()[:10]:
        assert all(m.match is not MatchKind.LEARNED for m in silent.tag(call.conversation))


def test_data_and_file_read_back_equal(tmp_path: Path) -> None:
    assert parse_lexicon(lexicon_data(trained())) == trained()
    (tmp_path / "lexicon.yaml").write_text("name: small\nversion: 1\norder: [pricing_discount, performance_stability]")
    for topic in TOPICS:
        (tmp_path / f"{topic['id']}.yaml").write_text(json.dumps(topic), encoding="utf-8")
    learned = trained().learned
    assert learned is not None
    write_learned_file(tmp_path / "learned.json", learned)
    assert load_lexicon(tmp_path) == trained()
    whole = tmp_path / "whole.yaml"
    whole.write_text(json.dumps(lexicon_data(trained()), ensure_ascii=False), encoding="utf-8")
    assert load_lexicon(whole).digest == trained().digest


def model(topic: str, **weights: Any) -> dict[str, Any]:
    return {"id": topic, "threshold": 50, "steps": [], "weights": {"bias": 0} | weights}


@pytest.mark.parametrize(
    ("learned", "word"),
    [
        ({"format": 2, "topics": []}, "format"),
        ({"format": 1, "topics": [model("pricing_discount")] * 2}, "twice"),
        ({"format": 1, "topics": [model("pricing_discount", bias=0.5)]}, "integer"),
        ({"format": 1, "topics": [model("pricing_discount", text={"a": 1.5})]}, "whole numbers"),
    ],
)
def test_a_wrong_model_names_the_place_and_the_cure(learned: dict[str, Any], word: str) -> None:
    with pytest.raises(LexiconInvalid, match=word):
        parse_lexicon(lexicon_data(plain()) | {"learned": learned})


def test_a_topic_that_left_the_lexicon_takes_its_model_along() -> None:
    data = lexicon_data(trained())
    data["topics"] = data["topics"][:1]
    learned = parse_lexicon(data).learned
    assert learned is not None
    assert [topic.id for topic in learned.topics] == ["pricing_discount"]


def test_a_comparison_shows_thresholds_not_weights() -> None:
    (change,) = compare(RulesetKind.LEXICON, lexicon_data(plain()), lexicon_data(trained()))
    assert set(change.fields[0].after["thresholds"]) == {"pricing_discount", "performance_stability"}
    assert len(str(change)) < 2000


def test_training_twice_gives_the_same_model_whatever_the_order_and_the_hash_seed() -> None:
    program = (
        "import hashlib; from tests.unit.tagging.test_learned import calls, tagger, trained;"
        "found = repr([tagger().tag(c.conversation) for c in calls()]);"
        "print(trained().digest, hashlib.sha256(found.encode()).hexdigest())"
    )
    results = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(results) == 1
    assert results.pop().split()[0] == trained().digest


def test_marks_teach() -> None:
    said = talk("您看", "咱这口子要往里填多少啊")
    labels = {(1, "pricing_discount"): "affirmed"}
    mark = LabelledCall(conversation=said, labels=labels, evidence={}, judged=frozenset(labels))
    found = [
        {m.topic for m in LexiconTagger(replace(plain(), learned=learn(marks, floor=0.3))).tag(said)}
        for marks in ((mark,) * 8, ())
    ]
    assert found == [{"pricing_discount"}, set()]


def test_a_handful_of_calls_is_refused() -> None:
    with pytest.raises(TooFewCalls, match="9"):
        train(plain(), calls()[:9], [()] * 9, Options())


def test_a_turned_polarity_turns_back() -> None:
    """What a comparison of versions relies on: from a judged mention the written one can be had again."""
    everything = LearnedEntries(topics=(), negation=Negation(bias=1, weights={}, least=0))
    said = talk("报价给我看看", "这个报价先不用")
    judged = LexiconTagger(replace(plain(), learned=everything)).tag(said)
    assert [unjudged(m) for m in judged] == list(LexiconTagger(plain()).tag(said))
    assert any(m != unjudged(m) for m in judged)
