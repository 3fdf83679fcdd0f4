"""The demonstration model's training text: what is spoken, and that nothing measured on is learned."""

from __future__ import annotations

import json
import random
import re

import pytest

from models.recipe import corpus, ngram, numbers, templates
from models.recipe.dialogue import LONGEST, labelled_calls, speakable, utterances
from models.recipe.symbols import Vocabulary, common_characters


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "零"), (10, "十"), (15, "十五"), (20, "二十"), (102, "一百零二"), (110, "一百一十"), (1003, "一千零三"),
     (1030, "一千零三十"), (10_005, "一万零五"), (38_000, "三万八千"), (120_304, "十二万零三百零四")],
)  # fmt: skip
def test_numbers_are_said_as_people_say_them(number: int, words: str) -> None:
    assert numbers.spoken(number) == words


def test_other_numbers_keep_their_shape_and_length() -> None:
    rng = random.Random(3)
    said = {numbers.other_numbers("一三八零零，百分之十五，三万八，两三个", rng) for _ in range(50)}
    assert len(said) > 10
    assert all(re.fullmatch(r"[零一二三四五六七八九]{5}，百分之十.，.万.，两三个", text) for text in said)


def test_speakable_text_holds_characters_and_three_marks_only() -> None:
    assert speakable("喂，郝老师！您那个OA……换国产的事?50%") == "喂，郝老师。您那个，换国产的事？"
    assert speakable("API") == ""


def test_utterances_lose_nothing_and_fit_a_breath() -> None:
    text = (
        "那个您听我说我们去年上的那套系统啊一到月底就转圈财务的人天天骂我" * 3 + "，后来换了一家。好的。行。那您先忙？"
    )
    pieces = utterances(text, random.Random(1))
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= LONGEST for piece in pieces)


def test_names_and_numbers_change_but_words_stay() -> None:
    rng = random.Random(5)
    said = {corpus.renamed("佟主任您好，我是小阮，一共三万八", rng) for _ in range(80)}
    assert len(said) > 20
    assert all(re.fullmatch(r".{1,2}主任您好，我是小.，一共.万.", text) for text in said)


def test_templates_have_no_open_slots() -> None:
    rng = random.Random(2)
    sentences = [templates.sentence(rng) for _ in range(2000)]
    assert not [s for s in sentences if re.search(r"[{}A-Za-z0-9]", s)]
    assert len(set(sentences)) > 1500


def test_sampled_sentences_are_made_of_known_neighbours() -> None:
    lines = [["预算", "批", "了", "。"], ["价格", "能", "再", "谈", "吗", "？"], ["预算", "能", "再", "批", "吗", "？"]]
    words = sorted({w for line in lines for w in line})
    sampler = ngram.Sampler(lines, ngram.Table(), (words, list(range(1, len(words) + 1))))
    sentences = {sampler.sentence(random.Random(i)) for i in range(200)}
    assert all(set(s) <= set("".join(words)) for s in sentences)
    assert len(sentences - {"".join(line) for line in lines}) > 20


def test_no_validation_call_is_among_the_training_text() -> None:
    trained = {turn for call in corpus.training_calls() for _, turn in call}
    validation = {turn for call in corpus.validation_calls() for _, turn in call if len(turn) > 12}
    assert validation
    assert not trained & validation


def test_calls_held_apart_are_not_among_the_training_text() -> None:
    trained = {turn for call in corpus.training_calls() for _, turn in call}
    held = labelled_calls([corpus.GOLD / "held_everyday.jsonl", corpus.GOLD / "held_hard.jsonl"])
    assert not trained & {turn for call in held for _, turn in call if len(turn) > 12}


def test_vocabulary_has_whispers_order() -> None:
    vocabulary = Vocabulary(tuple(sorted(common_characters())))
    assert len(common_characters()) == 3755
    assert len(vocabulary) % 8 == 0
    assert vocabulary.tokens[-1] == "<|30.00|>"
    assert vocabulary.tokens[vocabulary.first_time] == "<|0.00|>"
    assert vocabulary.first_time - vocabulary.special("notimestamps") == 1
    assert "" in vocabulary.tokens
    assert len(set(vocabulary.tokens)) == len(vocabulary)


def test_dialogues_are_in_the_format_that_is_read() -> None:
    calls = list(corpus.written_talks())
    assert len(calls) > 500
    assert sum(len(text) for call in calls for _, text in call) > 300_000
    assert all(json.dumps(text) for call in calls for _, text in call)
