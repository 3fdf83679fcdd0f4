"""Errors in two languages, request ids, logs, readiness, the OpenAPI document and its page."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from structlog.testing import capture_logs

from speechsvc import errors
from speechsvc.api.app import create_app
from speechsvc.api.language import language_of
from speechsvc.config import Settings
from speechsvc.domain.event import EVENT_TYPES
from speechsvc.errors import StorageFull
from tests.fakes.api_service import METADATA as META
from tests.fakes.api_service import ApiApplication, ApiService, make_application, parts, running, wav


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiService]:
    folder = tmp_path_factory.mktemp("operations")
    with running(Settings(_env_file=None, data_dir=folder, log_level="ERROR")) as service:
        yield service


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,en;q=0.9,zh;q=0.8", "en"), ("zh;q=0", "en"),
        ("fr, zh;q=0.1", "zh"), ("ZH-tw", "zh"), ("zh;q=banana, en;q=0.1", "en"), ("*", "en"), (",;,=", "en"),
    ],
)  # fmt: skip
def test_language(header: str, language: str) -> None:
    request = httpx.Request("GET", "http://x", headers={"Accept-Language": header})
    assert language_of(request) == language  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "detail"), [("en", "There is nothing at this address."), ("zh", "这个地址不存在。")]
)
def test_the_shape_of_every_error(service: ApiService, language: str, detail: str) -> None:
    with service.client("admin", **{"Accept-Language": language, "X-Request-ID": "my-1"}) as client:
        response = client.get("/v1/nothing")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Content-Language"] == language
    assert response.headers["X-Request-ID"] == "my-1"
    problem = response.json()
    assert set(problem) == {"type", "title", "status", "code", "detail", "next_step", "request_id"}
    assert (problem["status"], problem["code"], problem["detail"]) == (404, "route_not_found", detail)
    assert problem["request_id"] == "my-1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", "<script>"])
def test_unfit_request_ids_are_replaced(service: ApiService, given: str) -> None:
    with service.client(None) as client:
        headers = [(b"X-Request-ID", given.encode())]
        answered = client.get("/healthz", headers=headers).headers["X-Request-ID"]
    assert re.fullmatch(r"req_[0-9a-z]{26}", answered)


def test_method_not_allowed(service: ApiService) -> None:
    with service.client("admin") as client:
        response = client.patch("/v1/heatmap")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "GET"


def test_health(service: ApiService) -> None:
    with service.client(None) as client:
        assert client.get("/healthz").json()["status"] == "ok"
        ready = client.get("/readyz")
    assert ready.status_code == 200
    names = [c["name"] for c in ready.json()["checks"]]
    assert names[:2] == ["database", "recordings"]
    assert {"workers.asr", "workers.text", "workers.crm"} <= set(names)


class _Down:
    """A part that does not work."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> Any:
            raise self._error

        return fail


