"""What was probably never said is flagged with its reason; what people do say is not."""

from __future__ import annotations

import pytest

from speechsvc.transcription.guards import (
    INVENTED,
    NO_SPEECH,
    REPETITION,
    SPEECH_RATE,
    confidence,
    load_phrases,
    repeats,
    suspect_reasons,
    syllables,
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
    assert reasons(text) == (INVENTED,)


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


def test_syllables_count_chinese_and_latin() -> None:
    assert syllables("接口用REST，端口 8080。") == 5 + 2 + 2


def test_confidence_is_a_probability() -> None:
    assert confidence(0.0) == 1.0
    assert confidence(-0.6931) == pytest.approx(0.5, abs=1e-3)
    assert 0.0 <= confidence(-50.0) < 0.001


def test_the_list_has_no_phrase_that_is_empty_or_short() -> None:
    phrases = load_phrases()
    assert phrases.version >= 1
    assert min(len(phrase) for phrase in phrases.contains) >= 6
    assert min(len(phrase) for phrase in phrases.whole) >= 4
