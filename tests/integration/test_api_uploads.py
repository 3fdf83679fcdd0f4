"""Resumable uploads over real HTTP: whatever breaks, what arrived is kept, one call is made, nothing is left behind."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func, select, update

from speechsvc.config import Settings
from speechsvc.services.clean_up import clean_up
from speechsvc.storage.engine import transaction
from speechsvc.storage.tables import upload_parts, uploads
from tests.fakes.api_service import METADATA, ApiService, running, wav
from tests.fakes.tus import PIECE, TUS, ask, begin, beginning, offset_of, send

LIMIT = 30_000_000
PATIENCE_S = 4.0  # the margin of tests that act between the first quiet second and giving up
RECORDING = wav(1.0)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiService]:
    settings = Settings(
        _env_file=None, data_dir=tmp_path_factory.mktemp("uploads"), max_upload_bytes=LIMIT, log_level="ERROR"
    )
    with running(settings, upload_patience_s=PATIENCE_S) as service:
        yield service


@pytest.fixture
def service(shared: ApiService) -> Iterator[ApiService]:
    """The same process for all tests of this file, without calls and uploads; no test may leave a stray file."""
    yield shared
    age(shared)
    clean_up(shared.core)
    assert rows(shared) == (0, 0)
    with shared.client("admin") as client:
        for call in client.get("/v1/calls?limit=200").json()["calls"]:
            client.delete(f"/v1/calls/{call['id']}")
    assert shared.blob_files() == []
    shared.wakes.clear()


@pytest.fixture
def client(service: ApiService) -> Iterator[httpx.Client]:
    with service.client("uploader") as client:
        yield client


def age(service: ApiService) -> None:
    """A day goes by for every upload."""
    with transaction(service.database.engine, write=True) as connection:
        past = service.core.clock.now() - timedelta(seconds=1)
        connection.execute(update(uploads).values(expires_at=past))


def rows(service: ApiService) -> tuple[int, int]:
    with transaction(service.database.engine, write=False) as connection:
        counts = [connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (uploads, upload_parts)]
    return counts[0], counts[1]


def raw(service: ApiService, url: str, offset: int, length: int) -> socket.socket:
    """A connection on which a PATCH has begun."""
    parts = urlsplit(service.url)
    assert parts.hostname
    sock = socket.create_connection((parts.hostname, parts.port), timeout=15)
    lines = [
        f"PATCH {url} HTTP/1.1",
        "Host: test",
        f"Authorization: Bearer {service.keys['uploader']}",
        f"Content-Length: {length}",
        f"Upload-Offset: {offset}",
        *(f"{k}: {v}" for k, v in (TUS | PIECE).items()),
    ]
    sock.sendall("\r\n".join([*lines, "", ""]).encode())
    return sock


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


def call_of(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    """The call that an answer of the upload names."""
    call_id = answer.headers["Speechsvc-Call-Id"]
    assert answer.headers["Link"] == f'</v1/calls/{call_id}>; rel="related"'
    call: dict[str, Any] = client.get(f"/v1/calls/{call_id}").json()
    return call


def test_from_creation_to_a_finished_call(service: ApiService, client: httpx.Client) -> None:
    created = client.post("/v1/uploads", headers=TUS | beginning(len(RECORDING), METADATA))
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, "0")
    left = parsedate_to_datetime(created.headers["Upload-Expires"]) - service.core.clock.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    url = created.headers["Location"]
    first = send(client, url, 0, RECORDING[:10_000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "10000")
    assert "Speechsvc-Call-Id" not in first.headers
    assert service.wakes == []
    standing = ask(client, url)
    assert (standing.status_code, standing.headers["Cache-Control"]) == (200, "no-store")
    assert (standing.headers["Upload-Offset"], standing.headers["Upload-Length"]) == ("10000", str(len(RECORDING)))
    last = send(client, url, 10_000, RECORDING[10_000:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(RECORDING)))
    assert service.wakes == [1]
    call = call_of(client, last)
    assert (call["status"], call["size"], call["metadata"]["external_id"]) == ("queued", len(RECORDING), "pbx-1")
    assert call["metadata"]["salesperson"] == {"id": "s-1", "name": "王芳", "team": "east"}
    assert call["metadata"]["started_at"] == "2026-11-23T06:05:00Z"
    [file] = service.blob_files()
    assert file.read_bytes() == RECORDING
    service.work()
    assert call_of(client, ask(client, url))["status"] == "done"
    with service.client("admin") as admin:
        actions = [e["action"] for e in admin.get("/v1/audit").json()["entries"] if e["subject"] == call["id"]]
    assert actions == ["call.received"]


@pytest.mark.parametrize("sizes", [[1, 1, 1, 1], [0, 5, 0], [31_000], [len(RECORDING)]], ids=str)
def test_pieces_of_any_size(service: ApiService, client: httpx.Client, sizes: list[int]) -> None:
    url, offset = begin(client, len(RECORDING), METADATA), 0
    for size in [*sizes, len(RECORDING) - sum(sizes)]:
        answer = send(client, url, offset, RECORDING[offset : offset + size])
        offset += size
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(offset))
    call_of(client, answer)
    [file] = service.blob_files()
    assert file.read_bytes() == RECORDING


@pytest.mark.parametrize("cut", [0, 1, 100_000, 524_288, 900_000, 999_999])
def test_a_broken_connection_keeps_what_arrived(service: ApiService, client: httpx.Client, cut: int) -> None:
    recording = bytes(range(250)) * 4000
    url = begin(client, len(recording), METADATA)
    with raw(service, url, 0, len(recording)) as sock:
        sock.sendall(recording[:cut])
        time.sleep(0.5)  # read, but not yet a part: the line is not quiet long enough
        assert rows(service) == (1, 0)
    assert eventually(lambda: offset_of(client, url) == cut)
    answer = send(client, url, cut, recording[cut:])
    assert call_of(client, answer)["size"] == len(recording)
    [file] = service.blob_files()
    assert file.read_bytes() == recording


def test_cut_again_and_again(service: ApiService, client: httpx.Client) -> None:
    recording = wav(2.0, seed=4)
    url, offset, cuts = begin(client, len(recording), METADATA), 0, 0
    while offset < len(recording):
        with raw(service, url, offset, len(recording) - offset) as sock:
            sock.sendall(recording[offset : offset + 13_001])
            time.sleep(0.05)
        eventually(lambda was=offset: offset_of(client, url) > was)  # type: ignore[misc]
        offset, cuts = offset_of(client, url), cuts + 1
        assert cuts < 50
    assert cuts > 3
    assert call_of(client, ask(client, url))["size"] == len(recording)
    [file] = service.blob_files()
    assert file.read_bytes() == recording


def test_a_dead_line_shows_its_bytes_before_it_is_given_up(service: ApiService, client: httpx.Client) -> None:
    """The client that comes back on a new connection does not find zero while the old one is still waited for."""
    url = begin(client, 5000, METADATA)
    with raw(service, url, 0, 5000) as sock:
        sock.sendall(b"x" * 3000)
        assert eventually(lambda: offset_of(client, url) == 3000)
        assert send(client, url, 3000, b"x" * 2000).status_code == 204
        assert sock.recv(12) == b"HTTP/1.1 408"


def test_an_old_connection_that_wakes_up_again_changes_nothing(service: ApiService, client: httpx.Client) -> None:
    url = begin(client, 5000, METADATA)
    with raw(service, url, 0, 5000) as sock:
        sock.sendall(b"x" * 3000)
        assert eventually(lambda: offset_of(client, url) == 3000)
        assert send(client, url, 3000, b"y" * 1000).status_code == 204
        sock.sendall(b"x" * 2000)
        assert sock.recv(12) == b"HTTP/1.1 409"
    assert send(client, url, 4000, b"z" * 1000).status_code == 204
    [file] = service.blob_files()
    assert file.read_bytes() == b"x" * 3000 + b"y" * 1000 + b"z" * 1000


def test_a_long_piece_becomes_durable_on_the_way(service: ApiService, client: httpx.Client) -> None:
    recording = bytes(range(200)) * 100_000
    url = begin(client, len(recording), METADATA)
    with raw(service, url, 0, len(recording)) as sock:
        sock.sendall(recording[:17_500_000])
        assert eventually(lambda: rows(service)[1] >= 2)
        with service.client("uploader") as other:
            assert offset_of(other, url) >= 16 << 20
    assert eventually(lambda: offset_of(client, url) == 17_500_000)
    assert send(client, url, 17_500_000, recording[17_500_000:]).status_code == 204
    [file] = service.blob_files()
    assert file.read_bytes() == recording


@pytest.mark.parametrize("offset", [0, 99, 101, 3999, 4000, 10**17])
def test_a_wrong_offset_409(service: ApiService, client: httpx.Client, offset: int) -> None:
    url = begin(client, 4000, METADATA)
    send(client, url, 0, b"x" * 100)
    answer = send(client, url, offset, b"y" * 10)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_offset_conflict")
    assert "100" in answer.json()["detail"]
    assert offset_of(client, url) == 100
    assert len(service.blob_files()) == 1


@pytest.mark.parametrize("chunked", [False, True])
def test_more_than_announced_413(service: ApiService, client: httpx.Client, chunked: bool) -> None:
    url = begin(client, 1000, METADATA)
    send(client, url, 0, b"x" * 400)
    body = b"y" * 601
    answer = send(client, url, 400, iter([body[:300], body[300:]]) if chunked else body)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_long")
    assert offset_of(client, url) == 400
    assert len(service.blob_files()) == 1


def test_twenty_parallel_pieces_one_wins(service: ApiService, client: httpx.Client) -> None:
    in_parallel(service, client)


def in_parallel(service: ApiService, client: httpx.Client) -> None:
    """Also run on PostgreSQL."""
    url = begin(client, len(RECORDING), METADATA)
    for start, end in ((0, 20_000), (20_000, len(RECORDING))):

        def one(_: int, start: int = start, end: int = end) -> httpx.Response:
            with service.client("uploader") as own:
                return send(own, url, start, RECORDING[start:end])

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(one, range(20)))
        assert sorted(a.status_code for a in answers) == [204] + [409] * 19
        assert offset_of(client, url) == end
        assert len(service.blob_files()) == 1
    [won] = [a for a in answers if a.status_code == 204]
    assert call_of(client, won)["size"] == len(RECORDING)
    [file] = service.blob_files()
    assert file.read_bytes() == RECORDING
    assert rows(service) == (1, 0)


def test_a_repeated_last_piece_is_harmless(service: ApiService, client: httpx.Client) -> None:
    url = begin(client, len(RECORDING), METADATA)
    first = send(client, url, 0, RECORDING)
    assert send(client, url, 0, RECORDING).status_code == 409
    again = send(client, url, len(RECORDING), b"")
    assert (again.status_code, ask(client, url).status_code) == (204, 200)
    assert call_of(client, again)["id"] == call_of(client, ask(client, url))["id"] == call_of(client, first)["id"]
    assert len(service.blob_files()) == 1
    assert service.wakes == [1]


def test_the_same_recording_again_is_the_same_call(service: ApiService, client: httpx.Client) -> None:
    first = service.upload(RECORDING).json()["id"]
    answer = send(client, begin(client, len(RECORDING), METADATA), 0, RECORDING)
    assert answer.headers["Speechsvc-Call-Id"] == first
    assert len(service.blob_files()) == 1
    assert len(client.get("/v1/calls").json()["calls"]) == 1


def test_another_recording_of_the_same_length_409_and_stays_so(service: ApiService, client: httpx.Client) -> None:
    service.upload(RECORDING)
    other = wav(1.0, seed=2)
    url = begin(client, len(other), METADATA)
    for answer in (send(client, url, 0, other), send(client, url, len(other), b"")):
        assert (answer.status_code, answer.json()["code"]) == (409, "external_id_conflict")
        assert "pbx-1" in answer.json()["detail"]
    refused = ask(client, url)
    assert refused.status_code == 409
    assert "Upload-Offset" not in refused.headers
    assert len(service.blob_files()) == 1
    assert client.delete(url, headers=TUS).status_code == 204
    assert ask(client, url).status_code == 404


def test_another_length_is_refused_before_any_byte_is_sent(service: ApiService, client: httpx.Client) -> None:
    service.upload(RECORDING)
    answer = client.post("/v1/uploads", headers=TUS | beginning(len(RECORDING) + 1, METADATA))
    assert (answer.status_code, answer.json()["code"]) == (409, "external_id_conflict")
    assert rows(service) == (0, 0)


def test_termination(service: ApiService, client: httpx.Client) -> None:
    url = begin(client, 1000, METADATA)
    send(client, url, 0, b"x" * 400)
    assert client.delete(url, headers=TUS).status_code == 204
    assert service.blob_files() == []
    assert [
        r.status_code for r in (ask(client, url), send(client, url, 400, b"x"), client.delete(url, headers=TUS))
    ] == [404] * 3


def test_termination_under_way(service: ApiService, client: httpx.Client) -> None:
    url = begin(client, 5000, METADATA)
    with raw(service, url, 0, 5000) as sock:
        sock.sendall(b"x" * 3000)
        assert eventually(lambda: offset_of(client, url) == 3000)
        assert client.delete(url, headers=TUS).status_code == 204
        sock.sendall(b"x" * 2000)
        assert sock.recv(12) == b"HTTP/1.1 404"
    assert service.blob_files() == []


def test_terminating_a_finished_upload_keeps_the_call(service: ApiService, client: httpx.Client) -> None:
    url = begin(client, len(RECORDING), METADATA)
    call = call_of(client, send(client, url, 0, RECORDING))
    assert client.delete(url, headers=TUS).status_code == 204
    assert client.get(f"/v1/calls/{call['id']}").status_code == 200
    assert len(service.blob_files()) == 1


def test_expired(service: ApiService, client: httpx.Client) -> None:
    url = begin(client, 1000, METADATA)
    send(client, url, 0, b"x" * 400)
    age(service)
    answer = send(client, url, 400, b"x")
    assert (answer.status_code, answer.json()["code"], ask(client, url).status_code) == (410, "upload_expired", 410)
    clean_up(service.core)
    assert ask(client, url).status_code == 404
    assert service.blob_files() == []


def test_young_uploads_survive_the_sweep(service: ApiService, client: httpx.Client) -> None:
    """Even when their parts are older than any stray file may be."""
    url = begin(client, 1000, METADATA)
    send(client, url, 0, b"x" * 400)
    assert clean_up(service.core, older_than_s=-60) == 0
    assert send(client, url, 400, b"y" * 600).status_code == 204
    [file] = service.blob_files()
    assert file.read_bytes() == b"x" * 400 + b"y" * 600


def test_another_tenant_sees_nothing(service: ApiService, client: httpx.Client) -> None:
    url = begin(client, 1000, METADATA)
    send(client, url, 0, b"x" * 400)
    with service.client("foreign_crm") as foreign:
        answers = [ask(foreign, url), send(foreign, url, 400, b"y" * 600), foreign.delete(url, headers=TUS)]
    assert [a.status_code for a in answers] == [404] * 3
    assert offset_of(client, url) == 400


def test_only_the_maker_gets_the_metadata_back(service: ApiService, client: httpx.Client) -> None:
    sent = beginning(1000, METADATA)
    url = client.post("/v1/uploads", headers=TUS | sent).headers["Location"]
    assert ask(client, url).headers["Upload-Metadata"] == sent["Upload-Metadata"]
    with service.client("crm") as colleague:
        assert "Upload-Metadata" not in ask(colleague, url).headers
        assert send(colleague, url, 0, b"x" * 1000).status_code == 204
    assert "Upload-Metadata" not in ask(client, url).headers
    with transaction(service.database.engine, write=False) as connection:
        kept = connection.execute(select(uploads.c.metadata, uploads.c.header)).one()
    assert tuple(kept) == (None, None)


def test_options(client: httpx.Client) -> None:
    answer = client.options("/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(LIMIT)
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "termination",
        "expiration",
    }


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.0, 1.0.1"])
def test_another_version_412(client: httpx.Client, version: str | None) -> None:
    url = begin(client, 1000, METADATA)
    headers = PIECE | beginning(1000, METADATA) | {"Upload-Offset": "0"}
    headers |= {"Tus-Resumable": version} if version else {}
    for method, path in (("POST", "/v1/uploads"), ("HEAD", url), ("PATCH", url), ("DELETE", url)):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 412
        assert (answer.headers["Tus-Version"], answer.headers["Tus-Resumable"]) == ("1.0.0", "1.0.0")
    assert offset_of(client, url) == 0


@pytest.mark.parametrize("whole", [False, True])
def test_creation_with_upload(service: ApiService, client: httpx.Client, whole: bool) -> None:
    first = RECORDING if whole else RECORDING[:9000]
    headers = TUS | PIECE | beginning(len(RECORDING), METADATA)
    answer = client.post("/v1/uploads", headers=headers, content=first)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(len(first)))
    if not whole:
        answer = send(client, answer.headers["Location"], len(first), RECORDING[len(first) :])
    assert call_of(client, answer)["size"] == len(RECORDING)
    [file] = service.blob_files()
    assert file.read_bytes() == RECORDING


def test_a_method_that_a_proxy_blocks(client: httpx.Client) -> None:
    url = begin(client, 1000, METADATA)
    headers = TUS | PIECE | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert client.post(url, headers=headers, content=b"x" * 10).status_code == 204
    assert client.post(url, headers=TUS | {"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert ask(client, url).status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"Upload-Length": None}, 422, "invalid_input", "Upload-Length"),
        ({"Upload-Length": "-1"}, 422, "invalid_input", "Upload-Length"),
        ({"Upload-Length": "1e3"}, 422, "invalid_input", "Upload-Length"),
        ({"Upload-Length": "9" * 30}, 422, "invalid_input", "Upload-Length"),
        ({"Upload-Length": "0"}, 422, "recording_empty", None),
        ({"Upload-Length": str(LIMIT + 1)}, 413, "recording_too_large", None),
        ({"Upload-Length": None, "Upload-Defer-Length": "1"}, 422, "invalid_input", "Upload-Defer-Length"),
        ({"Upload-Metadata": None}, 422, "invalid_input", "metadata"),
        ({"Upload-Metadata": "filename YQ=="}, 422, "invalid_input", "metadata"),
        ({"Upload-Metadata": "metadata"}, 422, "invalid_input", "metadata"),
        ({"Upload-Metadata": "metadata ???"}, 422, "invalid_input", "metadata"),
        ({"Upload-Metadata": "metadata e30=,metadata e30="}, 422, "invalid_input", "metadata"),
        ({"Upload-Metadata": "metadata W10="}, 422, "invalid_input", "metadata"),
        ({"Upload-Metadata": "metadata e30="}, 422, "invalid_input", "metadata.external_id"),
        ({"Content-Type": "text/plain", "body": "x"}, 415, "unsupported_media_type", None),
        ({"Content-Type": "application/offset+octet-stream", "body": "x" * 11}, 413, "upload_too_long", None),
    ],
    ids=str,
)
def test_what_is_wrong_at_creation(
    service: ApiService, client: httpx.Client, change: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    body = change.get("body", "")
    headers = {k: v for k, v in (TUS | beginning(10, METADATA) | change).items() if v is not None and k != "body"}
    answer = client.post("/v1/uploads", headers=headers, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    if field is not None:
        assert field in [e["field"] for e in answer.json()["errors"]]
    assert rows(service) == (0, 0)


@pytest.mark.parametrize(
    ("change", "field"), [({"started_at": "2026-11-23T14:05:00"}, "started_at"), ({"custmer": {}}, "custmer")], ids=str
)
def test_metadata_is_judged_as_by_post_calls(client: httpx.Client, change: dict[str, Any], field: str) -> None:
    answer = client.post("/v1/uploads", headers=TUS | beginning(10, METADATA | change))
    assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, [f"metadata.{field}"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Upload-Offset": ""}, 422), ({"Upload-Offset": "x"}, 422), ({"Content-Type": "application/json"}, 415)],
    ids=str,
)
def test_what_is_wrong_in_a_piece(client: httpx.Client, headers: dict[str, str], status: int) -> None:
    url = begin(client, 10, METADATA)
    assert send(client, url, 0, b"x", **headers).status_code == status
    assert offset_of(client, url) == 0


def test_metadata_as_a_common_client_encodes_it(client: httpx.Client) -> None:
    """Keys in any order, with spaces after commas, Chinese inside."""
    encoded = base64.b64encode('{"external_id": "通话-1", "started_at": "2026-11-23T14:05:00+08:00"}'.encode()).decode()
    headers = TUS | {"Upload-Length": "3", "Upload-Metadata": f"a YQ==, metadata {encoded} , b"}
    url = client.post("/v1/uploads", headers=headers).headers["Location"]
    assert call_of(client, send(client, url, 0, b"abc"))["metadata"]["external_id"] == "通话-1"


@pytest.mark.postgres
def test_parallel_pieces_on_postgresql(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("uploads_postgres")
    settings = Settings(_env_file=None, data_dir=folder, database_url=postgres_url, log_level="ERROR")
    with running(settings) as service, service.client("uploader") as client:
        in_parallel(service, client)
        age(service)
        clean_up(service.core)
        assert rows(service) == (0, 0)
        service.work()
