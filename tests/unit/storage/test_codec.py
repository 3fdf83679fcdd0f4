"""Stored bodies come back as they were, and bodies of earlier releases still open."""

from __future__ import annotations

from dataclasses import asdict, replace

from speechsvc.domain.conversation import Speaker
from speechsvc.domain.talk_rules import measure_talk
from speechsvc.domain.transcript import RemovedInterval, SoundInterval, SpeechInterval
from speechsvc.storage.codec import pack, pack_analysis, pack_transcript, unpack, unpack_talk, unpack_transcript
from tests.unit.storage.builders import make_analysis, make_transcript

TALK = measure_talk(
    [
        SpeechInterval(channel=0, speaker=Speaker.AGENT, start=1, end=5),
        SpeechInterval(channel=1, speaker=Speaker.CUSTOMER, start=25, end=30),
    ],
    40.0,
    conversation=make_transcript().conversation("c"),
    sounds=[SoundInterval(channel=1, kind="music", start=6, end=24)],
)


def test_sounds_and_removed_silence_are_kept() -> None:
    transcript = replace(
        make_transcript(),
        sounds=(SoundInterval(channel=1, kind="music", start=1.0, end=4.5),),
        removed=(RemovedInterval(channel=0, start=0.0, end=1.0),),
    )
    assert unpack_transcript(pack_transcript(transcript)) == transcript


def test_a_transcript_of_an_earlier_release_opens() -> None:
    body = asdict(make_transcript())
    del body["sounds"], body["removed"]
    assert unpack_transcript(pack(body)) == make_transcript()


def test_talk_detail_is_kept() -> None:
    stored = unpack(pack_analysis(make_analysis("c", talk=TALK)))
    assert unpack_talk(stored["talk"]) == TALK
    assert TALK.detail is not None
    assert [s.hold for s in TALK.detail.silences] == [True]


def test_an_analysis_of_an_earlier_release_opens_without_detail() -> None:
    body = unpack(pack_analysis(make_analysis("c", talk=TALK)))["talk"]
    del body["detail"]
    assert unpack_talk(body) == replace(TALK, detail=None)
