"""Masked audio: the spans are silent, the rest is as it was, and the file plays."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from speechsvc.audio import playback
from speechsvc.audio.decode import decode
from speechsvc.audio.errors import RecordingNotAudio
from speechsvc.audio.playback import WavPlayback, write_playback
from speechsvc.audio.recording import RecordingOpener
from speechsvc.ports import KeptSound
from tests.unit.audio.sounds import tones, write_kind, write_wav


def read(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert file.getframerate() == 16_000
        assert file.getsampwidth() == 2
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return data.reshape(-1, file.getnchannels())


def test_spans_are_silent_and_the_rest_is_untouched(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "call.wav", tones(16_000, 2, 5.0), rate=16_000)
    write_playback(source, tmp_path / "out.wav", [(0, 1.0, 2.0), (None, 3.0, 3.5)])
    before, after = read(source), read(tmp_path / "out.wav")
    assert after.shape == before.shape
    assert not after[16_000:32_000, 0].any()
    assert not after[48_000:56_000].any()
    np.testing.assert_array_equal(after[16_000:32_000, 1], before[16_000:32_000, 1])
    np.testing.assert_array_equal(after[:15_900], before[:15_900])
    np.testing.assert_array_equal(after[56_100:], before[56_100:])


def test_spans_across_the_blocks_it_writes_in(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "call.wav", tones(8000, 1, 125.0))
    write_playback(source, tmp_path / "out.wav", [(None, 59.5, 121.0)])
    after = read(tmp_path / "out.wav")
    assert not after[int(59.5 * 16_000) : 121 * 16_000].any()
    assert after[: 59 * 16_000].any()
    assert after[122 * 16_000 :].any()


def test_any_format_becomes_wav(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    source = write_kind(tmp_path, "call.ogg")
    write_playback(decode(source, tmp_path / "work"), tmp_path / "out.wav", [])
    assert read(tmp_path / "out.wav").shape[1] == 2


def test_spans_outside_the_recording_do_no_harm(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "call.wav", tones(16_000, 1, 1.0), rate=16_000)
    WavPlayback().write(source, tmp_path / "out.wav", [(None, 5.0, 9.0), (None, -2.0, -1.0), (0, 0.5, 0.5)])
    np.testing.assert_array_equal(read(tmp_path / "out.wav"), read(source))


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    source = tmp_path / "page.wav"
    source.write_text("<html>")
    with pytest.raises(RecordingNotAudio):
        WavPlayback().write(source, tmp_path / "out.wav", [])
    assert not list(tmp_path.glob("out*"))


def test_sound_that_was_kept_is_not_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_wav(tmp_path / "call.wav", np.full((8000 * 2, 2), 900, dtype=np.int16))
    WavPlayback().write(source, tmp_path / "again.wav", [(1, 0.5, 1.0)])
    with KeptSound() as sound:
        with RecordingOpener(temp=tmp_path).open(source, None, sound):
            pass
        monkeypatch.setattr(playback, "decode", None)  # calling it would fail
        WavPlayback().write(source, tmp_path / "kept.wav", [(1, 0.5, 1.0)], sound.decoded)
        assert list(tmp_path.glob("speechsvc-audio-*"))
    assert (tmp_path / "kept.wav").read_bytes() == (tmp_path / "again.wav").read_bytes()
    assert not list(tmp_path.glob("speechsvc-audio-*"))
