"""What bad input gets from the running service: its documented answer, nothing left behind, the service stays up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.service import SAMPLES, Service, running, sample_calls

pytestmark = [pytest.mark.serial, pytest.mark.slow]

GIB = 1 << 30


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("refusals") / "data") as service:
        yield service


def metadata(external_id: str) -> dict[str, Any]:
    return sample_calls()[0]["metadata"] | {"external_id": external_id}


def stored_files(service: Service) -> int:
    return sum(1 for p in (service.data_dir / "recordings").rglob("*") if p.is_file())


def problem(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert body["detail"]
    assert body["next_step"]
    return answer.status_code, body["code"]


def test_an_empty_file(service: Service) -> None:
    before = stored_files(service)
    assert problem(service.upload_bytes(b"", metadata("empty"))) == (422, "recording_empty")
    assert stored_files(service) == before
    assert service.http.get("/v1/calls", params={"external_id": "empty"}).json()["calls"] == []


def test_a_text_file_named_wav_is_a_failed_call_with_its_reason(service: Service) -> None:
    answer = service.upload_bytes("今天的会议纪要\n".encode() * 100, metadata("text-as-wav"))
    assert answer.status_code == 202
    call = service.finished(answer.json()["id"])
    assert (call["status"], call["error"]["code"]) == ("failed", "recording_not_audio")
    told = [e for e in service.events("call.failed") if e["data"]["call_id"] == call["id"]]
    assert [e["data"]["error"]["code"] for e in told] == ["recording_not_audio"]
    assert problem(service.http.get(f"/v1/calls/{call['id']}/transcript")) == (409, "not_ready")


def test_a_truncated_recording_is_analysed_and_marked_partial(service: Service) -> None:
    whole = (SAMPLES / "call1.wav").read_bytes()
    call = service.finished(service.upload_bytes(whole[: len(whole) // 2], metadata("truncated")).json()["id"])
    assert call["status"] == "partial"
    assert "truncated" in call["warnings"]
    assert 28 < call["duration"] < 34
    assert service.http.get(f"/v1/calls/{call['id']}/transcript").json()["segments"]


def test_silence_is_a_valid_call_without_speech(service: Service) -> None:
    whole = (SAMPLES / "call1.wav").read_bytes()
    silent = whole[:44] + bytes(len(whole) - 44)
    call = service.finished(service.upload_bytes(silent, metadata("silence")).json()["id"])
    assert (call["status"], call["contact"]) == ("done", "no_speech")
    score = service.http.get(f"/v1/calls/{call['id']}/score").json()["score"]
    assert (score["total"], score["counts_toward_performance"]) == (0, False)


def test_the_same_call_twice_and_the_same_id_with_other_bytes(service: Service) -> None:
    data = (SAMPLES / "call2.wav").read_bytes()
    first = service.upload_bytes(data, metadata("twice"))
    before = stored_files(service)
    again = service.upload_bytes(data, metadata("twice"))
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["id"] == first.json()["id"]
    assert problem(service.upload_bytes(data + b"\0\0", metadata("twice"))) == (409, "external_id_conflict")
    assert stored_files(service) == before


def test_no_key_and_a_foreign_tenant(service: Service) -> None:
    call_id = service.upload_bytes((SAMPLES / "call3.wav").read_bytes(), metadata("mine")).json()["id"]
    with service.client(None) as nobody:
        assert problem(nobody.get(f"/v1/calls/{call_id}")) == (401, "unauthenticated")
        files = {"metadata": (None, json.dumps(metadata("x")), "application/json"), "recording": ("x.wav", b"x")}
        assert problem(nobody.post("/v1/calls", files=files)) == (401, "unauthenticated")
    key = _key_of_another_tenant(service)
    with service.client(key) as stranger:
        for path in ("", "/transcript", "/mentions", "/score", "/recording"):
            assert problem(stranger.get(f"/v1/calls/{call_id}{path}")) == (404, "not_found")
        assert problem(stranger.delete(f"/v1/calls/{call_id}")) == (404, "not_found")
        assert stranger.get("/v1/calls").json()["calls"] == []
        assert stranger.get("/v1/changes").json()["events"] == []


def _key_of_another_tenant(service: Service) -> str:
    import subprocess
    import sys

    command = [sys.executable, "-m", "speechsvc", "keys", "create", "--role", "admin", "--tenant", "rival", "--json"]
    done = subprocess.run(
        command, env=service.environment, cwd=service.data_dir.parent, capture_output=True, check=True, text=True
    )
    return str(json.loads(done.stdout)["key"])


@pytest.mark.parametrize("chunked", [False, True])
def test_three_gigabytes_with_a_limit_of_one(service: Service, chunked: bool) -> None:
    before = stored_files(service)
    size = 3 * GIB
    head = (
        b'--b\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
        + json.dumps(metadata("huge")).encode()
        + b'\r\n--b\r\nContent-Disposition: form-data; name="recording"; filename="x.wav"\r\n\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    if not chunked:
        headers["Content-Length"] = str(len(head) + size)
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        yield head
        block = bytes(1 << 20)
        for _ in range(size >> 20):
            sent += len(block)
            yield block

    try:
        answer = service.http.post("/v1/calls", content=body(), headers=headers)
    except httpx.WriteError:
        answer = None  # the service closed the line on a sender that did not listen
    if answer is not None:
        assert problem(answer) == (413, "recording_too_large")
    assert sent < 2 * GIB
    assert stored_files(service) == before
    assert service.http.get("/readyz").status_code == 200


def test_the_service_is_still_well(service: Service) -> None:
    answer = service.upload_bytes((SAMPLES / "call6.wav").read_bytes(), metadata("after-all-that"))
    assert service.finished(answer.json()["id"])["status"] == "done"
