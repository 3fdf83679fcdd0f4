"""Prompt and hotwords that leak into the text over little speech are flagged; the same words really said are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speechsvc.audio.recording import RecordingOpener
from speechsvc.transcription.echoes import Hints
from speechsvc.transcription.guards import PROMPT_ECHO, load_phrases, suspect_reasons
from speechsvc.transcription.profiles import Wishes
from speechsvc.transcription.recognise import RawSegment
from speechsvc.transcription.transcriber import FasterWhisperTranscriber, ModelChoice
from speechsvc.transcription.vad import RATE, VoiceActivity
from tests.unit.audio.sounds import write_wav

PROMPT = "以下是普通话的句子，请使用简体中文和标点。"
HOTWORDS = "预算审批 私有化部署、等保三级"
HINTS = Hints.of(PROMPT, HOTWORDS)


def raw(text: str, start: float = 0.0, end: float = 5.0) -> RawSegment:
    return RawSegment(start=start, end=end, text=text, avg_logprob=-0.3, no_speech_prob=0.0, compression_ratio=1.0)


def reasons(text: str, speech: float, hints: Hints | None = HINTS) -> tuple[str, ...]:
    return suspect_reasons([raw(text)], [speech], phrases=load_phrases(), hints=hints)[0]


@pytest.mark.parametrize(
    "text",
    [
        "以下是普通话的句子，请使用简体中文和标点。",  # verbatim
        "以下是普通話的句子",  # a part of it, in the other script
        "请使用简体中文的标点",  # nearly
        "预算审批，私有化部署，等保三级。",  # hotwords in their order
        "等保三级预算审批",  # in another
        "私有化部署啊",  # with a syllable more
    ],
)
def test_an_echo_over_little_speech_is_flagged(text: str) -> None:
    assert PROMPT_ECHO in reasons(text, 0.4)


@pytest.mark.parametrize(
    ("text", "speech"),
    [
        ("私有化部署", 1.1),  # said at a usual pace
        ("预算审批私有化部署等保三级", 3.0),
        ("下周三上午十点再开个会", 0.4),  # too fast, and nobody's hint
        ("审批", 0.1),  # too short to judge
    ],
)
def test_what_may_have_been_said_is_no_echo(text: str, speech: float) -> None:
    assert PROMPT_ECHO not in reasons(text, speech)


def test_nothing_is_an_echo_where_nothing_was_told() -> None:
    assert PROMPT_ECHO not in reasons(PROMPT, 0.2, None)
    assert Hints.of(None, "", "  ") == Hints()


class Leaking:
    """A model that gives back the prompt at the end of what it hears: the leak that people report."""

    def transcribe(self, audio: np.ndarray, **options: object) -> tuple[list[object], None]:
        from faster_whisper.transcribe import Segment

        end = len(audio) / RATE
        told = str(options["initial_prompt"])
        rest = {"id": 0, "seek": 0, "tokens": [], "avg_logprob": -0.3, "compression_ratio": 1.0, "no_speech_prob": 0.1}
        said = Segment(start=0.0, end=end - 0.5, text="好的", words=None, temperature=0.0, **rest)
        leaked = Segment(start=end - 0.5, end=end, text=told, words=None, temperature=0.0, **rest)
        return [said, leaked], None


def test_a_leak_that_is_injected_reaches_the_transcript_flagged(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "call.wav", np.full((8000 * 4, 2), 900, dtype=np.int16))
    engine = FasterWhisperTranscriber(
        open_recording=RecordingOpener().open,
        model=ModelChoice(name="demo", model_dir=tmp_path),
        wishes=Wishes(initial_prompt=PROMPT),
    )
    engine._model = type("Loaded", (), {"get": lambda self: Leaking()})()  # type: ignore[assignment]
    engine._detect = lambda channel: VoiceActivity(  # type: ignore[method-assign]
        chunks=((0, 4 * RATE),), talk=((0, 3 * RATE),)
    )
    found = engine.transcribe(path, channels=None, language="zh", progress=lambda fraction: None).segments
    assert {s.text: PROMPT_ECHO in s.suspect for s in found} == {"好的": False, PROMPT: True}
