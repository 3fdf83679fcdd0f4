"""Results as a table for people and as JSON for programs, with the facts of the machine that they hold for."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from tests.bench.result import Result, spread

FORMAT = 1
PACKAGES = (
    "speechsvc", "ahocorasick-rs", "jieba", "spacy", "opencc", "faster-whisper", "ctranslate2", "onnxruntime", "numpy",
    "sqlalchemy", "psycopg", "fastapi", "starlette", "uvicorn", "python-multipart", "jiwer",
)  # fmt: skip


def document(results: Sequence[Result], *, quick: bool, failed: dict[str, str], seconds: float) -> dict[str, Any]:
    """What bench.json holds. `failed`: benchmark -> why it gave no result."""
    return {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "seconds": round(seconds, 1),
        "machine": machine(),
        "results": [result.to_dict() for result in results],
        "failed": failed,
    }


def machine() -> dict[str, Any]:
    """Cores, processor, memory, load, versions."""
    return {
        "cores": os.cpu_count(),
        "cores_usable": len(psutil.Process().cpu_affinity() or []) if platform.system() == "Linux" else os.cpu_count(),
        "cpu": _cpu(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_1_5_15": [round(x, 2) for x in psutil.getloadavg()],  # at the end of the run, our own share included
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def write_json(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def show(console: Console, data: dict[str, Any], results: Sequence[Result]) -> None:
    """The table, then what each benchmark wants said beside its rates."""
    facts = data["machine"]
    head = (facts["cpu"], f"{facts['cores']} cores", f"Python {facts['python']}", f"load {facts['load_1_5_15'][0]}")
    console.print(" · ".join((*head, data["made_at"])), highlight=False)
    table = Table("benchmark", "case", "unit", "ours", "peer", "ours : peer", "in processor time", "n")
    for result in results:
        table.add_row(*_row(result))
    console.print(table)
    console.print(
        "Middle value of n repetitions taken in turns, lowest-highest in brackets; more is better.", style="dim"
    )
    shown: set[tuple[str, str]] = set()
    for result in results:
        if result.details and (result.benchmark, result.case) not in shown:
            shown.add((result.benchmark, result.case))
            console.print(f"[bold]{result.benchmark}[/] {result.case}: {_said(result.details)}", highlight=False)
    for name, why in data["failed"].items():
        console.print(f"[red]{name}: no result: {why}[/]")


def _row(result: Result) -> tuple[str, ...]:
    peer = "none" if result.peer is None else f"{result.peer.name} {_range(result.peer.values)}"
    return (
        result.benchmark, result.case, result.unit, _range(result.ours.values), peer,
        _range(result.ratios), _range(result.processor_ratios),
        str(len(result.ours.values)),
    )  # fmt: skip


def _range(values: tuple[float, ...]) -> str:
    if not values:
        return ""
    s = spread(values)
    return f"{number(s['median'])} ({number(s['min'])}-{number(s['max'])})"


def number(value: float) -> str:
    """Three figures: 12,300 or 1.23."""
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.3g}"


def _said(values: Mapping[str, Any]) -> str:
    parts = (f"{n} ({_said(v)})" if isinstance(v, Mapping) else f"{n} {v}" for n, v in values.items())
    return ", ".join(parts)


def _cpu() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
