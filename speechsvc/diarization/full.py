"""The `Diarizer` port over sherpa-onnx: a neural segmentation and voice embeddings, from downloaded models.

Not measured by us: see docs/speakers.md. Embeddings stay inside the library's call and are gone when it returns.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from speechsvc.diarization.basic import BasicDiarizer
from speechsvc.diarization.errors import DiarizerMissing
from speechsvc.domain.speakers import SpeakerSpan

RATE = 16_000
CANNOT = ("be trusted without a check on own calls: not measured by its authors", "words of overlapping speech")


@dataclass(frozen=True, kw_only=True, slots=True)
class FullSettings:
    """sherpa-onnx's own defaults, but for the count, which a telephone call bounds."""

    threshold: float = 0.5  # cosine distance below which two voices are one
    min_on_s: float = 0.3  # shorter speech is dropped
    min_off_s: float = 0.5  # shorter pauses are filled
    longest_s: float = 3600.0  # of a recording: the library reads it in one piece, 230 MB an hour
    threads: int = 1


class FoundSpan(Protocol):
    """One result of sherpa-onnx: seconds and a number."""

    start: float
    end: float
    speaker: int


class FullDiarizer:
    """Loads its models at the first recording. `segmentation` and `embedding` give the model files, or raise."""

    def __init__(
        self, *, segmentation: Callable[[], Path], embedding: Callable[[], Path], settings: FullSettings | None = None
    ) -> None:
        self._segmentation, self._embedding = segmentation, embedding
        self._settings = settings or FullSettings()
        self._basic = BasicDiarizer()
        self._engine: Any = None

    def find(self, samples: npt.NDArray[np.int16], talk: Sequence[tuple[int, int]]) -> tuple[SpeakerSpan, ...]:
        """Raises DiarizerMissing, or what the callables raise where a model is not there."""
        if len(samples) > self._settings.longest_s * RATE:
            return self._basic.find(samples, talk)
        found = self._loaded().process(samples.astype(np.float32) / 32768.0).sort_by_start_time()
        return cut_by(found, talk)

    def describe(self) -> dict[str, Any]:
        """For the transcript's `model`. `longer_with` says who does what is longer than `longest_s`."""
        return {
            "name": "full",
            "engine": {"sherpa-onnx": version("sherpa-onnx") if installed() else None},
            "settings": asdict(self._settings),
            "longer_with": self._basic.describe(),
            "cannot": list(CANNOT),
        }

    def _loaded(self) -> Any:
        if self._engine is None:
            if not installed():
                raise DiarizerMissing
            self._engine = _engine(self._segmentation(), self._embedding(), self._settings)
        return self._engine


def installed() -> bool:
    """The optional package is here; it is not imported."""
    return importlib.util.find_spec("sherpa_onnx") is not None


def cut_by(found: Iterable[FoundSpan], talk: Sequence[tuple[int, int]]) -> tuple[SpeakerSpan, ...]:
    """The speech that voice activity detection heard, cut at the library's changes of speaker.

    Speech that the library gave to nobody goes to the nearest of its spans; overlapping speech to whoever began first.
    Speakers are numbered anew by first appearance; without any finding all speech is speaker 0.
    """
    spans = [(round(f.start * RATE), round(f.end * RATE), f.speaker) for f in found]
    if not spans:
        return tuple(SpeakerSpan(start=start, end=end, speaker=0) for start, end in talk)
    order: dict[int, int] = {}
    pieces: list[SpeakerSpan] = []
    for start, end in talk:
        inside = len(pieces)
        for a, b, speaker in _owned(start, end, spans):
            number = order.setdefault(speaker, len(order))
            if len(pieces) > inside and pieces[-1].speaker == number:
                a = pieces.pop().start
            pieces.append(SpeakerSpan(start=a, end=b, speaker=number))
    return tuple(pieces)


def _owned(start: int, end: int, spans: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """`start` to `end` in pieces with one owner each."""
    edges = {start, end} | {edge for a, b, _ in spans for edge in (a, b) if start < edge < end}
    middles = [(b + a) // 2 for (_, b, _), (a, _, _) in pairwise(spans) if b < a]
    cuts = sorted(edges | {m for m in middles if start < m < end})
    for a, b in pairwise(cuts):
        middle = (a + b) / 2
        nearest = min(spans, key=lambda s: (max(s[0] - middle, middle - s[1], 0.0), s[0]))
        yield a, b, nearest[2]


def _engine(segmentation: Path, embedding: Path, settings: FullSettings) -> Any:
    import sherpa_onnx  # optional, and slow to import

    threads = settings.threads
    pyannote = sherpa_onnx.OfflineSpeakerSegmentationPyannoteModelConfig(model=str(segmentation))
    config = sherpa_onnx.OfflineSpeakerDiarizationConfig(
        segmentation=sherpa_onnx.OfflineSpeakerSegmentationModelConfig(pyannote=pyannote, num_threads=threads),
        embedding=sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=str(embedding), num_threads=threads),
        clustering=sherpa_onnx.FastClusteringConfig(num_clusters=-1, threshold=settings.threshold),
        min_duration_on=settings.min_on_s,
        min_duration_off=settings.min_off_s,
    )
    if not config.validate():
        raise DiarizerMissing
    return sherpa_onnx.OfflineSpeakerDiarization(config)
