"""The real application with pages on a real port, over SQLite and local files, holding calls with real sound."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from speechsvc.bootstrap import Application
from speechsvc.cli.web import build
from speechsvc.config import Settings
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.call import Call, CallMetadata, CallStatus, Customer, Opportunity, Recording, Salesperson
from speechsvc.domain.conversation import Speaker
from speechsvc.domain.crm import CrmEvent
from speechsvc.domain.ids import new_id
from speechsvc.domain.job import JobKind
from speechsvc.domain.transcript import Segment, SpeechInterval, Transcript
from speechsvc.domain.weeks import local_week
from speechsvc.ports import FollowupFilter
from speechsvc.resources import bundled
from speechsvc.services.crm_events import CrmItem, receive_crm_events
from speechsvc.services.followup_items import attach_call
from speechsvc.services.manage_keys import create_key
from speechsvc.services.receive_call import receive_call
from speechsvc.services.run_next import run_next

CUSTOMERS = (
    Customer(id="c-1", name="华东精密制造（苏州）有限公司", industry="制造", region="江苏"),
    Customer(id="c-2", name="恒信医疗", industry="医疗", region="上海"),
    Customer(id="c-3", name="青云物流", industry="物流", region="浙江"),
)
SALESPEOPLE = (
    Salesperson(id="s-1", name="王芳", team="华东一组"),
    Salesperson(id="s-2", name="李赟", team="华东二组"),
)
# What the sample calls lack: a negation, several topics in one breath, a doubtful line, personal data.
EXTRA = (
    ("customer", 41.0, 45.0, "预算审批今年已经过了，不过价格能不能再便宜点，打个折？", ()),
    ("agent", 45.5, 48.0, "可以的，报价单我今天发您，周五上午我来您公司演示。", ()),
    ("customer", 48.5, 51.0, "行，周五上午十点你过来。我们没有历史数据要迁移。", ()),
    ("customer", 51.5, 53.0, "字幕由志愿者提供", ("no_speech", "invented_phrase")),
    ("agent", 53.5, 57.0, "好的，我的手机号是13812345678，随时联系。", ()),
)


@dataclass(frozen=True, kw_only=True)
class Site:
    url: str
    application: Application
    keys: dict[str, str]
    calls: list[str]  # ids of the finished calls, with sound
    followups: list[str]  # external ids: one of each call, the first two settled


@contextmanager
def serving(settings: Settings, *, samples: int = 6) -> Iterator[Site]:
    application = Application(settings)
    application.prepare()
    keys = _keys(application)
    calls = [_seed(application, n) for n in range(samples)]
    _unfinished(application)
    followups = [_followup_of(application, call) for call in calls]
    _settle(application, followups[:2])
    _leads(application)
    app = build(application)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Site(url=f"http://127.0.0.1:{port}", application=application, keys=keys, calls=calls, followups=followups)
    finally:
        server.should_exit = True
        thread.join(10)
        application.close()


def _keys(application: Application) -> dict[str, str]:
    scopes: dict[Role, dict[str, Any]] = {
        Role.ADMIN: {},
        Role.UPLOADER: {},
        Role.MANAGER: {"teams": ("华东二组",), "name": "陈经理"},
        Role.SALESPERSON: {"salesperson_id": "s-1"},
    }
    tenant = application.settings.tenant
    made = {r.value: create_key(application.system, tenant_id=tenant, role=r, **s)[0] for r, s in scopes.items()}
    made["revoked"], holder = create_key(application.system, tenant_id=tenant, role=Role.QA)
    application.system.revoke_key(tenant, holder.key_id)
    return made


def _seed(application: Application, n: int) -> str:
    """One finished call: sound of a bundled sample, words as spoken there and in EXTRA, really analysed."""
    folder, number = bundled("models") / "sample-calls", n % 6 + 1
    truth = json.loads((folder / f"call{number}.json").read_text("utf-8"))
    tenant, core = application.settings.tenant, application.core
    call = Call(
        id=new_id("call"),
        metadata=_metadata(n),
        status=CallStatus.ANALYSING,
        recording=core.blobs.put_file(tenant, folder / f"call{number}.wav"),
        received_at=datetime.now(UTC),
        duration=truth["duration"],
        progress=1.0,
    )
    with core.db.tenant(tenant) as uow:
        uow.calls.add(call, local_week=local_week(call.metadata.started_at, "Asia/Shanghai"))
        uow.transcripts.save(call.id, _transcript(truth))
        uow.jobs.add(JobKind.ANALYSE, call.id)
        attach_call(core, uow, call)
        uow.commit()
    assert run_next(core, "text")
    return call.id


def _followup_of(application: Application, call_id: str) -> str:
    with application.core.db.tenant(application.settings.tenant, write=False) as uow:
        internal = uow.followups.of_item(call_id)
        return next(f.external_id for f in uow.followups.all(FollowupFilter()) if f.id == internal)


def _settle(application: Application, followups: list[str]) -> None:
    core, tenant = application.core, application.settings.tenant
    with core.db.tenant(tenant) as uow:
        for name in followups:
            internal = uow.followups.get(name).id
            uow.followups.update(internal, settles_at=datetime.now(UTC))
            uow.jobs.hasten(JobKind.SETTLE, internal)
        uow.commit()
    while run_next(core, "text"):
        pass


def _leads(application: Application) -> None:
    """One reached by the third call after an hour, one that nobody called for three days and more."""
    admin = Principal(tenant_id=application.settings.tenant, key_id="seed", role=Role.ADMIN)
    reached = _metadata(2).started_at - timedelta(hours=1)
    silent = datetime.now(UTC) - timedelta(days=4)
    leads = (
        ("lead-1", reached, {"grade": "A", "salesperson_id": "s-1", "team": "华东一组", "customer_id": "c-3"}),
        ("lead-2", silent, {"grade": "B", "salesperson_id": "s-2", "team": "华东二组", "customer_id": "c-99"}),
    )
    events = [
        CrmEvent(id=f"e-{id_}", type="lead.created", occurred_at=at, data={"lead_id": id_} | facts, digest=id_)
        for id_, at, facts in leads
    ]
    receive_crm_events(application.core, admin, [CrmItem(event=e) for e in events])


def _metadata(n: int) -> CallMetadata:
    return CallMetadata(
        external_id=f"pbx-{n}",
        started_at=datetime.now(UTC) - timedelta(days=n, hours=1),
        customer=CUSTOMERS[n % 3],
        salesperson=SALESPEOPLE[n % 2],
        opportunity=Opportunity(id=f"o-{n % 3}", stage="方案报价"),
    )


def _transcript(truth: dict[str, Any]) -> Transcript:
    spoken = [(t["speaker"], t["start"], t["end"], t["text"], ()) for t in truth["turns"] if t["end"] <= 41]
    segments = tuple(
        Segment(
            speaker=Speaker(who), channel=int(who == "customer"), start=a, end=b, text=text, confidence=0.9, suspect=why
        )
        for who, a, b, text, why in (*spoken, *EXTRA)
    )
    speech = tuple(SpeechInterval(channel=s.channel, speaker=s.speaker, start=s.start, end=s.end) for s in segments)
    return Transcript(
        segments=segments, speech=speech, duration=truth["duration"], language="zh", model={"name": "sample-truth"}
    )


def _unfinished(application: Application) -> None:
    """One call that waits, one that failed."""
    tenant, core = application.settings.tenant, application.core
    admin = Principal(tenant_id=tenant, key_id="seed", role=Role.ADMIN)
    for n, external_id in ((7, "waiting"), (8, "broken")):
        path = application.settings.data_dir / "upload.bin"
        path.write_bytes(b"no sound" * n)
        stored: Recording = core.blobs.put_file(tenant, path)
        metadata = CallMetadata(external_id=external_id, started_at=datetime.now(UTC), customer=CUSTOMERS[0])
        call = receive_call(core, admin, metadata, stored).call
        if external_id == "broken":
            with core.db.tenant(tenant) as uow:
                uow.calls.update(
                    call.id,
                    status=CallStatus.FAILED,
                    error_code="not_audio",
                    error="The file is not a sound recording.",
                )
                uow.commit()


def settings_in(folder: Path) -> Settings:
    return Settings(_env_file=None, data_dir=folder, supervisor_pid=0)  # type: ignore[call-arg]
