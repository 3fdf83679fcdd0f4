"""The adapter to sherpa-onnx as far as it can be tested without its models: settings, errors, conversion of results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from speechsvc.bootstrap import build_diarizer
from speechsvc.config import Settings
from speechsvc.diarization.basic import BasicDiarizer
from speechsvc.diarization.errors import DiarizerMissing
from speechsvc.diarization.full import RATE, FullDiarizer, FullSettings, cut_by, installed
from speechsvc.transcription.catalogue import load_catalogue
from speechsvc.transcription.errors import ModelNotDownloaded
from speechsvc.transcription.models import locate_model

SOUND = np.random.default_rng(1).normal(0, 2000, 2 * RATE).astype(np.int16)


@dataclass
class Found:
    start: float
    end: float
    speaker: int


def spans(found: list[Found], *talk: tuple[float, float]) -> list[tuple[float, float, int]]:
    cut = cut_by(found, [(int(a * RATE), int(b * RATE)) for a, b in talk])
    return [(round(s.start / RATE, 3), round(s.end / RATE, 3), s.speaker) for s in cut]


def test_speech_is_cut_at_changes_and_speakers_are_numbered_anew() -> None:
    found = [Found(0, 2, 7), Found(2, 4, 3), Found(5, 6, 7)]
    assert spans(found, (0.5, 4), (5, 6)) == [(0.5, 2, 0), (2, 4, 1), (5, 6, 0)]


def test_speech_given_to_nobody_goes_to_the_nearest() -> None:
    assert spans([Found(1, 2, 0), Found(3, 4, 1)], (0, 5)) == [(0, 2.5, 0), (2.5, 5, 1)]


def test_overlapping_speech_goes_to_whoever_began() -> None:
    assert spans([Found(0, 3, 0), Found(2, 5, 1)], (0, 5)) == [(0, 3, 0), (3, 5, 1)]


def test_nothing_found_is_one_speaker() -> None:
    assert spans([], (0, 1), (2, 3)) == [(0, 1, 0), (2, 3, 0)]


def test_what_is_not_speech_stays_out() -> None:
    assert spans([Found(0, 10, 0)], (4, 5)) == [(4, 5, 0)]


def test_settings_choose(settings: Settings, tmp_path: Path) -> None:
    def chosen(name: str) -> object:
        return build_diarizer(settings.model_copy(update={"diarizer": name}))

    assert chosen("off") is None
    assert isinstance(chosen("basic"), BasicDiarizer)
    assert isinstance(chosen("full"), FullDiarizer)
    assert isinstance(chosen("auto"), BasicDiarizer), "no models here"


def test_full_without_package_or_models_is_an_error_with_its_cure(settings: Settings) -> None:
    """Never a silent step down: full was asked for."""
    offline = settings.model_copy(update={"diarizer": "full", "offline": True})
    diarizer = build_diarizer(offline)
    assert diarizer is not None
    with pytest.raises(ModelNotDownloaded if installed() else DiarizerMissing) as caught:
        diarizer.find(SOUND, [(0, len(SOUND))])
    assert caught.value.next_step("en")
    assert caught.value.next_step("zh")


def test_a_recording_too_long_for_the_library_goes_to_basic() -> None:
    def unused() -> Path:
        raise AssertionError("no model is asked for")

    diarizer = FullDiarizer(segmentation=unused, embedding=unused, settings=FullSettings(longest_s=1.0))
    assert sum(s.end - s.start for s in diarizer.find(SOUND, [(0, len(SOUND))])) == len(SOUND)
    assert diarizer.describe()["longer_with"]["name"] == "basic"


def test_models_are_in_the_catalogue_and_found_in_a_folder(tmp_path: Path) -> None:
    for name in ("diarization-segmentation", "diarization-embedding"):
        entry = load_catalogue().find(name)
        assert entry is not None
        assert (entry.kind, bool(entry.license), bool(entry.size_mb)) == ("diarization", True, True)
        assert locate_model(name, model_dir=tmp_path) is None
        (tmp_path / name).mkdir()
        (tmp_path / name / entry.files[0]).write_bytes(b"onnx")
        assert locate_model(name, model_dir=tmp_path) == tmp_path / name
