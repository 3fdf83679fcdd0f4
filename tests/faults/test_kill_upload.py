"""kill -9, and an orderly stop, in the middle of a resumable upload: it goes on where it stood, byte for byte."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.tus import PIECE, TUS, begin, offset_of, send
from tests.support.service import Service, running, sample_calls

pytestmark = [pytest.mark.serial, pytest.mark.slow]

RECORDING = os.urandom(20_000_000)
METADATA = sample_calls()[0]["metadata"] | {"external_id": "in pieces"}


@contextmanager
def sending(service: Service, url: str, offset: int, until: int) -> Iterator[socket.socket]:
    """A PATCH of everything that is left, of which the bytes up to `until` are sent."""
    key = (service.data_dir / "admin.key").read_text().strip()
    lines = [
        f"PATCH {url} HTTP/1.1",
        "Host: test",
        f"Authorization: Bearer {key}",
        f"Content-Length: {len(RECORDING) - offset}",
        f"Upload-Offset: {offset}",
        *(f"{k}: {v}" for k, v in (TUS | PIECE).items()),
    ]
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as sock:
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        sock.sendall(RECORDING[offset:until])
        yield sock


def await_offset(service: Service, url: str, at_least: int) -> None:
    deadline = time.monotonic() + 20
    while offset_of(service.http, url) < at_least:
        assert time.monotonic() < deadline, service.last_log()
        time.sleep(0.02)


def test_an_upload_survives_kill_and_stop(tmp_path: Path) -> None:
    with running(tmp_path / "data") as service:
        url = begin(service.http, len(RECORDING), METADATA)
        with sending(service, url, 0, 11_000_000):
            await_offset(service, url, 8 << 20)
            service.kill_all()
        service.start()
        offset = offset_of(service.http, url)
        assert 8 << 20 <= offset <= 11_000_000
        with sending(service, url, offset, 15_000_000):
            await_offset(service, url, offset + 1)
            service.stop()
        service.start()
        offset = offset_of(service.http, url)
        assert offset == 15_000_000
        answer = send(service.http, url, offset, RECORDING[offset:])
        assert answer.status_code == 204
        call = service.finished(answer.headers["Speechsvc-Call-Id"])
        assert (call["sha256"], call["size"]) == (hashlib.sha256(RECORDING).hexdigest(), len(RECORDING))
        assert call["status"] == "failed"  # it is noise, not audio
        assert [e["data"]["call_id"] for e in service.events("call.failed")] == [call["id"]]
