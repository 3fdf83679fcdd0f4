"""One side's voice on the other's channel: found where it is, not found where two people speak."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from faster_whisper.audio import decode_audio

from speechsvc.audio.channels import prepare_channels
from speechsvc.audio.crosstalk import find_crosstalk
from speechsvc.domain.conversation import Speaker
from speechsvc.domain.crosstalk import CROSSTALK, Leak, mark_leaks, without_leaks
from speechsvc.domain.transcript import Segment, SpeechInterval
from speechsvc.resources import bundled

RATE = 16_000
CALLS = sorted((bundled("models") / "sample-calls").glob("call*.wav"))


@cache
def call(number: int) -> npt.NDArray[np.float64]:
    """A real conversation, shape (samples, 2)."""
    return np.stack(decode_audio(str(CALLS[number]), split_stereo=True), axis=1).astype(np.float64) * 32767


def leaking(
    clean: npt.NDArray[np.float64], source: int, *, gain: float, lag: float, room: bool = False, noise: float = 0
) -> npt.NDArray[np.int16]:
    """`source` is heard on the other channel after `lag` seconds, perhaps through a room and a dull line."""
    echo = np.zeros(len(clean))
    samples = int(lag * RATE)
    echo[samples:] = clean[: len(clean) - samples, source] * gain
    if room:
        reflections = np.zeros(800)
        reflections[[0, 90, 233, 410, 700]] = [1, 0.5, -0.35, 0.25, 0.15]
        echo = np.convolve(np.convolve(echo, reflections)[: len(echo)], [0.2, 0.6, 0.2], "same")
    mixed = clean.copy()
    mixed[:, 1 - source] += echo + np.random.default_rng(3).normal(0, noise, len(clean))
    return np.clip(mixed, -32768, 32767).astype(np.int16)


def overlap(leaks: tuple[Leak, ...], channel: int, spans: list[tuple[float, float]]) -> float:
    return sum(max(0.0, min(k.end, b) - max(k.start, a)) for k in leaks if k.channel == channel for a, b in spans)


def loud(samples: npt.NDArray[np.float64], channel: int) -> list[tuple[float, float]]:
    """Quarter seconds in which this side speaks and the other does not."""
    count = len(samples) // 4000
    level = np.sqrt(np.square(samples[: count * 4000]).reshape(count, 4000, 2).mean(axis=1))
    alone = (level[:, channel] > 300) & (level[:, 1 - channel] < 60)
    return [(i / 4, (i + 1) / 4) for i in np.flatnonzero(alone)]


@pytest.mark.parametrize("number", range(6))
def test_a_clean_conversation_has_none(number: int) -> None:
    found = find_crosstalk(call(number).astype(np.int16))
    assert found.leaks == ()
    assert not found.copies


@pytest.mark.parametrize(
    ("source", "gain", "lag", "room", "noise"),
    [
        (1, 0.3, 0.0, False, 0),
        (0, 0.1, 0.1, False, 0),
        (0, 0.05, 0.25, False, 0),
        (1, 0.2, 0.05, True, 10),
        (0, 0.1, 0.15, True, 20),
    ],
)
@pytest.mark.parametrize("number", [0, 3])
def test_leakage_is_found_where_it_is(
    number: int, source: int, gain: float, lag: float, room: bool, noise: float
) -> None:
    clean = call(number)
    found = find_crosstalk(leaking(clean, source, gain=gain, lag=lag, room=room, noise=noise))
    assert not found.copies
    assert {leak.channel for leak in found.leaks} == {1 - source}
    heard = [(a + lag, b + lag) for a, b in loud(clean, source)]
    assert overlap(found.leaks, 1 - source, heard) > 0.85 * sum(b - a for a, b in heard)
    own = loud(clean, 1 - source)
    assert overlap(found.leaks, 1 - source, own) < 0.05 * sum(b - a for a, b in own)


@pytest.mark.parametrize(("gain", "samples"), [(1.0, 800), (0.5, 40), (0.9, 3)])
def test_a_later_or_quieter_copy_is_one_voice_track(gain: float, samples: int) -> None:
    mono = call(1).sum(axis=1)
    later = np.zeros(len(mono))
    later[samples:] = mono[: len(mono) - samples] * gain
    both = np.clip(np.stack([mono, later], axis=1), -32768, 32767).astype(np.int16)
    channels, warnings, leaks = prepare_channels(both, None)
    assert [c.speaker for c in channels] == [Speaker.UNKNOWN]
    assert warnings == ("channels_identical",)
    assert leaks == ()


def test_the_call_is_warned_about() -> None:
    channels, warnings, leaks = prepare_channels(leaking(call(0), 1, gain=0.2, lag=0.1), None)
    assert [c.speaker for c in channels] == [Speaker.AGENT, Speaker.CUSTOMER]
    assert warnings == ("channels_crosstalk",)
    assert leaks


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 1.0])
def test_very_short_calls(seconds: float) -> None:
    sound = np.random.default_rng(1).normal(0, 3000, (int(seconds * RATE), 2)).astype(np.int16)
    assert find_crosstalk(sound).leaks == ()


def test_a_common_hum_is_no_crosstalk() -> None:
    """Both channels carry the mains' hum; nobody leaks."""
    clean = call(2)
    hum = 40 * np.sin(2 * np.pi * 50 * np.arange(len(clean)) / RATE)
    assert find_crosstalk((clean + hum[:, None]).clip(-32768, 32767).astype(np.int16)).leaks == ()


def segment(start: float, end: float, channel: int = 0, suspect: tuple[str, ...] = ()) -> Segment:
    return Segment(speaker=Speaker.AGENT, channel=channel, start=start, end=end, text="好的", suspect=suspect)


def interval(start: float, end: float, channel: int = 0) -> SpeechInterval:
    return SpeechInterval(channel=channel, speaker=Speaker.AGENT, start=start, end=end)


def test_only_what_is_nothing_but_leakage_is_suspect() -> None:
    leaks = (Leak(channel=0, start=10, end=15),)
    speech = (interval(0, 4), interval(10, 14.5), interval(14.8, 20), interval(10, 14.5, channel=1))
    segments = (
        segment(0, 4),
        segment(10, 14.6),
        segment(13, 20),
        segment(10, 14.6, channel=1),
        segment(10, 14, suspect=("repetition",)),
        segment(30, 31),
    )
    marked = mark_leaks(segments, speech, leaks)
    assert [s.suspect for s in marked] == [(), (CROSSTALK,), (), (), ("repetition", CROSSTALK), ()]
    assert [s.text for s in marked] == [s.text for s in segments]
    assert mark_leaks(marked, speech, leaks) == marked


def test_leakage_is_nobodys_talk_time() -> None:
    leaks = (Leak(channel=0, start=10, end=15), Leak(channel=0, start=16, end=16.5))
    speech = (interval(0, 4), interval(9, 17), interval(10.1, 14), interval(9, 17, channel=1))
    assert [(i.channel, i.start, i.end) for i in without_leaks(speech, leaks)] == [
        (0, 0, 4),
        (0, 9, 10),
        (0, 15, 16),
        (0, 16.5, 17),
        (1, 9, 17),
    ]
