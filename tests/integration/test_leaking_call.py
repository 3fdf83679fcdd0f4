"""A call whose customer is heard on the salesperson's channel, through the real engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speechsvc.audio.recording import RecordingOpener
from speechsvc.domain.crosstalk import CROSSTALK
from speechsvc.domain.talk_rules import measure_talk
from speechsvc.domain.transcript import Transcript
from speechsvc.transcription.transcriber import FasterWhisperTranscriber, ModelChoice
from tests.support.memory import RATE, sample_call, write_call

pytestmark = pytest.mark.serial


def transcribed(path: Path) -> Transcript:
    engine = FasterWhisperTranscriber(
        open_recording=RecordingOpener().open,
        model=ModelChoice(name="demo", model_dir=Path("unused"), cpu_threads=2, offline=True),
    )
    return engine.transcribe(path, channels=None, language="zh", progress=lambda fraction: None)


def test_leaked_words_are_marked_and_cost_nobody_talk_time(tmp_path: Path) -> None:
    clean = sample_call(1)
    mixed = clean.astype(np.float64)
    delay = RATE // 10
    mixed[delay:, 0] += 0.25 * clean[:-delay, 1]
    whole = transcribed(write_call(tmp_path / "clean.wav", [clean]))
    leaking = transcribed(write_call(tmp_path / "leaking.wav", [np.clip(mixed, -32768, 32767).astype(np.int16)]))
    assert whole.warnings == ()
    assert leaking.warnings == ("channels_crosstalk",)
    marked = [s for s in leaking.segments if CROSSTALK in s.suspect]
    assert marked, "the model hears the leaking customer"
    assert {s.channel for s in marked} == {0}
    talk, before = (measure_talk(t.speech, t.duration) for t in (leaking, whole))
    assert talk.agent == pytest.approx(before.agent, rel=0.1)
    assert talk.customer == pytest.approx(before.customer, rel=0.02)
    customer = [s.text for s in whole.segments if s.channel == 1]
    assert [s.text for s in leaking.segments if s.channel == 1] == customer
    trusted = sum(len(s.text) for s in leaking.segments if s.channel == 0 and not s.suspect)
    assert trusted == pytest.approx(sum(len(s.text) for s in whole.segments if s.channel == 0), rel=0.15)
