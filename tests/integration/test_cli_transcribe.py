"""`speechsvc transcribe` as a terminal sees it: the words on standard output, what to beware of on the other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from speechsvc.resources import bundled

pytestmark = pytest.mark.serial

CALL = bundled("models") / "sample-calls" / "call3.wav"


def transcribe(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "zh_CN.UTF-8"}
    environment |= {"SPEECHSVC_DATA_DIR": str(folder / "data"), "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-m", "speechsvc", "transcribe", str(CALL), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


def test_sides_named_the_wrong_way_round_are_doubted_and_not_exchanged(tmp_path: Path) -> None:
    right = transcribe(tmp_path, "--json")
    wrong = transcribe(tmp_path, "--json", "--channels", '{"left": "customer", "right": "agent"}')
    assert (right.returncode, wrong.returncode) == (0, 0), right.stderr + wrong.stderr
    assert right.stderr == ""
    assert "channels_maybe_swapped" in wrong.stderr
    assert "左右声道可能标反了" in wrong.stderr
    one, other = (json.loads(done.stdout) for done in (right, wrong))
    assert "channels_maybe_swapped" in other["warnings"]
    assert [s["text"] for s in one["segments"]] == [s["text"] for s in other["segments"]]
    assert all(a["speaker"] != b["speaker"] for a, b in zip(one["segments"], other["segments"], strict=True))
