"""The real HTTP application on a real port, over real storage, with keys of two tenants.

Only the recogniser is a stand-in; tagging, scoring, playback and database are the product's."""

from __future__ import annotations

import io
import json
import math
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from speechsvc.api.app import create_app
from speechsvc.audio.decode import DecodeLimits
from speechsvc.audio.playback import WavPlayback
from speechsvc.config import Settings
from speechsvc.crm.sender import HttpxSender
from speechsvc.domain.access import Role
from speechsvc.domain.conversation import Speaker
from speechsvc.domain.transcript import Segment, SpeechInterval, Transcript
from speechsvc.ports import Tenant
from speechsvc.services.core import Core, Limits
from speechsvc.services.current_rules import CurrentRules
from speechsvc.services.manage_keys import create_key
from speechsvc.services.run_next import run_next
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.local_blobs import LocalBlobs
from speechsvc.storage.system import SqlSystem
from speechsvc.tagging.rulebook import FileRulebook
from speechsvc.tagging.workbench import TaggerWorkbench

METADATA: dict[str, Any] = {
    "external_id": "pbx-1",
    "started_at": "2026-11-23T14:05:00+08:00",
    "direction": "outbound",
    "salesperson": {"id": "s-1", "name": "王芳", "team": "east"},
    "customer": {"id": "c-1", "name": "宏远", "industry": "制造", "region": "上海"},
    "caller": "02112345678",
    "callee": "13812345678",
}


PHONE = "13912345678"
HEARD = (
    (Speaker.AGENT, 0, 0.5, 4.0, "您好我是云帆的王芳想跟您聊聊上线时间"),
    (Speaker.CUSTOMER, 1, 4.5, 9.0, "预算审批还没下来这笔钱要总经理批大概三十万"),
    (Speaker.AGENT, 0, 9.5, 12.0, "那价格上我们可以再打个折"),
    (Speaker.CUSTOMER, 1, 12.5, 18.0, f"折扣能到八折吗你打我手机{PHONE}"),
    (Speaker.AGENT, 0, 18.5, 22.0, "好的那我们下周三上午再开个会"),
    (Speaker.CUSTOMER, 1, 22.5, 25.0, "行下周三上午十点吧"),
)


def wav(seconds: float = 1.0, *, seed: int = 1) -> bytes:
    """A small stereo PCM file, a different tone on each side, different for each seed."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        tones = (200 + seed, 300 + 2 * seed)
        samples = (math.cos(i * t / 8000 * 2 * math.pi) * 8000 for i in range(int(seconds * 8000)) for t in tones)
        file.writeframes(b"".join(int(s).to_bytes(2, "little", signed=True) for s in samples))
    return out.getvalue()


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class ScriptedTranscriber:
    """The recogniser's port: hears the same conversation in every recording, so that tests know every word."""

    def transcribe(self, recording: Path, **_: Any) -> Transcript:
        segments = tuple(
            Segment(speaker=speaker, channel=channel, start=start, end=end, text=text, confidence=0.9)
            for speaker, channel, start, end, text in HEARD
        )
        speech = tuple(SpeechInterval(channel=s.channel, speaker=s.speaker, start=s.start, end=s.end) for s in segments)
        return Transcript(segments=segments, speech=speech, duration=40.0, language="zh", model={"name": "scripted"})

    def describe(self) -> dict[str, Any]:
        return {"name": "scripted"}


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

    def work(self) -> None:
        """Does every due job of the speech and text stages, in this thread."""
        while run_next(self.core, "asr") or run_next(self.core, "text"):
            pass

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
    rulebook = FileRulebook()
    rules = CurrentRules(database, rulebook)
    core = Core(
        db=database,
        system=SqlSystem(database),
        blobs=LocalBlobs(settings.data_dir / "recordings"),
        clock=clock,
        sender=HttpxSender(allow_cidrs=[], allow_http=False, timeout_s=2, clock=clock),
        playback=WavPlayback(DecodeLimits(max_seconds=600)),
        transcriber=ScriptedTranscriber,
        rulebook=lambda: rulebook,
        workbench=TaggerWorkbench,
        analyser=rules.analyser,
        topics=rules.topics,
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
