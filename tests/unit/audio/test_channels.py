"""Who speaks where, and what is odd about the channels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from speechsvc.audio.channels import measure, prepare_channels
from speechsvc.domain.conversation import Speaker
from speechsvc.errors import InvalidInput

RNG = np.random.default_rng(4)


def noise(level: float = 3000, seconds: float = 2.0) -> npt.NDArray[np.int16]:
    return np.asarray(RNG.normal(0, level, int(16_000 * seconds)).clip(-32768, 32767), dtype=np.int16)


def stereo(left: npt.NDArray[np.int16], right: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    return np.stack([left, right], axis=1)


def test_default_is_agent_left_customer_right() -> None:
    channels, warnings, _ = prepare_channels(stereo(noise(), noise()), None)
    assert [(c.index, c.speaker) for c in channels] == [(0, Speaker.AGENT), (1, Speaker.CUSTOMER)]
    assert warnings == ()


def test_the_call_may_say_otherwise() -> None:
    left, right = noise(), noise()
    channels, _, _ = prepare_channels(stereo(left, right), {"left": "customer", "right": "agent"})
    assert [c.speaker for c in channels] == [Speaker.CUSTOMER, Speaker.AGENT]
    np.testing.assert_array_equal(channels[1].samples, right)


def test_a_side_that_is_not_named_is_unknown() -> None:
    channels, _, _ = prepare_channels(stereo(noise(), noise()), {"left": "agent"})
    assert channels[1].speaker is Speaker.UNKNOWN


@pytest.mark.parametrize("mapping", [{"middle": "agent"}, {"left": "boss"}, "stereo"])
def test_a_mapping_that_makes_no_sense(mapping: dict[str, str] | str) -> None:
    with pytest.raises(InvalidInput):
        prepare_channels(stereo(noise(), noise()), mapping)


def test_mono_is_one_unknown_speaker() -> None:
    channels, warnings, _ = prepare_channels(noise()[:, None], None)
    assert [(c.index, c.speaker) for c in channels] == [(0, Speaker.UNKNOWN)]
    assert warnings == ()


def test_mono_though_the_call_names_two_sides() -> None:
    _, warnings, _ = prepare_channels(noise()[:, None], {"left": "agent", "right": "customer"})
    assert warnings == ("recording_mono",)


def test_the_same_sound_twice_is_mono() -> None:
    left = noise()
    right = (left * 0.5 + RNG.normal(0, 5, len(left))).astype(np.int16)
    channels, warnings, _ = prepare_channels(stereo(left, right), None)
    assert [(c.index, c.speaker) for c in channels] == [(0, Speaker.UNKNOWN)]
    assert warnings == ("channels_identical",)


def test_an_inverted_copy_is_mono_too() -> None:
    left = noise()
    channels, warnings, _ = prepare_channels(stereo(left, -left), None)
    assert len(channels) == 1
    assert np.abs(channels[0].samples).max() > 1000  # never the sum, which is silence
    assert warnings == ("channels_inverted",)


def test_one_silent_side_is_said_and_kept() -> None:
    channels, warnings, _ = prepare_channels(stereo(noise(), noise(level=1)), None)
    assert [c.speaker for c in channels] == [Speaker.AGENT, Speaker.CUSTOMER]
    assert warnings == ("channel_silent",)


def test_two_silent_sides_are_not_copies() -> None:
    silence = np.zeros(16_000, dtype=np.int16)
    channels, warnings, _ = prepare_channels(stereo(silence, silence), None)
    assert len(channels) == 2
    assert warnings == ("channel_silent",)


def test_stereo_called_mono_stays_apart_without_names() -> None:
    channels, warnings, _ = prepare_channels(stereo(noise(), noise()), "mono")
    assert [c.speaker for c in channels] == [Speaker.UNKNOWN, Speaker.UNKNOWN]
    assert warnings == ("channels_not_mono",)


def test_windows_do_not_change_the_measure() -> None:
    samples = stereo(noise(seconds=130), noise(seconds=130))
    found = measure(samples)
    whole = samples.astype(np.float64)
    assert found.correlation == pytest.approx(np.corrcoef(whole.T)[0, 1], abs=1e-9)
    assert found.rms == pytest.approx(whole.std(axis=0))
