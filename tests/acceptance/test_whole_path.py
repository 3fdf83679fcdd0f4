"""The whole path over real HTTP, real workers and the real recogniser, in every shape that settings can give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from speechsvc.config import Settings
from tests.support.service import Service, running, sample_calls

pytestmark = [pytest.mark.serial, pytest.mark.slow]


def test_recording_to_crm_event(tmp_path: Path, database_url: str, broker_url: str) -> None:
    with running(tmp_path / "data", database_url=database_url, broker_url=broker_url) as service:
        item = sample_calls()[3]
        answer = service.upload(item)
        assert answer.status_code == 202, answer.text
        call = service.finished(answer.json()["id"])
        assert call["status"] == "done", call
        _check_results(service, call["id"])
        _check_idempotent(service, item, call["id"])


def _check_results(service: Service, call_id: str) -> None:
    transcript = service.http.get(f"/v1/calls/{call_id}/transcript").json()
    assert "预算" in "".join(s["text"] for s in transcript["segments"])
    assert {s["speaker"] for s in transcript["segments"]} == {"agent", "customer"}
    mentions = service.http.get(f"/v1/calls/{call_id}/mentions").json()["mentions"]
    assert any(m["topic"] == "budget_approval" and m["speaker"] == "agent" for m in mentions)
    texts = {i: s["text"] for i, s in enumerate(transcript["segments"])}
    assert all(texts[m["turn"]][m["start_char"] : m["end_char"]] == m["text"] for m in mentions)
    score = service.http.get(f"/v1/calls/{call_id}/score").json()
    assert score["versions"]["lexicon"].startswith("default-")
    heatmap = service.http.get("/v1/heatmap", params={"row": "customer"}).json()
    assert [row["label"] for row in heatmap["rows"]] == ["岭南优选零售"]
    assert len(heatmap["topics"]) == 18
    events = service.call_events()
    assert [(e["type"], e["data"]["call_id"]) for e in events] == [("call.analysed", call_id)]
    assert {e["type"] for e in service.events()} == {"call.analysed", "followup.scored"}
    assert not re.search("预算|报价", str(service.events())), "events carry no words"


def _check_idempotent(service: Service, item: dict[str, object], call_id: str) -> None:
    again = service.upload(item)
    assert (again.status_code, again.json()["id"]) == (200, call_id)
    assert len(service.call_events()) == 1


@pytest.mark.postgres
@pytest.mark.rabbitmq
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_the_production_shape(tmp_path: Path, database_url: str, broker_url: str, s3_settings: Settings) -> None:
    """PostgreSQL, RabbitMQ and an S3-compatible store at once; nothing of a call lies in the data folder."""
    stores = {"blob_url": s3_settings.blob_url, "s3_endpoint_url": str(s3_settings.s3_endpoint_url)}
    with running(tmp_path / "data", database_url=database_url, broker_url=broker_url, **stores) as service:
        call = service.finished(service.upload(sample_calls()[4]).json()["id"])
        assert call["status"] == "done", call
        sound = service.http.get(f"/v1/calls/{call['id']}/recording", headers={"Range": "bytes=0-43"})
        assert (sound.status_code, sound.content[:4]) == (206, b"RIFF")
        assert "一六八九七三三八五零三" not in str(service.http.get(f"/v1/calls/{call['id']}/transcript").json())
        assert {p.name for p in (tmp_path / "data").iterdir()} <= {"admin.key"}
        assert service.http.delete(f"/v1/calls/{call['id']}").status_code == 204
        assert service.http.get(f"/v1/calls/{call['id']}").status_code == 404
        assert [e["type"] for e in service.call_events()] == ["call.analysed", "call.erased"]
