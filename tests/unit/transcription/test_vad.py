"""Our windowed reading of the detector equals faster-whisper's own, sample for sample."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from faster_whisper.audio import decode_audio
from faster_whisper.vad import VadOptions, get_speech_timestamps, get_vad_model

from speechsvc.resources import bundled
from speechsvc.transcription import vad
from speechsvc.transcription.vad import VadSettings, pad, speech_probabilities, voice_activity


@pytest.fixture(scope="module")
def channel() -> npt.NDArray[np.int16]:
    """The agent's side of a sample call, int16 at 16 kHz."""
    left, _ = decode_audio(str(bundled("models") / "sample-calls" / "call2.wav"), split_stereo=True)
    return np.asarray(np.round(left * 32768), dtype=np.int16)


def as_float(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    return samples.astype(np.float32) / 32768


@pytest.mark.parametrize("samples", [16_000 * 20, 512 * 700, 512 * 700 - 1, 512 * 700 - 40, 511, 1])
def test_probabilities_equal_the_librarys(channel: npt.NDArray[np.int16], samples: int) -> None:
    part = channel[:samples]
    padded = np.pad(as_float(part), (0, 512 - len(part) % 512))
    expected = np.asarray(get_vad_model()(padded)).reshape(-1)
    np.testing.assert_array_equal(speech_probabilities(part), expected)


def test_probabilities_do_not_depend_on_the_window(
    channel: npt.NDArray[np.int16], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = speech_probabilities(channel)
    monkeypatch.setattr(vad, "_BATCH", 97)
    np.testing.assert_allclose(speech_probabilities(channel), whole, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        (VadSettings(), VadOptions()),
        (VadSettings(speech_pad_ms=0), VadOptions(speech_pad_ms=0)),
        (
            VadSettings(min_silence_ms=300, speech_pad_ms=400),
            VadOptions(min_silence_duration_ms=300, speech_pad_ms=400),
        ),
        (VadSettings(threshold=0.8, min_speech_ms=500), VadOptions(threshold=0.8, min_speech_duration_ms=500)),
        (
            VadSettings(neg_threshold=0.1, min_silence_ms=100),
            VadOptions(neg_threshold=0.1, min_silence_duration_ms=100),
        ),
    ],
)
def test_chunks_equal_the_librarys(channel: npt.NDArray[np.int16], settings: VadSettings, options: VadOptions) -> None:
    for part in (channel, channel[: 16_000 * 7], channel[16_000 * 2 : 16_000 * 20]):
        expected = [(chunk["start"], chunk["end"]) for chunk in get_speech_timestamps(as_float(part), options)]
        assert list(voice_activity(part, settings).chunks) == expected


def test_padding_equals_the_librarys(channel: npt.NDArray[np.int16]) -> None:
    plain = VadOptions(speech_pad_ms=0, min_silence_duration_ms=200)
    padded = VadOptions(speech_pad_ms=400, min_silence_duration_ms=200)
    spans = [(c["start"], c["end"]) for c in get_speech_timestamps(as_float(channel), plain)]
    expected = tuple((c["start"], c["end"]) for c in get_speech_timestamps(as_float(channel), padded))
    assert len(spans) > 3
    assert pad(spans, len(channel), 400) == expected


def test_talk_is_inside_the_chunks_and_without_long_pauses(channel: npt.NDArray[np.int16]) -> None:
    activity = voice_activity(channel)
    assert activity.talk
    for start, end in activity.talk:
        assert any(a <= start and end <= b for a, b in activity.chunks)
    pauses = [b[0] - a[1] for a, b in zip(activity.talk, activity.talk[1:], strict=False)]
    assert min(pauses) >= 0.5 * 16_000


@pytest.mark.parametrize("kind", ["silence", "noise", "tone", "ringback"])
def test_what_is_no_speech_is_none(kind: str) -> None:
    t = np.arange(16_000 * 20) / 16_000
    sound = {
        "silence": np.zeros_like(t),
        "noise": np.random.default_rng(1).normal(0, 0.003, len(t)),
        "tone": 0.3 * np.sin(2 * np.pi * 1000 * t),
        "ringback": 0.3 * np.sin(2 * np.pi * 450 * t) * (t % 5 < 1),
    }[kind]
    activity = voice_activity((sound * 32767).astype(np.int16))
    assert activity.talk == ()
    assert activity.chunks == ()
