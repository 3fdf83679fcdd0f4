"""Uploads: nothing lost, nothing twice, nothing left behind."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from speechsvc.config import Settings
from tests.fakes.api_service import METADATA, ApiService, parts, running, wav

LIMIT = 200_000
PATIENCE_S = 0.6
BOUNDARY = "xxBOUNDARYxx"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiService]:
    folder = tmp_path_factory.mktemp("upload")
    settings = Settings(_env_file=None, data_dir=folder, max_upload_bytes=LIMIT, log_level="ERROR")
    with running(settings, upload_patience_s=PATIENCE_S) as service:
        yield service


@pytest.fixture
def service(shared: ApiService) -> ApiService:
    """The same process for all tests of this file, without calls."""
    with shared.client("admin") as client:
        for call in client.get("/v1/calls?limit=200").json()["calls"]:
            client.delete(f"/v1/calls/{call['id']}")
    assert shared.blob_files() == []
    shared.wakes.clear()
    return shared


def body(recording: bytes, metadata: dict[str, Any] | str = METADATA, *, recording_first: bool = False) -> bytes:
    text = metadata if isinstance(metadata, str) else json.dumps(metadata)
    first = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{text}\r\n'.encode()
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="recording"; filename="a"\r\n\r\n'.encode()
    second = head + recording + b"\r\n"
    return (second + first if recording_first else first + second) + f"--{BOUNDARY}--\r\n".encode()


def post(service: ApiService, content: Any, key: str = "uploader", **headers: str) -> httpx.Response:
    sent = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} | headers
    with service.client(key) as client:
        return client.post("/v1/calls", content=content, headers=sent)


def connection(service: ApiService) -> socket.socket:
    parts = urlsplit(service.url)
    assert parts.hostname
    return socket.create_connection((parts.hostname, parts.port), timeout=15)


def head(service: ApiService, *lines: str, key: str = "uploader") -> bytes:
    return "\r\n".join(
        [
            "POST /v1/calls HTTP/1.1",
            "Host: test",
            f"Authorization: Bearer {service.keys[key]}",
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
            *lines,
            "",
            "",
        ]
    ).encode()


def read_all(sock: socket.socket) -> bytes:
    received = b""
    while chunk := sock.recv(65536):
        received += chunk
    return received


def gone(service: ApiService) -> bool:
    """Whether neither file nor row is left, within a moment."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with service.client("admin") as client:
            if not service.blob_files() and not client.get("/v1/calls").json()["calls"]:
                return True
        time.sleep(0.02)
    return False


def test_202_with_id_status_and_links(service: ApiService) -> None:
    recording = wav(0.5)
    response = service.upload(recording)
    assert response.status_code == 202
    answer = response.json()
    assert answer["status"] == "queued"
    assert answer["external_id"] == "pbx-1"
    assert response.headers["Location"] == answer["links"]["self"] == f"/v1/calls/{answer['id']}"
    [file] = service.blob_files()
    assert file.read_bytes() == recording
    assert service.wakes == [1]
    with service.client("uploader") as client:
        call = client.get(answer["links"]["self"]).json()
    assert (call["size"], call["queue_position"], call["status"]) == (len(recording), 0, "queued")
    assert (call["metadata"]["caller"], call["metadata"]["callee"]) == ("021****5678", "138****5678")


@pytest.mark.parametrize("recording_first", [False, True])
def test_parts_in_any_order(service: ApiService, recording_first: bool) -> None:
    recording = wav(1.0)
    assert post(service, body(recording, recording_first=recording_first)).status_code == 202
    [file] = service.blob_files()
    assert file.read_bytes() == recording


@pytest.mark.parametrize("size", [1, 7, 61, 4096])
def test_a_body_cut_into_any_pieces_gives_the_same_bytes(service: ApiService, size: int) -> None:
    """Boundaries inside the recording's bytes and across network chunks do not confuse the parser."""
    recording = b"\r\n--xxBOUNDARYx" + b"\r\n--" * 50 + bytes(range(256)) + b"\r\n-"
    whole = body(recording)
    response = post(service, (whole[i : i + size] for i in range(0, len(whole), size)))
    assert response.status_code == 202
    [file] = service.blob_files()
    assert file.read_bytes() == recording


def test_same_again_is_the_same_call(service: ApiService) -> None:
    first = service.upload(wav(0.2))
    second = service.upload(wav(0.2), direction="inbound")
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    assert len(service.blob_files()) == 1


def test_other_bytes_under_the_same_external_id_409(service: ApiService) -> None:
    service.upload(wav(0.2))
    response = service.upload(wav(0.2, seed=2))
    assert response.status_code == 409
    assert response.json()["code"] == "external_id_conflict"
    assert len(service.blob_files()) == 1


