"""`python -m tests.bench [names...] [--quick]`: runs benchmarks, prints a table, writes bench-output/bench.json."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from rich.console import Console

from speechsvc import logging
from tests.bench.report import document, show, write_json
from tests.bench.result import Result

NAMES = (
    "tagging",
    "scan",
    "scoring",
    "feed",
    "webhooks",
    "jobs",
    "upload",
    "workbench",
    "transcription",
    "throughput",
    "stage",
    "soak",
    "memory",
)
OUT = Path("bench-output") / "bench.json"


def main(arguments: list[str] | None = None, *, console: Console | None = None) -> int:
    """0 when every benchmark gave its results."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Benchmarks side by side with peers.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(NAMES)}; none: all")
    parser.add_argument("--quick", action="store_true", help="less work and fewer repetitions: noisier")
    parser.add_argument("--out", type=Path, default=OUT, help=f"where the JSON goes (default {OUT})")
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.names) - set(NAMES)):
        parser.error(f"there is no benchmark {', '.join(unknown)}; known: {', '.join(NAMES)}")
    console = console or Console(width=None if sys.stdout.isatty() else 170)
    started = time.monotonic()
    results, failed = _run(chosen.names or NAMES, quick=chosen.quick, console=console)
    data = document(results, quick=chosen.quick, failed=failed, seconds=time.monotonic() - started)
    write_json(chosen.out, data)
    show(console, data, results)
    console.print(f"{data['seconds']:.0f} s in all; figures in {chosen.out}")
    return 1 if failed else 0


def _run(names: list[str] | tuple[str, ...], *, quick: bool, console: Console) -> tuple[list[Result], dict[str, str]]:
    """Results in the order of `names`; a benchmark that breaks is reported and does not stop the others."""
    results: list[Result] = []
    failed: dict[str, str] = {}
    for name in names:
        console.print(f"{name} ...", style="dim")
        try:
            results += importlib.import_module(f"tests.bench.{name}").run(quick)
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    return results, failed


if __name__ == "__main__":
    logging.configure("ERROR", "text")
    sys.exit(main())
