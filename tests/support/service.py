"""The real service as a user starts it: `speechsvc serve` in its own process group, reached over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from speechsvc.resources import bundled

FINISHED = ("done", "partial", "failed")
SAMPLES = bundled("models") / "sample-calls"


def sample_calls() -> list[dict[str, Any]]:
    """File and metadata of the bundled sample calls."""
    return json.loads((SAMPLES / "metadata.json").read_text(encoding="utf-8"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """Start, ask, kill, start again; the data folder stays."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir.parent / f"{data_dir.name}.log"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SPEECHSVC_")}
        self.environment = inherited | {
            "SPEECHSVC_DATA_DIR": str(data_dir),
            "SPEECHSVC_PORT": str(self.port),
            "SPEECHSVC_LOG_FORMAT": "json",
            **{f"SPEECHSVC_{name.upper()}": value for name, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None
        self._http: httpx.Client | None = None

    def start(self) -> Service:
        """Returns when the service says that it is ready."""
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "speechsvc", "serve"],
                env=self.environment,
                cwd=self.data_dir.parent,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        self._await_ready()
        key = (self.data_dir / "admin.key").read_text().strip()
        self._http = self.client(key)
        return self

    def client(self, key: str | None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)

    @property
    def http(self) -> httpx.Client:
        assert self._http is not None, "start() first"
        return self._http

    def upload(self, item: dict[str, Any], **changes: Any) -> httpx.Response:
        """Posts one sample call; `changes` replace metadata fields."""
        return self.upload_bytes((SAMPLES / item["file"]).read_bytes(), item["metadata"] | changes)

    def upload_bytes(self, data: bytes, metadata: dict[str, Any], name: str = "call.wav") -> httpx.Response:
        files = {"metadata": (None, json.dumps(metadata), "application/json"), "recording": (name, data, "audio/wav")}
        return self.http.post("/v1/calls", files=files)

    def call(self, call_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/calls/{call_id}")
        answer.raise_for_status()
        return dict(answer.json())

    def finished(self, call_id: str, timeout_s: float = 120) -> dict[str, Any]:
        """The call once it is finished; fails with what the log says last."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            call = self.call(call_id)
            if call["status"] in FINISHED:
                return call
            time.sleep(0.2)
        raise AssertionError(f"{call_id} is still {call['status']} after {timeout_s} s\n{self.last_log()}")

    def call_events(self) -> list[dict[str, Any]]:
        """Those of calls; each call's follow-up has its own."""
        return [e for e in self.events() if e["type"].startswith("call.")]

    def events(self, type: str | None = None) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.http.get("/v1/changes", params={"cursor": cursor, "limit": 100}).json()
            events += page["events"]
            cursor = page["cursor"]
            if not page["more"]:
                return [e for e in events if type is None or e["type"] == type]

    def processes(self, queue: str) -> list[psutil.Process]:
        """Worker processes of a queue, pool children first."""
        assert self.process is not None
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=False):
            if "celery" in child.cmdline() and queue in child.cmdline():
                found += [*child.children(recursive=True), child]
        return found

    def kill(self, processes: list[psutil.Process]) -> None:
        """SIGKILL, as an out-of-memory killer would."""
        for process in processes:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue

    def kill_all(self) -> None:
        """SIGKILL to everything at once, as a power cut would."""
        assert self.process is not None
        root = psutil.Process(self.process.pid)
        self.kill([root, *root.children(recursive=True)])
        self.process.wait(30)

    def stop(self) -> int:
        """Ends it as Ctrl-C would; its exit status."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError(f"the service did not stop within 40 s\n{self.last_log()}") from None

    def last_log(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _await_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False, timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise AssertionError(f"the service did not become ready\n{self.last_log()}")


@contextmanager
def running(data_dir: Path, **settings: str) -> Iterator[Service]:
    """A started service, stopped at the end."""
    service = Service(data_dir, **settings)
    try:
        yield service.start()
    finally:
        service.stop()
