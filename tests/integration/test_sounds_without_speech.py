"""Silence, tones and hold music through the whole stage with the real engine and model: nothing of it ever scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speechsvc.audio.recording import RecordingOpener
from speechsvc.domain.talk_rules import measure_talk
from speechsvc.domain.transcript import Transcript
from speechsvc.transcription.transcriber import FasterWhisperTranscriber, ModelChoice
from tests.unit.audio.sounds import write_wav
from tests.unit.followups.followups import analyser
from tests.unit.transcription import telephone_sounds as line

pytestmark = pytest.mark.serial

SECONDS = 25.0
_QUIET = np.zeros(int(line.RATE * SECONDS))


@pytest.fixture(scope="module")
def engine() -> FasterWhisperTranscriber:
    model = ModelChoice(name="demo", model_dir=Path("unused"), cpu_threads=2, offline=True)
    return FasterWhisperTranscriber(open_recording=RecordingOpener().open, model=model)


def transcribe(engine: FasterWhisperTranscriber, path: Path) -> Transcript:
    return engine.transcribe(path, channels=None, language="zh", progress=lambda fraction: None)


def assert_nothing_counts(transcript: Transcript) -> None:
    conversation = transcript.conversation("call")
    tagging = analyser().tag(conversation)
    talk = measure_talk(transcript.speech, transcript.duration)
    score, _ = analyser().score(conversation, tagging, talk)
    assert [s.text for s in transcript.segments if not s.suspect] == []
    assert tagging.mentions == ()
    assert tagging.contact.outcome.value == "no_speech"
    assert (score["total"], score["counts_toward_performance"]) == (0, False)
    assert talk.agent + talk.customer + talk.unknown == 0
    assert "no_speech" in transcript.warnings


@pytest.mark.parametrize("name", line.SOUNDS)
def test_on_the_customers_side(name: str, engine: FasterWhisperTranscriber, tmp_path: Path) -> None:
    sound = line.to_pcm(line.SOUNDS[name](SECONDS))
    path = write_wav(tmp_path / "call.wav", np.stack([line.to_pcm(_QUIET), sound], axis=1))
    assert_nothing_counts(transcribe(engine, path))


@pytest.mark.parametrize("name", ["ring-back", "hold music"])
def test_in_a_mono_recording(name: str, engine: FasterWhisperTranscriber, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "call.wav", line.to_pcm(line.SOUNDS[name](SECONDS))[:, None])
    assert_nothing_counts(transcribe(engine, path))


def test_ring_back_then_busy_then_silence(engine: FasterWhisperTranscriber, tmp_path: Path) -> None:
    """A call that nobody answers, as it sounds."""
    sound = np.concatenate([line.ring_back(20.0), line.busy_tone(6.0), line.silence(4.0)])
    path = write_wav(tmp_path / "call.wav", np.stack([line.to_pcm(sound), line.to_pcm(sound * 0.5)], axis=1))
    transcript = transcribe(engine, path)
    assert_nothing_counts(transcript)
    assert {s.kind for s in transcript.sounds} == {"tone"}
