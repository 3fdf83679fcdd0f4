"""How recognition is laid out over a machine: processes times threads, from cores, memory, model and device.

Measured with the demo model on two cores (docs/models.md): its matrices are too small for two threads to share, so
two processes with one thread each finish more calls. Larger models share the work of up to four threads well, and each
process holds a model of its own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

from speechsvc.transcription.catalogue import load_catalogue

_SMALL_MB = 1000  # memory of a model whose matrices are too small for several threads
_THREADS = 4  # that a larger model uses well
_SHARE = 0.6  # of the memory that recognition may take
_FIXED_MB = 500  # of a process beside its weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Recognition processes on this machine and threads of each, with the reason."""

    processes: int
    threads: int
    why: str
    why_zh: str


def choose_layout(
    *, cores: int, memory_mb: float, model_mb: float, device: str, processes: int = 0, threads: int = 0
) -> Layout:
    """`model_mb` is memory of one process; `processes` and `threads` of 0 are chosen. Threads never exceed cores."""
    if processes:
        why, why_zh = "the number of processes is set", "进程数由设置指定"
    elif device == "cuda":
        processes, why, why_zh = 1, "one process keeps a GPU busy", "一个进程即可用满一块 GPU"
    else:
        processes, why, why_zh = _on_cpu(cores, memory_mb, model_mb)
    most = _THREADS if device == "cuda" else cores
    return Layout(processes=processes, threads=threads or max(1, min(most, cores // processes)), why=why, why_zh=why_zh)


def _on_cpu(cores: int, memory_mb: float, model_mb: float) -> tuple[int, str, str]:
    small = model_mb <= _SMALL_MB
    wanted = max(1, cores if small else cores // _THREADS)
    fitting = max(1, int(memory_mb * _SHARE // model_mb))
    if fitting < wanted:
        return fitting, "memory holds no more models at once", "内存容纳不下更多模型"
    if small:
        return wanted, "a small model gains nothing from a second thread", "小模型用多线程没有收益"
    return (
        wanted,
        f"a model of this size uses up to {_THREADS} threads well",
        f"此类模型可有效利用至多 {_THREADS} 个线程",
    )


def model_memory_mb(name_or_path: str) -> float:
    """Of one recognition process: the catalogue's figure, or twice the weights of a folder and what is beside them."""
    entry = load_catalogue().find(name_or_path)
    if entry is not None:
        return entry.memory_mb
    weights = Path(name_or_path).expanduser() / "model.bin"
    return _FIXED_MB + (2 * weights.stat().st_size / 1e6 if weights.is_file() else 0)


def machine() -> tuple[int, float]:
    """Cores that this process may use, and memory of the machine in MB."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1, psutil.virtual_memory().total / 1e6
