"""Transcript formats."""

import re

from speechsvc.domain.conversation import Speaker
from speechsvc.domain.transcript import Segment, Transcript
from speechsvc.reporting.transcripts import transcript_json, transcript_srt, transcript_txt, transcript_vtt

TRANSCRIPT = Transcript(
    segments=(
        Segment(speaker=Speaker.AGENT, channel=0, start=0.5, end=2.25, text="您好 <b> & --> 再见", confidence=0.91),
        Segment(speaker=Speaker.CUSTOMER, channel=1, start=3661.9996, end=3662.5, text="能便宜点吗\n\n真的"),
        Segment(speaker=Speaker.UNKNOWN, channel=0, start=4000, end=4000, text="字幕", suspect=("silence",)),
    ),
    speech=(),
    duration=4001.0,
    language="zh",
    model={"name": "demo"},
    warnings=("truncated",),
    partial=True,
)


def test_json_has_the_published_shape() -> None:
    data = transcript_json(TRANSCRIPT)
    assert data["duration"] == 4001.0
    assert data["model"] == {"name": "demo"}
    assert data["language"] == "zh"
    assert data["warnings"] == ["truncated"]
    assert data["partial"] is True
    assert data["segments"][0] == {
        "speaker": "agent",
        "channel": 0,
        "start": 0.5,
        "end": 2.25,
        "text": "您好 <b> & --> 再见",
        "confidence": 0.91,
        "suspect": [],
    }
    assert data["segments"][2]["suspect"] == ["silence"]


def test_txt_names_speakers_in_both_languages() -> None:
    assert transcript_txt(TRANSCRIPT).splitlines()[0] == "[00:00] 销售：您好 <b> & --> 再见"
    assert "（存疑）字幕" in transcript_txt(TRANSCRIPT)
    assert "Customer: 能便宜点吗" in transcript_txt(TRANSCRIPT, "en")


def test_srt_is_three_cues_with_rounded_times() -> None:
    cues = transcript_srt(TRANSCRIPT).strip().split("\n\n")
    assert len(cues) == 3
    assert cues[1].splitlines() == ["2", "01:01:02,000 --> 01:01:02,500", "客户：能便宜点吗 真的"]
    assert "01:06:40,000 --> 01:06:40,001" in cues[2]


def test_vtt_escapes_and_names_the_voice() -> None:
    text = transcript_vtt(TRANSCRIPT)
    assert text.startswith("WEBVTT\n\n")
    assert "<v agent>您好 &lt;b&gt; &amp; --&gt; 再见</v>" in text
    assert "<v.suspect unknown>字幕</v>" in text
    assert len(re.findall(r"^\d\d:\d\d:\d\d\.\d{3} --> ", text, re.M)) == 3
