"""The client and the examples of the documents against the running service."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from speechsvc.client import Client, Refused, Retry, WebhookVerifier
from speechsvc.config import Settings
from speechsvc.crm.sender import HttpxSender
from speechsvc.domain.access import Principal, Role
from speechsvc.services import manage_webhooks as hooks
from speechsvc.services.run_next import run_next
from tests.fakes.api_service import METADATA, ApiService, WallClock, running, wav

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiService]:
    folder = tmp_path_factory.mktemp("client")
    with running(Settings(_env_file=None, data_dir=folder, log_level="ERROR")) as service:
        yield service


@pytest.fixture
def client(service: ApiService) -> Iterator[Client]:
    with Client(service.url, service.keys["admin"], retry=Retry(tries=2, first_s=0.01)) as client:
        yield client


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "call.wav"
    path.write_bytes(wav(1.0, seed=sum(map(ord, tmp_path.name))))
    return path


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_from_upload_to_erasure(service: ApiService, client: Client, recording: Path) -> None:
    metadata = METADATA | {"external_id": "client-1"}
    accepted = client.upload(recording, metadata)
    assert client.upload(recording, metadata) == accepted
    service.work()
    call = client.wait(accepted.id, timeout_s=5)
    assert (call.status, call.contact, call.external_id) == ("done", "effective", "client-1")
    assert "budget_approval" in call.topics
    assert client.score(call.id)["score"]["total"] == call.score
    assert client.transcript(call.id)["segments"]
    heatmap = client.heatmap("customer", from_="2026-01-01")
    assert heatmap.rows[0].values.keys() <= set(heatmap.topics)
    assert [c.id for c in client.calls(external_id="client-1").items] == [call.id]
    [told] = [e for e in client.changes() if e.subject == call.id]
    assert (told.type, told.version) == ("call.analysed", 1)
    assert all(e.seq > told.seq for e in client.changes(told.cursor))
    client.erase(call.id)
    with pytest.raises(Refused) as caught:
        client.call(call.id)
    assert caught.value.status == 404


def test_in_pieces(client: Client, recording: Path) -> None:
    metadata = METADATA | {"external_id": "client-2"}
    accepted = client.upload_resumable(recording, metadata, piece_bytes=5000)
    assert client.call(accepted.id).external_id == "client-2"
    assert client.upload(recording, metadata).id == accepted.id  # the same bytes


def test_events_of_the_crm_and_the_matrix(client: Client) -> None:
    created = {
        "id": "client-e1",
        "type": "lead.created",
        "occurred_at": "2026-11-23T09:00:00+08:00",
        "data": {"lead_id": "L1", "customer_id": "nobody", "grade": "A"},
    }
    results = client.tell([created, created | {"id": "client-e2", "type": "lead.sold"}])
    assert [r.result for r in results] == ["accepted", "refused"]
    [row] = [r for r in client.touch_health() if r.grade == "A"]
    assert (row.leads, row.counts["none"]) == (1, 1)
    assert [lead.lead_id for lead in client.leads(grade="A", touch="none")] == ["L1"]


def test_follow_ups(service: ApiService, client: Client, recording: Path) -> None:
    client.upload(recording, METADATA | {"external_id": "client-4", "followup_id": "F-client"})
    service.work()
    assert isinstance(client.followup_score("F-client")["score"]["total"], int)
    assert client.performance(from_="2026-01-01", to="2027-01-01")["rows"]


def test_the_pbx_hook(
    service: ApiService, recording: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = example("pbx_hook")
    monkeypatch.setenv("SPEECHSVC", service.url)
    monkeypatch.setenv("SPEECHSVC_API_KEY", service.keys["uploader"])
    arguments = [str(recording), "pbx-9", "2026-11-23T14:05:00+08:00", "8001", "13812345678", "outbound"]
    assert [hook.main(arguments), hook.main(arguments)] == [0, 0]
    first, second = (line for line in capsys.readouterr().out.splitlines() if line.startswith("call_"))
    assert first == second
    assert hook.main([*arguments[:2], "yesterday", *arguments[3:]]) == 1


def test_the_crm_receiver(service: ApiService, client: Client, recording: Path, tmp_path: Path) -> None:
    crm = example("crm_receiver")
    database = str(tmp_path / "crm.db")
    crm.open_store(database)
    core = service.core
    sender = HttpxSender(allow_cidrs=["127.0.0.0/8"], allow_http=True, timeout_s=5, clock=WallClock())
    core = replace(core, sender=sender)
    principal = Principal(tenant_id="acme", key_id="k", role=Role.CRM)
    server = crm.serve(database, WebhookVerifier("whsec_c2VjcmV0"), 0)  # not the secret yet
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook, secret = hooks.create_webhook(core, principal, f"http://127.0.0.1:{server.server_address[1]}/")
    try:
        assert hooks.send_test(core, principal, hook.id).status == 401
        server.shutdown()
        server.server_close()
        server = crm.serve(database, WebhookVerifier(secret), server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert hooks.send_test(core, principal, hook.id).status == 204
        call = client.upload(recording, METADATA | {"external_id": "client-3"})
        service.work()
        while run_next(core, "crm"):
            pass
        store = crm.open_store(database)
        assert store.execute("SELECT count(*) FROM event WHERE data LIKE ?", (f"%{call.id}%",)).fetchone() == (1,)
        crm.catch_up(store, client)
        assert crm.catch_up(store, client) == 0
        ids = [r[0] for r in store.execute("SELECT id FROM event ORDER BY seq")]
        assert ids == [e.id for e in client.changes()]
    finally:
        server.shutdown()
        server.server_close()
        hooks.delete_webhook(core, principal, hook.id)
