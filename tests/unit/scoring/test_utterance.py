"""Real words, acknowledgement, question and specifics, with and without punctuation."""

from __future__ import annotations

import pytest

from speechsvc.domain.utterance import is_acknowledgement, is_question, puts_off, real_characters, specifics


@pytest.mark.parametrize(
    "text",
    [
        "",
        "。。",
        "嗯",
        "嗯嗯，好的。",
        "哦，是的，对对对",
        "OK",
        "好的好的，知道了",
        "喂，你好",
        "行吧行吧",
        "哈哈哈",
        "没问题谢谢",
    ],
)
def test_acknowledgements_are_no_words(text: str) -> None:
    assert is_acknowledgement(text)
    assert real_characters(text) == 0


@pytest.mark.parametrize("text", ["贵多少", "预算有二十万", "好的，那你下周五来", "四万便宜点啦", "ERP"])
def test_content_is_content(text: str) -> None:
    assert real_characters(text) >= 3


@pytest.mark.parametrize(
    "text",
    [
        "能不能放大",
        "这个多少钱啊一年",
        "你们扛得住吗四五万单",
        "什么时候能上线",
        "钱批下来没有",
        "贵多少",
        "真的？",
        "那报表呢",
    ],
)
def test_questions(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize("text", ["预算有二十万", "嗯？", "我们用的金蝶", "下周五来吧", "好的呢"])
def test_no_questions(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize(
    "text",
    ["二十三个吧连加盟的", "百分之六十", "月结六十天", "下周三来", "我们用SAP", "一天三十万份", "12.6%", "今年先给40"],
)
def test_specifics(text: str) -> None:
    assert specifics(text)


@pytest.mark.parametrize("text", ["等一下", "看一看", "有一点贵", "我们一起", "ok好的", "都差不多"])
def test_no_specifics(text: str) -> None:
    assert not specifics(text)


def test_putting_off_is_not_naming_who_decides() -> None:
    assert puts_off("到时候再说吧不着急")
    assert puts_off("但是没用啊")
    assert not puts_off("我定不了要局长签字")
    assert not puts_off("这个功能我们没用过")
