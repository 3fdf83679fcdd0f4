"""A mono recording of two voices nothing was tuned on: real clustering, real recognition, roles, and what is stored."""

from __future__ import annotations

from typing import Any

import pytest

from speechsvc.domain.call import Direction
from speechsvc.domain.roles import name_speakers
from speechsvc.domain.transcript import Transcript
from speechsvc.storage.codec import pack_transcript, unpack, unpack_transcript
from tests.bench.mono import figures, make, transcriber
from tests.speech.mixes import Mix
from tests.speech.voices import need_espeak

pytestmark = pytest.mark.serial
PAIR = ("m3", "f4")


@pytest.fixture(scope="module")
def made() -> Mix:
    need_espeak()
    return make(0, PAIR, turns=10)


@pytest.fixture(scope="module")
def transcript(made: Mix, tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    path = made.write(tmp_path_factory.mktemp("mono") / "call.wav")
    heard = transcriber().transcribe(path, channels="mono", language="zh", progress=lambda part: None)
    return name_speakers(heard, Direction.OUTBOUND)


def test_speakers_and_their_words(made: Mix, transcript: Transcript) -> None:
    measured = figures(made, transcript, PAIR)
    assert measured.found == 2
    assert measured.error <= 0.15
    assert measured.words >= 0.85
    assert measured.roles != "wrong"


def test_the_record_says_how_speakers_were_found(transcript: Transcript) -> None:
    assert transcript.model["diarizer"]["name"] == "basic"
    assert "overlapping speech" in transcript.model["diarizer"]["cannot"]
    assert transcript.model["speakers"]["roles"]["reasons"]


def test_nothing_stored_could_serve_as_a_voiceprint(transcript: Transcript) -> None:
    """Of a voice there is a number that counts within this recording; every other figure is a time, size or weight."""
    body = pack_transcript(transcript)
    read = unpack_transcript(body)
    assert (read.segments, read.speech) == (transcript.segments, transcript.speech)
    data = unpack(body)
    known = {"speaker", "channel", "start", "end", "voice"}
    assert all(set(i) == known for i in data["speech"])
    assert all(set(s) == known | {"text", "confidence", "suspect"} for s in data["segments"])
    assert {v for i in data["speech"] for v in [i["voice"]]} == {0, 1}
    assert set(data["model"]["speakers"]) == {"found", "roles"}
    reasons = data["model"]["speakers"]["roles"]["reasons"]
    assert all(set(r) == {"cue", "zh", "en", "counts", "weight"} for r in reasons)
    assert not list(vectors(data)), "a list of numbers with the length of an embedding"


def vectors(value: Any) -> Any:
    """Lists of more than eight numbers anywhere in the body."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from vectors(inner)
    elif isinstance(value, list):
        if len(value) > 8 and all(isinstance(v, int | float) for v in value):
            yield value
        for inner in value:
            yield from vectors(inner)
