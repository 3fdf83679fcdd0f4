"""Who is salesperson and who customer, from words and direction; in doubt nobody is named."""

from __future__ import annotations

from math import exp

import pytest

from speechsvc.domain.call import Direction
from speechsvc.domain.conversation import Speaker
from speechsvc.domain.heatmap import HeatmapQuery, RowCount, RowKind, build
from speechsvc.domain.roles import THRESHOLD, UNCERTAIN, name_speakers
from speechsvc.domain.talk_rules import measure_talk
from speechsvc.domain.transcript import Segment, SpeechInterval, Transcript
from speechsvc.reporting.heatmap_words import unknown_note

SALES = [
    (0, "喂"),
    (1, "您好，我是云帆科技的小王，您现在方便吗"),
    (0, "你们是干嘛的，你说"),
    (1, "我们是做仓储系统的，您那边现在是怎么管库存的"),
    (0, "我们公司用表格，你们这个多少钱"),
    (1, "我们标准版按年收费，一年三万块，您可以先试用"),
    (0, "有点贵，我得问问老板，能不能便宜点"),
]


def transcript(turns: list[tuple[int | None, str]]) -> Transcript:
    segments = tuple(
        Segment(speaker=Speaker.UNKNOWN, channel=0, start=i, end=i + 0.9, text=text, voice=voice)
        for i, (voice, text) in enumerate(turns)
    )
    speech = tuple(
        SpeechInterval(channel=0, speaker=Speaker.UNKNOWN, start=s.start, end=s.end, voice=s.voice) for s in segments
    )
    model = {"name": "demo", "speakers": {"found": len({v for v, _ in turns})}}
    return Transcript(segments=segments, speech=speech, duration=len(turns), language="zh", model=model)


def test_names_both_with_reasons() -> None:
    named = name_speakers(transcript(SALES), Direction.OUTBOUND)
    assert [s.speaker for s in named.segments[:2]] == [Speaker.CUSTOMER, Speaker.AGENT]
    assert [i.speaker for i in named.speech] == [s.speaker for s in named.segments]
    roles = named.model["speakers"]["roles"]
    assert (roles["agent"], roles["customer"]) == (1, 0)
    assert roles["confidence"] >= THRESHOLD
    assert roles["confidence"] == pytest.approx(1 / (1 + exp(-sum(r["weight"] for r in roles["reasons"]))), abs=0.01)
    assert all(r["zh"] and r["en"] for r in roles["reasons"])
    assert named.model["speakers"]["found"] == 2
    assert UNCERTAIN not in named.warnings


def test_talk_metrics_then_work_for_mono() -> None:
    named = name_speakers(transcript(SALES))
    talk = measure_talk(named.speech, named.duration)
    assert (talk.agent, talk.customer) == (pytest.approx(2.7), pytest.approx(3.6))
    assert talk.unknown == 0


def test_numbers_of_voices_mean_nothing() -> None:
    named = name_speakers(transcript([(1 - v if v is not None else v, t) for v, t in SALES]))
    assert named.segments[1].speaker is Speaker.AGENT
    assert named.model["speakers"]["roles"]["agent"] == 0


@pytest.mark.parametrize(
    "turns",
    [
        [(0, "喂"), (1, "喂"), (0, "听得到吗"), (1, "听得到")],
        [(0, text) for _, text in SALES],  # one voice found where two people spoke
        [(0, "")],
    ],
)
def test_in_doubt_nobody_is_named(turns: list[tuple[int | None, str]]) -> None:
    named = name_speakers(transcript(turns), Direction.OUTBOUND)
    assert {s.speaker for s in named.segments} == {Speaker.UNKNOWN}
    assert named.warnings == (UNCERTAIN,)
    assert named.model["speakers"]["roles"]["agent"] is None


def test_who_called_decides_what_a_hello_means() -> None:
    turns: list[tuple[int | None, str]] = [(0, "喂，您好"), (1, "哎，在忙什么"), (0, "还好")]
    outbound = name_speakers(transcript(turns), Direction.OUTBOUND).model["speakers"]["roles"]["reasons"]
    inbound = name_speakers(transcript(turns), Direction.INBOUND).model["speakers"]["roles"]["reasons"]
    opening = [next(r["weight"] for r in reasons if r["cue"] == "opening") for reasons in (outbound, inbound)]
    assert {abs(w) for w in opening} == {1.0}


def test_a_third_voice_with_much_to_say_leaves_everybody_unknown() -> None:
    third: list[tuple[int | None, str]] = [
        (2, "我是财务的，这个钱得从我这儿走，你们先把发票开过来"),
        (2, "对，你们发票怎么开"),
    ]
    named = name_speakers(transcript(SALES + third))
    assert {s.speaker for s in named.segments} == {Speaker.UNKNOWN}


def test_a_third_voice_with_a_word_does_not() -> None:
    named = name_speakers(transcript([*SALES, (2, "哎")]))
    assert [s.speaker for s in named.segments][-3:] == [Speaker.AGENT, Speaker.CUSTOMER, Speaker.UNKNOWN]


def test_suspect_words_name_nobody() -> None:
    told = transcript(SALES)
    suspect = tuple(
        Segment(speaker=s.speaker, channel=0, start=s.start, end=s.end, text=s.text, voice=s.voice, suspect=("loop",))
        for s in told.segments
    )
    named = name_speakers(Transcript(segments=suspect, speech=told.speech, duration=7, language="zh"))
    assert {s.speaker for s in named.segments} == {Speaker.UNKNOWN}


def test_stereo_is_left_as_it_is() -> None:
    stereo = transcript([(None, text) for _, text in SALES])
    assert name_speakers(stereo, Direction.OUTBOUND) is stereo


def test_the_heatmap_says_how_much_of_mono_calls_it_left_out() -> None:
    """Half of the speech of this row is by voices that nobody could name."""
    seconds = [
        measure_talk(named.speech, named.duration)
        for named in (name_speakers(transcript(SALES)), name_speakers(transcript([(0, "嗯"), (1, "好")] * 7)))
    ]
    unknown = sum(talk.unknown for talk in seconds)
    speech = unknown + sum(talk.agent + talk.customer for talk in seconds)
    rows = [RowCount(key="c", label="某客户", calls=2, speech_s=speech, unknown_s=unknown)]
    heatmap = build(HeatmapQuery(row=RowKind.CUSTOMER), rows, [], [])
    assert 0 < heatmap.rows[0].unknown_share < 1
    share = f"{heatmap.rows[0].unknown_share:.0%}"
    for language, word in (("zh", "未计入"), ("en", "left out")):
        note = unknown_note(heatmap, language)
        assert note is not None
        assert word in note
        assert share in note
