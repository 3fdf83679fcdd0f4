"""Uploads over real HTTP, four clients at once, beside the endpoint that a FastAPI tutorial would write.

Both answer when the file is on the disk (fsync). Ours also authenticates, hashes, checks, and commits call and job."""

from __future__ import annotations

import io
import itertools
import json
import os
import shutil
import threading
import time
import uuid
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import httpx
import uvicorn
from fastapi import FastAPI, Form, UploadFile

from speechsvc.api.app import create_app
from speechsvc.bootstrap import Application
from speechsvc.config import Settings
from speechsvc.domain.access import Role
from speechsvc.resources import bundled
from speechsvc.services.manage_keys import create_key
from tests.bench.databases import folder
from tests.bench.result import Result, in_turns, versus

CLIENTS = 4
BOUNDARY = "bench-0b9f5a6c"
SIZE = 1_000_000  # bytes


def run(quick: bool) -> list[Result]:
    """Accepted uploads of a 1 MB recording a second."""
    uploads, repetitions = (12, 3) if quick else (60, 5)
    sound, number = recording(), itertools.count()
    with folder() as where:
        application = Application(Settings(_env_file=None, data_dir=where / "ours"))
        application.prepare()
        key, _ = create_key(application.system, tenant_id=application.settings.tenant, role=Role.UPLOADER)
        with served(create_app(application)) as ours, served(_tutorial(where)) as bare:
            send = partial(_upload_all, uploads=uploads, key=key, body=lambda: multipart(sound, next(number)))
            contenders = {"ours": partial(send, ours, 202), "tutorial FastAPI endpoint": partial(send, bare, 200)}
            series = in_turns(repetitions, contenders)
        application.close()
    details = {"clients": CLIENTS, "bytes": len(sound), "uploads a repetition": uploads, "database": "SQLite"}
    return versus("upload", "1 MB, 4 clients", "uploads/s", series, details)


def _upload_all(url: str, status: int, *, uploads: int, key: str, body: Callable[[], bytes]) -> float:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:

        def upload(_: int) -> None:
            answer = client.post("/v1/calls", content=body())
            assert answer.status_code == status, f"{answer.status_code} {answer.text}"

        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(upload, range(uploads)))
    return uploads


def _tutorial(where: Path) -> FastAPI:
    app = FastAPI()

    @app.post("/v1/calls")
    def receive(metadata: Annotated[str, Form()], recording: UploadFile) -> dict[str, str]:
        name = uuid.uuid4().hex
        with (where / name).open("wb") as file:
            shutil.copyfileobj(recording.file, file)
            file.flush()
            os.fsync(file.fileno())
        return {"id": name, "external_id": json.loads(metadata)["external_id"]}

    return app


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of a server in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def recording() -> bytes:
    """A valid WAV of SIZE bytes, cut from a bundled sample call."""
    out = io.BytesIO()
    with wave.open(str(bundled("models") / "sample-calls" / "call1.wav")) as source, wave.open(out, "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes((SIZE - 44) // 4))
    return out.getvalue()


def multipart(sound: bytes, number: int) -> bytes:
    """A whole request body with its own external id."""
    metadata = {"external_id": f"bench-{number}", "started_at": "2026-11-16T10:12:00+08:00", "direction": "outbound"}
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    head = f'{part}"metadata"\r\n\r\n{json.dumps(metadata)}\r\n'
    file = f'{part}"recording"; filename="call.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    return (head + file).encode() + sound + f"\r\n--{BOUNDARY}--\r\n".encode()
