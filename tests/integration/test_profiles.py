"""We add, we do not distort: our words beside faster-whisper's own, by profile, with the real engine and demo model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio

from speechsvc.audio.recording import RecordingOpener
from speechsvc.domain.transcript import Transcript
from speechsvc.resources import bundled
from speechsvc.transcription.profiles import Wishes
from speechsvc.transcription.transcriber import FasterWhisperTranscriber, ModelChoice
from tests.unit.audio.sounds import write_wav

pytestmark = pytest.mark.serial

CALLS = sorted((bundled("models") / "sample-calls").glob("*.wav"))
MODEL = ModelChoice(name="demo", model_dir=Path("unused"), cpu_threads=2, offline=True)


@pytest.fixture(scope="module")
def library() -> Any:
    return WhisperModel(str(bundled("models") / "demo"), device="cpu", compute_type="int8", cpu_threads=2)


def direct(library: Any, samples: np.ndarray) -> list[str]:
    found, _ = library.transcribe(
        np.ascontiguousarray(samples), language="zh", beam_size=5, vad_filter=True, condition_on_previous_text=False
    )
    return [segment.text for segment in found]


def transcribe(path: Path, **wishes: Any) -> Transcript:
    engine = FasterWhisperTranscriber(
        open_recording=RecordingOpener().open, model=MODEL, wishes=Wishes(**wishes), simplify=False
    )
    return engine.transcribe(path, channels=None, language="zh", progress=lambda fraction: None)


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_a_call_within_one_window_is_the_librarys_own_character_for_character(
    path: Path, library: Any, tmp_path: Path
) -> None:
    """The first 28 seconds of each sample call; so far no seam, no group, no cut can come in between."""
    sides = decode_audio(str(path), 8000, split_stereo=True)
    sound = np.stack([np.round(side[: 28 * 8000] * 32767).astype(np.int16) for side in sides], axis=1)
    short = write_wav(tmp_path / "short.wav", sound)
    transcript = transcribe(short)
    heard = 0
    for channel, side in enumerate(decode_audio(str(short), split_stereo=True)):
        ours = [s.text for s in transcript.segments if s.channel == channel]
        assert ours == [text.strip() for text in direct(library, side)]
        heard += len("".join(ours))
    assert heard > 10


def said(path: Path, channel: int) -> str:
    turns = json.loads(path.with_suffix(".json").read_text("utf-8"))["turns"]
    return plain("".join(t["text"] for t in turns if t["channel"] == channel))


def plain(text: str) -> str:
    return re.sub(r"[^\w]", "", text)


@pytest.mark.parametrize("profile", ["fast", "batched"])
def test_the_faster_profiles_hear_no_worse(profile: str, library: Any) -> None:
    """Over three calls; a seam may cost or save a character, so one in a hundred is left as tolerance."""
    reference, ours, theirs = [], [], []
    for path in CALLS[:3]:
        transcript = transcribe(path, profile=profile)
        for channel, side in enumerate(decode_audio(str(path), split_stereo=True)):
            reference.append(said(path, channel))
            segments = [s for s in transcript.segments if s.channel == channel]
            assert [s.start for s in segments] == sorted(s.start for s in segments)
            assert len(plain("".join(s.text for s in segments if s.suspect))) <= 2  # scraps at a window's end
            ours.append(plain("".join(s.text for s in segments)))
            theirs.append(plain("".join(direct(library, side))))
    direct_cer = jiwer.process_characters(reference, theirs).cer
    assert jiwer.process_characters(reference, ours).cer <= direct_cer + 0.01


@pytest.mark.parametrize("profile", ["fast", "batched"])
def test_progress_of_a_profile_rises_to_1(profile: str) -> None:
    engine = FasterWhisperTranscriber(
        open_recording=RecordingOpener().open, model=MODEL, wishes=Wishes(profile=profile)
    )
    seen: list[float] = []
    transcript = engine.transcribe(CALLS[0], channels=None, language="zh", progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert transcript.model["decoding"]["profile"] == profile
