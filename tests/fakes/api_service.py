"""The real HTTP application on a real port, over real storage, with keys of two tenants. No worker runs."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from speechsvc.api.app import create_app
from speechsvc.config import Settings
from speechsvc.crm.sender import HttpxSender
from speechsvc.domain.access import Role
from speechsvc.ports import Analyser, Tenant, Transcriber
from speechsvc.resources import bundled
from speechsvc.services.core import Core, Limits
from speechsvc.services.manage_keys import create_key
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.local_blobs import LocalBlobs
from speechsvc.storage.system import SqlSystem
from speechsvc.tagging.analyser import LexiconAnalyser
from speechsvc.tagging.lexicon_file import load_lexicon
from speechsvc.tagging.rubric_file import load_rubric

METADATA: dict[str, Any] = {
    "external_id": "pbx-1",
    "started_at": "2026-11-23T14:05:00+08:00",
    "direction": "outbound",
    "salesperson": {"id": "s-1", "name": "王芳", "team": "east"},
    "customer": {"id": "c-1", "name": "宏远", "industry": "制造", "region": "上海"},
    "caller": "02112345678",
    "callee": "13812345678",
}


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class NoPlayback:
    """The API never makes audio."""

    def write(self, recording: Path, out: Path, silence: Any) -> None:
        raise AssertionError("the API makes no audio")


@dataclass(frozen=True, kw_only=True)
class ApiApplication:
    """What `create_app` asks for, without a broker."""

    settings: Settings
    core: Core


@dataclass(kw_only=True)
class ApiService:
    """A running service and the keys that open it."""

    url: str
    application: ApiApplication
    keys: dict[str, str]
    database: SqlDatabase
    wakes: list[int] = field(default_factory=list)

    @property
    def core(self) -> Core:
        return self.application.core

    @property
    def blob_folder(self) -> Path:
        return self.application.settings.data_dir / "recordings"

    def blob_files(self) -> list[Path]:
        return [p for p in self.blob_folder.rglob("*") if p.is_file()]

    def client(self, key: str | None = "admin", **headers: str) -> httpx.Client:
        if key is not None:
            headers["Authorization"] = f"Bearer {self.keys.get(key, key)}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False)

    def upload(
        self, recording: bytes, metadata: dict[str, Any] | None = None, key: str = "uploader", **changes: Any
    ) -> httpx.Response:
        with self.client(key) as client:
            return client.post("/v1/calls", files=parts(recording, (metadata or METADATA) | changes))


def parts(recording: bytes, metadata: dict[str, Any] | str) -> dict[str, Any]:
    text = metadata if isinstance(metadata, str) else json.dumps(metadata, ensure_ascii=False)
    return {
        "metadata": (None, text.encode(), "application/json"),
        "recording": ("../通话 1.wav", io.BytesIO(recording), "audio/wav"),
    }


def make_application(settings: Settings, wakes: list[int]) -> tuple[ApiApplication, SqlDatabase]:
    database = SqlDatabase(settings.effective_database_url)
    clock = WallClock()
    made: list[Analyser] = []

    def analyser() -> Analyser:
        if not made:
            made.append(LexiconAnalyser(load_lexicon(bundled("lexicons") / "default"), load_rubric(None)))
        return made[0]

    def transcriber() -> Transcriber:
        raise AssertionError("the API transcribes nothing")

    core = Core(
        db=database,
        system=SqlSystem(database),
        blobs=LocalBlobs(settings.data_dir / "recordings"),
        clock=clock,
        sender=HttpxSender(allow_cidrs=[], allow_http=False, timeout_s=2, clock=clock),
        playback=NoPlayback(),
        transcriber=transcriber,
        analyser=analyser,
        wake=lambda: wakes.append(1),
        limits=Limits(
            upload_bytes=settings.max_upload_bytes,
            text_chars=settings.max_text_chars,
            lease_s=settings.lease_s,
            max_attempts=settings.max_attempts,
        ),
        language="zh",
    )
    return ApiApplication(settings=settings, core=core), database


@contextmanager
def running(settings: Settings, **options: Any) -> Iterator[ApiService]:
    """Serves until the block ends."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    wakes: list[int] = []
    application, database = make_application(settings, wakes)
    application.core.system.migrate()
    keys = _keys(application.core)
    app = create_app(application, **options)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield ApiService(
            url=f"http://127.0.0.1:{port}", application=application, keys=keys, database=database, wakes=wakes
        )
    finally:
        server.should_exit = True
        thread.join(10)
        database.dispose()


def _keys(core: Core) -> dict[str, str]:
    system = core.system
    for tenant in ("acme", "other"):
        system.add_tenant(Tenant(id=tenant, name=tenant, timezone="Asia/Shanghai"))
    keys = {}
    for role in Role:
        scope: dict[str, Any] = {}
        if role is Role.MANAGER:
            scope["teams"] = ("east",)
        if role is Role.SALESPERSON:
            scope["salesperson_id"] = "s-1"
        keys[role.value], _ = create_key(system, tenant_id="acme", role=role, **scope)
    keys["raw"], _ = create_key(system, tenant_id="acme", role=Role.QA, raw=True)
    keys["manager_west"], _ = create_key(system, tenant_id="acme", role=Role.MANAGER, teams=("west",))
    keys["salesperson_2"], _ = create_key(system, tenant_id="acme", role=Role.SALESPERSON, salesperson_id="s-2")
    keys["foreign"], _ = create_key(system, tenant_id="other", role=Role.ADMIN, raw=True)
    keys["foreign_crm"], _ = create_key(system, tenant_id="other", role=Role.CRM)
    return keys
