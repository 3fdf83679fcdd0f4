"""What was probably never said is flagged with its reason; what people do say is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from speechsvc.transcription.guards import (
    INVENTED,
    LANGUAGE,
    MUSIC,
    NO_SPEECH,
    REPETITION,
    SPEECH_RATE,
    confidence,
    load_phrases,
    repeats,
    suspect_reasons,
)
from speechsvc.transcription.recognise import RawSegment


def segment(text: str, start: float = 0.0, end: float = 5.0) -> RawSegment:
    return RawSegment(start=start, end=end, text=text, avg_logprob=-0.3, no_speech_prob=0.0, compression_ratio=1.0)


def reasons(text: str, speech: float = 5.0) -> tuple[str, ...]:
    return suspect_reasons([segment(text)], [speech], phrases=load_phrases())[0]


@pytest.mark.parametrize(
    "text",
    [
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "請不吝點贊、訂閱、轉發、打賞支持明鏡與點點欄目！",
        "我们下周见，明镜需要您的支持",
        "优优独播剧场——YoYo Television Series Exclusive",
        "中文字幕由 Ａｍａｒａ．ｏｒｇ 社群提供",
        "字幕由Amara.org社區提供",
        "谢谢观看。",
        "謝謝觀看！",
        "Thank you for watching!",
    ],
)
def test_invented_phrases_are_flagged_however_they_are_written(text: str) -> None:
    assert reasons(text)[0] == INVENTED


@pytest.mark.parametrize(
    "text",
    [
        "谢谢观看我们的演示，您觉得怎么样？",
        "你们的产品是按年订阅还是一次买断？",
        "我们公司给视频做中文字幕，一年大概三千小时。",
        "预算审批要走总经理，大概两周。",
        "谢谢，再见。",
    ],
)
def test_what_people_say_in_sales_calls_is_not(text: str) -> None:
    assert reasons(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "我们的价格是很优惠的" * 4,
        "好的" * 8,
        "的" * 15,
        "这个系统这个系统这个系统这个系统这个系统",
        "那我就先把报价单发给您看一下" * 3,
    ],
)
def test_loops_are_flagged(text: str) -> None:
    assert reasons(text, speech=60.0) == (REPETITION,)
    assert repeats(text)


@pytest.mark.parametrize(
    "text",
    [
        "对对对对对，就是这样。",
        "好的好的好的，没问题。",
        "嗯嗯嗯",
        "哈哈哈哈哈哈",
        "一百一百一百地加，不行不行。",
        "我的电话是一三八八八八八八八八八。",
        "等一下等一下，您再说一遍。",
    ],
)
def test_lively_speech_is_no_loop(text: str) -> None:
    assert reasons(text) == ()


def test_the_same_sentence_over_several_segments_is_a_loop() -> None:
    texts = ["我们先看报价。", "谢谢您的支持。", "谢谢您的支持", "谢谢您的支持！", "好的。"]
    found = suspect_reasons([segment(t) for t in texts], [3.0] * 5, phrases=load_phrases())
    assert found == [(), (REPETITION,), (REPETITION,), (REPETITION,), ()]


def test_short_answers_repeat_over_segments() -> None:
    found = suspect_reasons([segment("好的。")] * 5, [0.5] * 5, phrases=load_phrases())
    assert found == [()] * 5


def test_text_without_speech_under_it() -> None:
    assert NO_SPEECH in reasons("下次再聊。", speech=0.0)


@pytest.mark.parametrize(("speech", "flagged"), [(1.0, True), (2.5, False)])
def test_nobody_speaks_that_fast(speech: float, flagged: bool) -> None:
    text = "我们这边的预算审批流程一般需要两到三周时间"  # 21 syllables
    assert (SPEECH_RATE in reasons(text, speech)) is flagged


def test_a_short_answer_is_never_too_fast() -> None:
    assert reasons("没问题啊", speech=0.2) == ()


def test_confidence_is_a_probability() -> None:
    assert confidence(0.0) == 1.0
    assert confidence(-0.6931) == pytest.approx(0.5, abs=1e-3)
    assert 0.0 <= confidence(-50.0) < 0.001


def test_the_list_has_no_phrase_that_is_empty_or_short() -> None:
    phrases = load_phrases()
    assert phrases.version >= 1
    assert min(len(phrase) for phrase in phrases.contains) >= 5
    assert min(len(phrase) for phrase in phrases.whole) >= 3


@pytest.mark.parametrize(
    "text",
    [
        "ご視聴ありがとうございました",
        "それでは、また次の動画でお会いしましょう",
        "시청해주셔서 감사합니다",
        "MBC 뉴스 이덕영입니다",
        "Спасибо за просмотр",
        "ขอบคุณครับ",
        "I'm going to show you how to do it.",
        "Thank you so much, and I will see you in the next one.",
        "好 I don't know what you are going to do with this",
    ],
)
def test_another_language_in_a_chinese_call_is_flagged(text: str) -> None:
    assert LANGUAGE in reasons(text)
    assert LANGUAGE not in suspect_reasons([segment(text)], [5.0], phrases=load_phrases(), language="en")[0]


@pytest.mark.parametrize(
    "text",
    [
        "我们现在用的是 SAP Business One，还有一个 Salesforce，想跟 ERP 打通。",
        "OK OK，没问题，bye bye",
        "发我邮箱吧，wang.li@example.com，或者 sales-team@mail.example.cn",
        "官网是 www.example.com，上面有 demo",
        "SaaS CRM ERP OA API SDK",
        "这个 feature 我们 Q3 会 release，你 follow 一下 PM 那边的 timeline",
        "Sorry, the subscriber you dialed cannot be connected for the moment, please redial later.",
        "您拨打的电话正在通话中请稍后再拨sorry the subscriber you dialed is busy now please redial later",
        "Please leave your message after the tone, and we will call you back.",
        "No problem.",
        "α 版本 β 测试，误差 5 µm",
        "の字很像日文",
    ],
)
def test_names_short_forms_addresses_and_prompts_are_no_flip(text: str) -> None:
    assert LANGUAGE not in reasons(text)


def test_text_over_music_says_so() -> None:
    found = suspect_reasons([segment("二。")], [0.05], phrases=load_phrases(), sound_seconds=[1.5])
    assert found == [(MUSIC,)]
    mixed = suspect_reasons([segment("您好。")], [0.8], phrases=load_phrases(), sound_seconds=[1.5])
    assert mixed == [()]


def test_no_gold_sentence_is_suspect_for_its_words() -> None:
    """About 4,500 turns as people say them: neither the list nor the language rule may touch them."""
    folder = Path(__file__).parents[2] / "gold"
    texts = [
        turn["text"]
        for name in ("dev", "w1", "w2", "w3", "w4", "w5")
        for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()
        for turn in json.loads(line)["turns"]
    ]
    flagged = [t for t in texts if set(reasons(t, speech=60.0)) - {REPETITION}]
    assert flagged == []
