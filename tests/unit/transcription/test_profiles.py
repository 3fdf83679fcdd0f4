"""What each profile asks of a model, and where one is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from speechsvc.transcription.batched import Window, pack
from speechsvc.transcription.catalogue import Fast, load_catalogue
from speechsvc.transcription.compact import with_less_padding
from speechsvc.transcription.errors import ProfileUnsuitable
from speechsvc.transcription.profiles import Wishes, decoding_for
from speechsvc.transcription.recognise import DecodingSettings
from speechsvc.transcription.vad import VoiceActivity

LARGE = load_catalogue().find("large-v3-turbo")
assert LARGE is not None
MEASURED = replace(LARGE, fast=Fast(window_s=11, padding_s=4, beam_size=2, batch=3))


def test_the_default_is_the_librarys_own_way() -> None:
    settings = decoding_for(Wishes(), LARGE)
    assert settings == DecodingSettings()
    assert settings.options() == {
        "task": "transcribe",
        "beam_size": 5,
        "condition_on_previous_text": False,
        "word_timestamps": False,
        "vad_filter": False,
    }


def test_fast_takes_what_was_measured_for_the_model() -> None:
    settings = decoding_for(Wishes(profile="fast"), MEASURED)
    assert (settings.window_seconds, settings.padding_seconds, settings.beam_size) == (11, 4, 2)
    assert settings.batch_size == 3
    assert settings.options()["chunk_length"] == 11


def test_fast_is_refused_where_nothing_was_measured() -> None:
    for entry in (LARGE, None):
        with pytest.raises(ProfileUnsuitable, match="fast") as caught:
            decoding_for(Wishes(profile="fast"), entry)
        assert "SPEECHSVC_WINDOW_S" in caught.value.next_step("en")


def test_an_operator_may_have_measured() -> None:
    settings = decoding_for(Wishes(profile="fast", window_s=20, beam_size=4), None)
    assert (settings.window_seconds, settings.padding_seconds, settings.beam_size) == (20, 0, 4)


@pytest.mark.parametrize(("device", "batch", "expected"), [("cuda", 0, 16), ("cpu", 0, 4), ("cpu", 7, 7)])
def test_batched_fills_the_device(device: str, batch: int, expected: int) -> None:
    settings = decoding_for(Wishes(profile="batched", batch=batch), LARGE, device=device)
    assert (settings.batch_size, settings.padding_seconds) == (expected, None)


def test_hotwords_and_prompt_are_off_until_they_are_set() -> None:
    assert not {"hotwords", "initial_prompt"} & set(decoding_for(Wishes(), LARGE).options())
    options = decoding_for(Wishes(hotwords="报价单", initial_prompt="以下是普通话。"), LARGE).options()
    assert (options["hotwords"], options["initial_prompt"]) == ("报价单", "以下是普通话。")


def test_padding_is_what_is_exactly_zero_at_the_end() -> None:
    features = np.zeros((80, 3000), dtype=np.float32)
    features[:, :101] = -0.5
    assert with_less_padding(features, 0).shape == (80, 102)
    assert with_less_padding(features, 500).shape == (80, 602)
    assert with_less_padding(features, 2950).shape == (80, 3000)
    assert with_less_padding(np.stack([features, 0 * features]), 0).shape == (2, 80, 102)
    assert with_less_padding(np.ones((80, 3000), dtype=np.float32), 0).shape == (80, 3000)
    assert with_less_padding(np.zeros((80, 3000), dtype=np.float32), 0).shape == (80, 2)


def test_windows_are_cut_in_pauses_and_lose_nothing() -> None:
    activity = VoiceActivity(chunks=((0, 100), (200, 260)), talk=((10, 30), (40, 90), (210, 250)))
    windows = pack(activity, 110, channel=1)
    assert [w.spans for w in windows] == [((0, 35), (35, 100)), ((200, 260),)]
    assert {w.channel for w in windows} == {1}


def test_speech_without_a_pause_is_cut_where_it_must() -> None:
    activity = VoiceActivity(chunks=((0, 250),), talk=((0, 250),))
    assert [w.spans for w in pack(activity, 100)] == [((0, 100),), ((100, 200),), ((200, 250),)]


def test_the_rest_of_a_window() -> None:
    window = Window(channel=0, spans=((0, 10), (20, 30)))
    assert window.after(4).spans == ((4, 10), (20, 30))
    assert window.after(15).spans == ((25, 30),)
    assert window.after(20).length == 0
