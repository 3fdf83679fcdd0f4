"""Commands as a terminal sees them: plain sentences instead of stack traces, exit codes, JSON."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def speechsvc(tmp_path: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The real program in an empty folder; settings are given without their prefix."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SPEECHSVC_", "LC_", "LANG"))}
    environment = kept | {
        "LANG": "zh_CN.UTF-8",
        "SPEECHSVC_DATA_DIR": str(tmp_path / "数据 目录"),
        **{f"SPEECHSVC_{k.upper()}": v for k, v in settings.items()},
    }
    command = [sys.executable, "-m", "speechsvc", *arguments]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8")


def refused(done: subprocess.CompletedProcess[str], code: str) -> str:
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert f"[{code}]" in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook_allow_cidrs", "10.0.0.0/8"),
        ("webhook_allow_cidrs", '["here"]'),
        ("log_level", "loud"),
        ("port", "none"),
        ("timezone", "Mars/Base"),
    ],
)
def test_a_broken_setting_is_named_in_the_users_language(tmp_path: Path, name: str, value: str) -> None:
    told = refused(speechsvc(tmp_path, "models", "list", **{name: value}), "settings_invalid")
    assert f"设置项 SPEECHSVC_{name.upper()}" in told


def test_serve_on_a_taken_port_and_on_a_foreign_address(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert port in refused(speechsvc(tmp_path, "serve", "--port", port), "port_taken")
    refused(speechsvc(tmp_path, "serve", "--host", "192.0.2.1", "--port", port), "address_unusable")


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused(speechsvc(tmp_path, "keys", "list", data_dir=str(tmp_path / "file")), "file_unusable")


def test_keys_are_made_listed_whole_and_revoked(tmp_path: Path) -> None:
    assert "还没有密钥" in speechsvc(tmp_path, "keys", "list").stderr
    made = json.loads(speechsvc(tmp_path, "keys", "create", "--role", "qa", "--name", "质检", "--json").stdout)
    assert made["id"] in speechsvc(tmp_path, "keys", "list").stdout  # 80 columns do not cut what revoke needs
    assert speechsvc(tmp_path, "keys", "revoke", made["id"]).returncode == 0
    (listed,) = json.loads(speechsvc(tmp_path, "keys", "list", "--json").stdout)
    assert (listed["id"], listed["role"], listed["name"]) == (made["id"], "qa", "质检")
    assert listed["revoked_at"]
    assert made["key"] not in json.dumps(listed)
    refused(speechsvc(tmp_path, "keys", "create", "--role", "manager"), "invalid_input")


def test_doctor_tells_programs_what_is_well_and_what_is_not(tmp_path: Path) -> None:
    well = speechsvc(tmp_path, "doctor", "--json", port=_free_port())
    report = json.loads(well.stdout)
    assert (well.returncode, report["ok"]) == (0, True)
    assert {f["what"] for f in report["findings"]} >= {"speech model", "device", "database", "broker", "data folder"}
    speakers = next(f for f in report["findings"] if f["what"] == "speakers of mono recordings")
    assert "基础聚类" in speakers["found"]
    sick = speechsvc(tmp_path, "doctor", "--json", model="no-such-model")
    problems = [f for f in json.loads(sick.stdout)["findings"] if f["state"] == "problem"]
    assert (sick.returncode, [p["what"] for p in problems]) == (1, ["speech model"])
    assert problems[0]["cure"]


def test_a_picture_for_a_folder_that_is_not_there(tmp_path: Path) -> None:
    refused(speechsvc(tmp_path, "heatmap", "--format", "png", "--out", str(tmp_path / "no" / "x.png")), "file_unusable")


def test_labelled_calls_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("none\n")
    assert "line 1" in refused(speechsvc(tmp_path, "lexicon", "evaluate", "in.jsonl"), "labelled_calls_invalid")


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