def asgi(application: ApiApplication, **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(application, **options), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def run(call: Any) -> Any:
    import anyio

    return anyio.run(call)


def test_readiness_names_what_is_down_and_hides_the_rest(service: ApiService) -> None:
    secret = RuntimeError("amqp://user:hunter2@10.0.0.1")
    core = replace(service.core, blobs=_Down(StorageFull()))
    application = ApiApplication(settings=service.application.settings, core=core)

    async def ask() -> httpx.Response:
        async with asgi(application, dispatcher=_Down(secret)) as client:
            return await client.get("/readyz")

    response = run(ask)
    assert response.status_code == 503
    failed = {c["name"]: (c["code"], c["problem"]) for c in response.json()["checks"] if not c["ok"]}
    assert failed == {
        "recordings": ("storage_full", "The disk is full; nothing was stored."),
        "broker": ("internal_error", "RuntimeError"),
    }
    assert "hunter2" not in response.text


def test_readiness_notices_that_no_worker_runs(service: ApiService, monkeypatch: pytest.MonkeyPatch) -> None:
    from speechsvc.api import operations

    service.upload(wav(0.1), external_id="waits-for-a-worker")
    with service.client("admin") as client:
        assert client.get("/readyz").status_code == 200
        monkeypatch.setattr(operations, "WAIT_S", -1.0)
        response = client.get("/readyz")
    service.work()
    assert response.status_code == 503
    assert [c["code"] for c in response.json()["checks"] if c["name"] == "workers.asr"] == ["no_worker"]


def test_a_crash_shows_no_internals(service: ApiService) -> None:
    core = replace(service.core, db=_Down(RuntimeError("SELECT secret FROM calls WHERE phone='13812345678'")))
    application = ApiApplication(settings=service.application.settings, core=core)

    async def ask() -> httpx.Response:
        async with asgi(application) as client:
            return await client.get("/v1/calls", headers={"Authorization": f"Bearer {service.keys['admin']}"})

    with capture_logs() as logs:
        response = run(ask)
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    [crash] = [e for e in logs if e["event"] == "request_crashed"]
    assert crash["error_type"] == "RuntimeError"
    for leaked in ("13812345678", "SELECT"):
        assert leaked not in response.text + json.dumps(logs)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.json()["request_id"] == response.headers["X-Request-ID"]


def test_a_full_disk_is_507_and_can_be_retried(service: ApiService) -> None:
    core = replace(service.core, blobs=_Down(StorageFull()))
    application = ApiApplication(settings=service.application.settings, core=core)

    async def ask() -> httpx.Response:
        headers = {"Authorization": f"Bearer {service.keys['uploader']}"}
        async with asgi(application) as client:
            return await client.post("/v1/calls", files=parts(wav(0.1), META), headers=headers)

    response = run(ask)
    assert (response.status_code, response.json()["code"]) == (507, "storage_full")
    assert response.headers["Retry-After"] == "60"


def test_the_access_log_holds_the_route_and_no_content(service: ApiService) -> None:
    async def ask() -> None:
        headers = {"Authorization": f"Bearer {service.keys['admin']}", "X-Request-ID": "log-1"}
        async with asgi(service.application) as client:
            await client.get("/v1/calls?external_id=pbx-secret", headers=headers)
            await client.get("/v1/calls/call_secret", headers=headers)

    with capture_logs() as logs:
        run(ask)
    entries = [e for e in logs if e["event"] == "http_request"]
    assert [(e["route"], e["status"]) for e in entries] == [("/v1/calls", 200), ("/v1/calls/{call_id}", 404)]
    assert entries[1]["error_code"] == "not_found"
    assert "secret" not in json.dumps(logs)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("document"))
    application, _ = make_application(settings, [])
    made: dict[str, Any] = create_app(application).openapi()
    return made


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_document_is_whole(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known
    assert set(document["webhooks"]) == set(EVENT_TYPES)
    used = {tag for path in document["paths"].values() for op in path.values() for tag in op["tags"]}
    assert used <= {t["name"] for t in document["tags"]}


def test_every_operation_says_what_it_does_and_how_it_fails(document: dict[str, Any]) -> None:
    ids = []
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            assert operation["description"]
            ids.append(operation["operationId"])
            if path.startswith("/v1/"):
                assert operation["security"] == [{"HTTPBearer": []}]
                assert operation["x-permission"]
                for status, answer in operation["responses"].items():
                    if status >= "4":
                        assert list(answer["content"]) == ["application/problem+json"]
    assert len(ids) == len(set(ids))


def test_the_upload_is_described(document: dict[str, Any]) -> None:
    upload = document["paths"]["/v1/calls"]["post"]
    form = upload["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["metadata", "recording"]
    assert {"200", "202", "409", "413", "415", "408", "507"} <= set(upload["responses"])
    metadata = document["components"]["schemas"]["CallMetadataIn"]
    assert set(metadata["required"]) == {"external_id", "started_at"}
    assert metadata["additionalProperties"] is False


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [v or "" for k, v in attrs if k in ("src", "href")]


def test_the_docs_page_needs_nothing_from_elsewhere(service: ApiService, document: dict[str, Any]) -> None:
    with service.client(None) as client:
        response = client.get("/docs")
        assert client.get("/openapi.json").status_code == 200
    page = _Page()
    page.feed(response.text)
    assert "script" not in page.tags
    assert all(s.startswith(("#", "/")) for s in page.sources)
    for path in document["paths"]:
        assert path in response.text


def test_the_guide_lists_every_code_a_caller_can_meet() -> None:
    from speechsvc.api import errors as api_errors
    from speechsvc.api import piece, tus
    from speechsvc.audio import errors as audio_errors
    from speechsvc.services import read_calls, receive_call, resume_upload, run_next
    from speechsvc.storage import blobs, engine

    modules = (errors, api_errors, audio_errors, receive_call, read_calls, run_next, blobs, engine)
    modules = (*modules, piece, tus, resume_upload)
    guide = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    codes = {
        kind.code
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, errors.SpeechsvcError) and kind.__module__ == module.__name__
    }
    assert {code for code in codes if f"`{code}`" not in guide} == set()


NASTY = (
    "", " ", "0", "-1", "1e9", "null", "true", "'\"`;--", "%", "../../etc/passwd", "\x00", "😀",
    "2026-02-30", "9999-12-31T23:59:59-23:59", "0001-01-01", "9" * 200, "é" * 199, "WyIiXQ", "WzEsMiwzLDRd", "{}",
    "any,any", ",",
)  # fmt: skip


def test_no_value_of_any_parameter_makes_the_service_fail(service: ApiService, document: dict[str, Any]) -> None:
    service.upload(wav(0.1), external_id="nasty")
    service.work()
    asked = 0
    with service.client("admin") as client:
        for path, methods in document["paths"].items():
            operation = methods.get("get")
            if operation is None or not path.startswith("/v1/"):
                continue
            for parameter in operation.get("parameters", []):
                for value in NASTY:
                    asked += 1
                    if parameter["in"] == "path":
                        url = path.replace("{" + parameter["name"] + "}", quote(value or "x", safe=""))
                        response = client.get(url)
                    else:
                        url = re.sub(r"\{.*?\}", "unknown", path)
                        response = client.get(url, params={parameter["name"]: value})
                    assert response.status_code in (200, 403, 404, 422), (path, parameter["name"], value)
                    if response.status_code != 200:
                        assert response.headers["Content-Type"] == "application/problem+json"
    assert asked > 500


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("/v1/calls", ["9999-12-31T23:59:59-23:59", "x"]),
        ("/v1/calls", ["0001-01-01T00:00:00+23:59", "x"]),
        ("/v1/calls", ["2026-11-23T00:00:00+00:00", "\x00"]),
        ("/v1/mentions", ["2026-11-23T00:00:00+00:00", "x", 10**30, "x"]),
        ("/v1/audit", ["\ud800"]),
    ],
)
def test_forged_cursors(service: ApiService, path: str, position: list[Any]) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")
    with service.client("admin") as client:
        response = client.get(path, params={"cursor": cursor})
    assert response.status_code in (200, 422)
