"""The speech model in this process: loaded once, on first use, on the device that was asked for."""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np

from speechsvc.transcription.errors import DeviceUnusable, ModelCrossedFork, ModelIncomplete
from speechsvc.transcription.spectrogram import BlockwiseFeatureExtractor

_CUBLAS = "libcublas.so.12"  # the one library that the CTranslate2 wheel does not bring
_PREFERRED = {
    "cpu": ("int8", "int8_float32", "float32"),
    "cuda": ("float16", "int8_float16", "bfloat16", "int8_float32", "float32"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """Where and how the model computes."""

    device: str  # cpu or cuda
    compute_type: str  # as CTranslate2 names it
    note: str | None = None  # why a GPU that is visible is not used


def choose_device(device: str = "cpu", compute_type: str = "auto") -> Device:
    """What this machine can do of what was asked. Raises DeviceUnusable; a device that was named is never replaced.

    `device` auto means the GPU if one is visible and has its libraries, else the CPU, and then `note` says why.
    `compute_type` auto means int8 on a CPU and float16 on a GPU.
    """
    problem = gpu_problem() if device in ("auto", "cuda") else None
    if device == "cuda" and problem:
        raise DeviceUnusable(device=device, compute_type=compute_type, problem=problem)
    if device == "auto":
        note = problem if problem and ctranslate2.get_cuda_device_count() else None
        chosen = choose_device("cpu" if problem else "cuda", compute_type)
        return replace(chosen, note=note)
    try:
        supported = ctranslate2.get_supported_compute_types(device)
    except (RuntimeError, ValueError) as error:
        raise DeviceUnusable(device=device, compute_type=compute_type, problem=str(error)) from error
    if compute_type == "auto":
        compute_type = next(name for name in _PREFERRED[device] if name in supported)
    if compute_type not in supported:
        problem = f"this machine supports {', '.join(sorted(supported))}"
        raise DeviceUnusable(device=device, compute_type=compute_type, problem=problem)
    return Device(device=device, compute_type=compute_type)


def gpu_problem() -> str | None:
    """Why no GPU can be used here, in a few words; None if one probably can."""
    if not ctranslate2.get_cuda_device_count():
        return "no CUDA device is visible"
    try:
        ctypes.CDLL(_CUBLAS)
    except OSError:
        return f"{_CUBLAS} is not installed or not on the library path"
    return None


class SpeechModel:
    """A `faster_whisper.WhisperModel` that is loaded on first use and refuses to cross a fork.

    CTranslate2's threads do not survive a fork: using the model there hangs without a word.
    """

    def __init__(self, folder: Path, device: Device, cpu_threads: int, *, padding_seconds: int | None = None) -> None:
        """`padding_seconds`: of the silence that fills a window up, what the encoder sees (`compact`); None: all."""
        self._folder, self._device, self._cpu_threads = folder, device, cpu_threads
        self._padding_seconds = padding_seconds
        self._lock = threading.Lock()
        self._model: Any = None
        self._owner = 0

    def get(self) -> Any:
        """The loaded model. Raises ModelIncomplete, DeviceUnusable or ModelCrossedFork."""
        with self._lock:
            if self._model is not None and self._owner != os.getpid():
                raise ModelCrossedFork
            if self._model is None:
                self._model, self._owner = self._load(), os.getpid()
            return self._model

    def _load(self) -> Any:
        try:
            model = self._kind()(
                str(self._folder),
                device=self._device.device,
                compute_type=self._device.compute_type,
                cpu_threads=self._cpu_threads,
                num_workers=1,
                local_files_only=True,
            )
            model.feature_extractor = BlockwiseFeatureExtractor(**model.feat_kwargs)
            if self._device.device == "cuda":
                _self_test(model)
        except (RuntimeError, ValueError, OSError) as error:
            raise self._explain(error) from error
        return model

    def _kind(self) -> Any:
        if self._padding_seconds is None:
            from faster_whisper import WhisperModel

            return WhisperModel
        from speechsvc.transcription.compact import CompactWhisperModel

        return partial(CompactWhisperModel, padding_seconds=self._padding_seconds)

    def _explain(self, error: Exception) -> DeviceUnusable | ModelIncomplete:
        if self._device.device == "cuda":
            device, compute_type = self._device.device, self._device.compute_type
            return DeviceUnusable(device=device, compute_type=compute_type, problem=str(error))
        problem = f"it cannot be loaded ({error})"
        return ModelIncomplete(folder=str(self._folder), problem=problem, problem_zh=f"无法加载（{error}）")


def _self_test(model: Any) -> None:
    """Encodes silence: GPU libraries are opened by the first computation, not by loading."""
    extractor = model.feature_extractor
    silence = np.zeros((extractor.mel_filters.shape[0], extractor.nb_max_frames), dtype=np.float32)
    model.encode(silence)


def engine_versions() -> dict[str, str]:
    """Versions of the libraries that decide the text."""
    return {name: version(name) for name in ("faster-whisper", "ctranslate2", "onnxruntime")}


def model_sha256(folder: Path) -> str:
    """SHA-256 of model.bin, remembered as long as size and time stay the same."""
    stat = (folder / "model.bin").stat()
    return _sha256(folder / "model.bin", stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
