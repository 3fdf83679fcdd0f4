"""The spectrogram that is made a stretch at a time against the library's own."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from speechsvc.transcription.spectrogram import BlockwiseFeatureExtractor

RATE = 16_000


def speechlike(samples: int) -> npt.NDArray[np.float32]:
    """Noise with a slow envelope and silent stretches, shape (samples,)."""
    random = np.random.default_rng(samples)
    envelope = np.clip(np.sin(np.arange(samples) / 9000), 0, 1)
    return np.asarray(random.normal(0, 0.1, samples) * envelope, dtype=np.float32)


@pytest.mark.parametrize("mels", [80, 128])
@pytest.mark.parametrize("samples", [200, 3999, 30 * RATE, 30 * RATE + 1, 61 * RATE + 77, 217 * RATE + 159])
def test_numbers_are_the_librarys_own(samples: int, mels: int) -> None:
    audio = speechlike(samples)
    theirs = FeatureExtractor(feature_size=mels)(audio)
    ours = BlockwiseFeatureExtractor(feature_size=mels)(audio)
    assert ours.dtype == theirs.dtype
    assert np.array_equal(ours, theirs)


def test_a_chunk_length_stays_with_the_extractor() -> None:
    extractor = BlockwiseFeatureExtractor()
    extractor(speechlike(RATE), chunk_length=10)
    assert (extractor.n_samples, extractor.nb_max_frames) == (10 * RATE, 1000)


def test_five_minutes_need_a_third_of_the_memory_at_most() -> None:
    audio = speechlike(300 * RATE)
    ours, theirs = _peak(BlockwiseFeatureExtractor(), audio), _peak(FeatureExtractor(), audio)
    assert ours < theirs / 3


def _peak(extractor: Callable[[npt.NDArray[np.float32]], Any], audio: npt.NDArray[np.float32]) -> int:
    tracemalloc.start()
    extractor(audio)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
