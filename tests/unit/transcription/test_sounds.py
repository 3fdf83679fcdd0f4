"""Tones and music are heard as such; voices, noise and silence are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speechsvc.audio.recording import RecordingOpener
from speechsvc.resources import bundled
from speechsvc.transcription.sounds import MUSIC, TONE, find_sounds, hear_sounds, without
from speechsvc.transcription.vad import RATE, Sound, VoiceActivity, voice_activity
from tests.unit.transcription import telephone_sounds as line

CALLS = sorted((bundled("models") / "sample-calls").glob("*.wav"))


def seconds(sounds: tuple[Sound, ...], kind: str) -> float:
    return sum(s.end - s.start for s in sounds if s.kind == kind) / RATE


@pytest.mark.parametrize(
    ("name", "kind", "share"),
    [
        ("key presses", TONE, 0.9),
        ("dial tone", TONE, 0.9),
        ("ring-back", TONE, 0.18),  # sounds a fifth of the time
        ("busy tone", TONE, 0.9),
        ("fax", TONE, 0.5),
        ("hold music", MUSIC, 0.9),
        ("quick hold music", MUSIC, 0.6),
        ("solo instrument", MUSIC, 0.6),
    ],
)
def test_tones_and_music_are_named(name: str, kind: str, share: float, tmp_path: Path) -> None:
    samples = line.samples_16k(line.SOUNDS[name](20.0), tmp_path)
    heard = hear_sounds(samples, voice_activity(samples))
    assert seconds(heard.sounds, kind) >= share * 20
    assert heard.talk == ()


@pytest.mark.parametrize("name", ["digital silence", "line noise"])
def test_silence_and_noise_are_neither(name: str, tmp_path: Path) -> None:
    samples = line.samples_16k(line.SOUNDS[name](20.0), tmp_path)
    assert find_sounds(samples, voice_activity(samples).talk) == ()


@pytest.mark.parametrize("path", CALLS, ids=lambda p: p.stem)
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_no_second_of_the_sample_calls_is_music(path: Path, noise: float) -> None:
    rng = np.random.default_rng(1)
    with RecordingOpener().open(path, None) as opened:
        for channel in opened.channels:
            samples = np.asarray(channel.samples)
            if noise:
                samples = np.clip(samples + rng.normal(0, noise * 32768, len(samples)), -32768, 32767).astype(np.int16)
            activity = voice_activity(samples)
            assert find_sounds(samples, activity.talk) == ()


def test_hold_music_between_words_is_found_and_the_words_stay(tmp_path: Path) -> None:
    with RecordingOpener().open(CALLS[0], None) as opened:
        words = np.array(opened.channels[0].samples[: 14 * RATE])
    music = line.samples_16k(line.hold_music(12.0), tmp_path)
    samples = np.concatenate([words, music, words])
    heard = hear_sounds(samples, voice_activity(samples))
    assert seconds(heard.sounds, MUSIC) == pytest.approx(12.0, abs=1.5)
    talk = [sum(b - a for a, b in voice_activity(s).talk) / RATE for s in (words, samples)]
    assert sum(b - a for a, b in heard.talk) / RATE == pytest.approx(2 * talk[0], rel=0.1)


def test_what_is_recognised_does_not_depend_on_sounds() -> None:
    activity = VoiceActivity(chunks=((0, 10),), talk=((2, 8),))
    assert hear_sounds(np.zeros(10, dtype=np.int16), activity).chunks == activity.chunks


def test_sounds_are_cut_out_of_talk() -> None:
    assert without([(0, 10), (20, 30)], [Sound(5, 22, MUSIC)]) == ((0, 5), (22, 30))
    assert without([(0, 10)], [Sound(3, 4, TONE)]) == ((0, 3), (4, 10))
    assert without([(0, 10)], [Sound(0, 10, TONE)]) == ()


@pytest.mark.parametrize("length", [0, 1, 511, 512, 1500, 9000])
def test_any_length_will_do(length: int) -> None:
    samples = (np.random.default_rng(0).normal(0, 8000, length)).astype(np.int16)
    talk = ((0, length),) if length else ()
    assert find_sounds(samples, talk) == ()