def test_the_same_external_id_of_another_tenant_is_another_call(service: ApiService) -> None:
    own = service.upload(wav(0.2))
    other = service.upload(wav(0.2, seed=2), key="foreign_crm")
    assert (own.status_code, other.status_code) == (202, 202)
    with service.client("foreign") as client:
        client.delete(f"/v1/calls/{other.json()['id']}")


def test_empty_recording(service: ApiService) -> None:
    response = service.upload(b"")
    assert response.status_code == 422
    assert response.json()["code"] == "recording_empty"
    assert gone(service)


def test_text_named_wav_is_accepted_and_fails_later(service: ApiService) -> None:
    """Whether it is audio is found out by the decoder, not by the request."""
    assert service.upload("这不是录音".encode()).status_code == 202


def test_fifty_parallel_uploads_make_one_call(service: ApiService) -> None:
    recording = wav(2.0)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: service.upload(recording), range(50)))
    assert sorted(a.status_code for a in answers) == [200] * 49 + [202]
    assert len({a.json()["id"] for a in answers}) == 1
    assert len(service.blob_files()) == 1


def test_over_the_limit_by_content_length_is_refused_before_it_is_sent(service: ApiService) -> None:
    with connection(service) as sock:
        sock.sendall(head(service, "Content-Length: 5000000000", "Expect: 100-continue"))
        answer = read_all(sock)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"recording_too_large"' in answer
    assert gone(service)


@pytest.mark.parametrize("chunked", [False, True])
def test_over_the_limit_while_sending(service: ApiService, chunked: bool) -> None:
    """The client reads the reason, not a network fault, although it is still sending."""
    whole = body(b"x" * (LIMIT * 20))
    pieces = (whole[i : i + 65536] for i in range(0, len(whole), 65536))
    response = post(service, pieces if chunked else whole)
    assert response.status_code == 413
    assert response.json()["code"] == "recording_too_large"
    assert gone(service)


def test_one_byte_decides(service: ApiService) -> None:
    assert post(service, body(b"x" * LIMIT)).status_code == 202
    refused = post(service, body(b"x" * (LIMIT + 1), METADATA | {"external_id": "more"}))
    assert refused.status_code == 413
    assert len(service.blob_files()) == 1


