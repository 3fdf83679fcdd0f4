"""What makes the tagger fast must find what the plain way finds."""

import re
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechsvc.tagging.cues import AFTER, AFTER_BEGINS, BEFORE, BEFORE_BEGINS
from speechsvc.tagging.lexicon_file import default_lexicon
from speechsvc.tagging.reading import found
from speechsvc.tagging.tagger import LexiconTagger
from speechsvc.tagging.text import normalise
from speechsvc.tagging.words import Words, words
from tests.unit.tagging.lexicon_fixture import talk

CUES = [(BEFORE, BEFORE_BEGINS), (AFTER, AFTER_BEGINS)]
BITS = """
不用 不要 要 用
没有 没 什么 需求 先别 别 再 谈 说 免了 以后 回头 到时候 在 算了 划掉 了 就 都 导 搬 谁 给我 报 价格 下次
这次 的 ， 。 吧 特 暂时 取消 省了 往后 放 缓一缓 晚点 聊 不 麻烦 您 a
"""
sentences = st.lists(st.sampled_from(BITS.split()), max_size=14).map("".join)


@pytest.mark.parametrize(("regex", "begins"), CUES)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_every_cue_begins_with_one_of_its_characters(
    regex: re.Pattern[str], begins: re.Pattern[str], data: st.DataObject
) -> None:
    text = data.draw(st.from_regex(regex))
    for match in regex.finditer(text):
        assert begins.match(match.group())


@pytest.mark.parametrize(("regex", "begins"), CUES)
@given(before=sentences, text=sentences, behind=sentences)
@settings(max_examples=300, deadline=None)
def test_cues_are_those_of_a_whole_search(
    regex: re.Pattern[str], begins: re.Pattern[str], before: str, text: str, behind: str
) -> None:
    whole, limits = before + text + behind, (len(before), len(before + text))
    plain = [match.span() for match in regex.finditer(whole, *limits)]
    assert [match.span() for match in found(regex, begins, whole, *limits)] == plain


@given(sentences, st.integers(0, 20), st.integers(2, 6))
@settings(max_examples=300, deadline=None)
def test_word_edges_are_those_of_the_whole_dictionary(text: str, start: int, size: int) -> None:
    end = min(len(text), start + size)
    if end - start < 2:
        return
    assert words().straddle(text, start, end) == pytest.approx(_Plain().straddle(text, start, end), abs=1e-9)


class _Plain(Words):
    """Asks the dictionary about every pair of characters."""

    def __init__(self) -> None:
        self.__dict__.update(words().__dict__)

    def _may_join(self, text: str, edge: int) -> bool:
        return True


@given(st.lists(st.text(alphabet="嗯呃 \n\t你好ab，𠀀", max_size=8), max_size=5))
@settings(max_examples=300, deadline=None)
def test_turns_stay_apart_whatever_they_hold(texts: list[str]) -> None:
    text = normalise(talk(*texts))
    assert len(text.starts) == len(text.ends) == len(text.origins) == len(texts)
    for turn, (start, end) in enumerate(zip(text.starts, text.ends, strict=True)):
        alone = normalise(talk(texts[turn]))
        assert text.text[start:end] == alone.text
        for low in range(start, end):
            assert text.original(turn, low, low + 1) == alone.original(0, low - start, low - start + 1)
    assert "".join(map(chr, text.codes.tolist())) == text.text


def test_what_waits_for_a_topic_is_found_only_behind_it() -> None:
    tagger = _tagger()
    waiting = {t for rule in tagger._rules if rule.checks for t in rule.conditions.previous}
    assert waiting, "the default lexicon has such entries"
    call = talk("能便宜点吗", "这个真没有了", "好的那行吧我们再看看")
    said = tagger.scan(call, normalise(call))
    behind = [(turn, topic) for turn in range(3) for topic in sorted(waiting) if said.following.at(turn, [topic])]
    assert behind
    for turn, topic in behind:
        rules = set(_rules(said.following.at(turn, [topic])))
        assert all(topic in tagger._rules[rule].conditions.previous for rule in rules)
        assert rules <= set(_rules(said.following.at(turn, waiting)))
    assert not said.following.at(1, ["no such topic"])


def _rules(stretches: object) -> Iterator[int]:
    for *_, rules in stretches:  # type: ignore[attr-defined]
        yield from rules


@cache
def _tagger() -> LexiconTagger:
    return LexiconTagger(default_lexicon(), learned=False)
