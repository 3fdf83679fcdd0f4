"""Device choice and the life of the loaded model."""

from __future__ import annotations

import os
from pathlib import Path

import ctranslate2
import pytest

from speechsvc.resources import bundled
from speechsvc.transcription.engine import Device, SpeechModel, choose_device
from speechsvc.transcription.errors import DeviceUnusable, ModelCrossedFork, ModelIncomplete

CPU = Device(device="cpu", compute_type="int8")
no_gpu = pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="this machine has a GPU")


def test_cpu_takes_int8() -> None:
    assert choose_device() == CPU


@no_gpu
def test_auto_without_a_gpu_is_the_cpu() -> None:
    assert choose_device("auto") == CPU


@no_gpu
def test_a_gpu_that_was_asked_for_and_is_missing_is_an_error() -> None:
    with pytest.raises(DeviceUnusable, match="no CUDA device") as caught:
        choose_device("cuda")
    assert "doctor" in caught.value.next_step("en")


def test_a_compute_type_that_cannot_work_names_those_that_do() -> None:
    with pytest.raises(DeviceUnusable, match="int8"):
        choose_device("cpu", "int4")


def test_a_device_nobody_knows() -> None:
    with pytest.raises(DeviceUnusable):
        choose_device("tpu")


def test_loaded_once_and_only_on_use() -> None:
    model = SpeechModel(bundled("models") / "demo", CPU, 1)
    assert model._model is None
    assert model.get() is model.get()


def test_a_folder_that_holds_no_real_model(tmp_path: Path) -> None:
    for file in (bundled("models") / "demo").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.bin").write_bytes(bytes(10_000))
    with pytest.raises(ModelIncomplete, match="cannot be loaded"):
        SpeechModel(tmp_path, CPU, 1).get()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_model_refuses_to_cross_a_fork() -> None:
    model = SpeechModel(bundled("models") / "demo", CPU, 1)
    model.get()
    child = os.fork()
    if child == 0:  # no pytest in the child: say what happened by exit status
        try:
            model.get()
        except ModelCrossedFork:
            os._exit(7)
        except BaseException:
            os._exit(8)
        os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
