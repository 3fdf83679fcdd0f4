"""The built wheel in an empty folder: no checkout, no network, a useless proxy in the environment, an empty HOME."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.serial, pytest.mark.slow]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`speechsvc` of an environment that has our wheel and the pinned dependencies, but not the checkout."""
    environment = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    purelib = environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (purelib / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--prefix", str(environment)]
    subprocess.run([*install, "--ignore-installed", str(wheel)], check=True)
    return environment / "bin" / "speechsvc"


def test_everything_travels_inside(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "speechsvc/_data/models/demo/model.bin",
        "speechsvc/_data/models/sample-calls/call1.wav",
        "speechsvc/_data/lexicons/default/pricing_discount.yaml",
        "speechsvc/_data/lexicons/rubric.yaml",
        "workers/__init__.py",
    ):
        assert needed in names
    assert not [n for n in names if n.startswith(("tests/", "docs/"))]
    assert wheel.stat().st_size < 60_000_000


def test_demo_from_the_wheel(command: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = tmp_path / "empty"
    home.mkdir()
    folder.mkdir()
    useless = "http://127.0.0.1:9"
    environment = {
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "HTTP_PROXY": useless,
        "HTTPS_PROXY": useless,
        "ALL_PROXY": useless,
        "HF_ENDPOINT": useless,
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(
        [str(command), "demo", "--once"], cwd=folder, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    _check_output(folder / "demo-output", done.stdout)
    assert list(home.rglob("*")) == [], "nothing is left in HOME: no caches, no device ids of libraries' telemetry"


def _check_output(output: Path, printed: str) -> None:
    calls = [json.loads(p.read_text(encoding="utf-8")) for p in sorted((output / "calls").glob("*.json"))]
    assert [c["call"]["status"] for c in calls] == ["done"] * 6
    assert all(c["mentions"]["mentions"] for c in calls)
    events = json.loads((output / "events.json").read_text(encoding="utf-8"))
    assert sorted(e["data"]["call_id"] for e in events if e["type"] == "call.analysed") == sorted(
        c["call"]["id"] for c in calls
    )
    assert printed.count("signature valid") == len(events)
    rows = list(csv.reader((output / "heatmap.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) >= 6
    assert len(rows[0]) >= 19
    picture = Image.open(output / "heatmap.png")
    assert picture.width > 1000
    for call in calls:
        assert call["call"]["metadata"]["external_id"] in printed