@pytest.mark.parametrize("tenths", range(1, 10))
def test_disconnect_mid_upload_leaves_nothing(service: ApiService, tenths: int) -> None:
    whole = body(b"x" * 150_000)
    with connection(service) as sock:
        sock.sendall(head(service, f"Content-Length: {len(whole)}") + whole[: len(whole) * tenths // 10])
        time.sleep(0.02)
    assert gone(service)


def test_a_body_that_ends_early_400(service: ApiService) -> None:
    whole = body(b"x" * 1000)[:-10]
    response = post(service, whole)
    assert (response.status_code, response.json()["code"]) == (400, "upload_incomplete")
    assert gone(service)


def test_silence_on_the_line_408(service: ApiService) -> None:
    whole = body(b"x" * 100_000)
    began = time.monotonic()
    with connection(service) as sock:
        sock.sendall(head(service, f"Content-Length: {len(whole)}") + whole[:50_000])
        status = sock.recv(12)
        assert time.monotonic() - began >= PATIENCE_S
    assert status == b"HTTP/1.1 408"
    assert gone(service)


def test_silence_inside_a_json_body_408(service: ApiService) -> None:
    lines = [
        "POST /v1/texts HTTP/1.1",
        "Host: test",
        f"Authorization: Bearer {service.keys['uploader']}",
        "Content-Type: application/json",
        "Content-Length: 100",
    ]
    with connection(service) as sock:
        sock.sendall("\r\n".join([*lines, "", '{"a"']).encode())
        assert sock.recv(12) == b"HTTP/1.1 408"


def test_slow_but_alive_is_accepted(service: ApiService) -> None:
    whole = body(b"x" * 1000)

    def trickle() -> Iterator[bytes]:
        for i in range(0, len(whole), 250):
            time.sleep(PATIENCE_S / 3)
            yield whole[i : i + 250]

    assert post(service, trickle()).status_code == 202


def test_a_stranger_sending_much_gets_401_not_a_reset(service: ApiService) -> None:
    response = post(service, body(b"x" * 8_000_000), key="nobody")
    assert response.status_code == 401
    assert response.headers["Connection"] == "close"
    assert post(service, body(b"x"), key="manager").status_code == 403
    assert gone(service)


def test_who_goes_on_sending_after_the_refusal_is_cut_off(service: ApiService) -> None:
    """The answer is kind, the patience bounded: the service does not swallow gigabytes that it has refused."""
    declared, sent = 400_000_000, 0
    with connection(service) as sock:
        sock.sendall(head(service, f"Content-Length: {declared}"))
        with suppress(ConnectionError):
            while sent < declared:
                sent += sock.send(bytes(1 << 20))
    assert sent < 100_000_000
    assert gone(service)


def test_the_connection_stays_usable_after_a_complete_upload(service: ApiService) -> None:
    parts = urlsplit(service.url)
    link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    headers = {
        "Authorization": f"Bearer {service.keys['uploader']}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    for status in (202, 200):
        link.request("POST", "/v1/calls", body(b"abc"), headers)
        response = link.getresponse()
        response.read()
        assert response.status == status
    link.close()


METADATA_PART, _, REST = body(b"abc").partition(
    f"--{BOUNDARY}".encode() + b'\r\nContent-Disposition: form-data; name="r'
)
RECORDING_PART = f"--{BOUNDARY}".encode() + b'\r\nContent-Disposition: form-data; name="r' + REST


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (METADATA_PART + f"--{BOUNDARY}--\r\n".encode(), "recording"),
        (RECORDING_PART, "metadata"),
        (body(b"abc").replace(b'name="recording"', b'name="metadata"'), "metadata"),
        (body(b"abc").replace(b'name="recording"', b'name="file"'), "file"),
        (body(b"abc", "{"), "metadata"),
        (body(b"abc", "[]"), "metadata"),
        (body(b"abc", " " * 70_000), "metadata"),
    ],
    ids=["no recording", "no metadata", "metadata twice", "unknown part", "broken JSON", "no object", "too long"],
)
def test_what_is_missing_or_wrong_is_named(service: ApiService, content: bytes, field: str) -> None:
    response = post(service, content)
    assert response.status_code == 422
    problem = response.json()
    assert problem["code"] == "invalid_input"
    assert [e["field"] for e in problem["errors"]] == [field]
    assert gone(service)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"external_id": ""}, "external_id"),
        ({"external_id": 17}, "external_id"),
        ({"external_id": "a\nb"}, "external_id"),
        ({"external_id": "a" * 201}, "external_id"),
        ({"started_at": "2026-11-23T14:05:00"}, "started_at"),
        ({"started_at": 1795442700}, "started_at"),
        ({"started_at": "1795442700"}, "started_at"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": "0001-01-01T00:00:00+14:00"}, "started_at"),
        ({"started_at": None}, "started_at"),
        ({"direction": "sideways"}, "direction"),
        ({"custmer": {"id": "c"}}, "custmer"),
        ({"customer": {"name": "宏远"}}, "customer.id"),
        ({"customer": {"id": "c", "phone": "1"}}, "customer.phone"),
        ({"salesperson": "王芳"}, "salesperson"),
        ({"channels": "stereo"}, "channels"),
        ({"channels": {"left": "agent"}}, "channels"),
        ({"channels": {"left": "boss", "right": "agent"}}, "channels"),
    ],
    ids=str,
)
def test_metadata_fields(service: ApiService, change: dict[str, Any], field: str) -> None:
    response = service.upload(b"abc", **change)
    assert response.status_code == 422
    assert any(e["field"].startswith(f"metadata.{field}") for e in response.json()["errors"])
    assert gone(service)


def test_the_value_itself_is_never_echoed(service: ApiService) -> None:
    response = service.upload(b"abc", callee={"number": "13812345678"}, direction="13812345678")
    assert response.status_code == 422
    assert "13812345678" not in response.text


def test_all_wrong_fields_in_the_readers_language(service: ApiService) -> None:
    with service.client("uploader", **{"Accept-Language": "zh-CN"}) as client:
        metadata = METADATA | {"started_at": "2026-11-23T14:05:00", "typo": 1}
        problem = client.post("/v1/calls", files=parts(b"x", metadata)).json()
    assert problem["errors"] == [
        {"field": "metadata.started_at", "problem": "必须带时区，例如 +08:00 或 Z"},
        {"field": "metadata.typo", "problem": "未知字段，请检查拼写"},
    ]


def test_empty_optional_fields_count_as_absent(service: ApiService) -> None:
    response = service.upload(b"abc", caller="", extension="", customer={"id": "c-1", "name": ""}, lead_grade=None)
    assert response.status_code == 202
    with service.client("admin") as client:
        metadata = client.get(response.json()["links"]["self"]).json()["metadata"]
    assert (metadata["caller"], metadata["extension"], metadata["customer"]["name"]) == (None, None, None)


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data", "multipart/mixed; boundary=x", "", "x" * 50]
)
def test_other_content_types_415(service: ApiService, kind: str) -> None:
    response = post(service, body(b"abc"), **{"Content-Type": kind})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_garbage_in_a_multipart_envelope_400(service: ApiService) -> None:
    response = post(service, b"\x00\xff garbage" * 100)
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")
    assert gone(service)
