"""However the demo ends, its service ends with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.serial, pytest.mark.slow]


def test_killed_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPEECHSVC_")}
    command = [sys.executable, "-m", "speechsvc", "demo", "--out", str(tmp_path / "out")]
    with (tmp_path / "printed").open("wb") as sink:
        demo = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=sink, stderr=sink)
    family = _grown(psutil.Process(demo.pid))
    demo.kill()
    demo.wait(30)
    _, alive = psutil.wait_procs(family, timeout=40)
    assert alive == []


def _grown(demo: psutil.Process) -> list[psutil.Process]:
    """The demo's descendants once web process and both workers run."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        family = demo.children(recursive=True)
        if len([p for p in family if {"serve-web", "celery"} & set(p.cmdline())]) >= 3:
            return family
        time.sleep(0.3)
    raise AssertionError("the demo started no service")
