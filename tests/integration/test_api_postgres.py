"""What PostgreSQL does differently from SQLite, seen through the API: real concurrency, strict text, other SQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from speechsvc.config import Settings
from tests.fakes.api_service import ApiService, running, wav

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def service(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiService]:
    folder: Path = tmp_path_factory.mktemp("postgres")
    with running(Settings(_env_file=None, data_dir=folder, database_url=postgres_url, log_level="ERROR")) as service:
        yield service


def test_parallel_uploads_make_one_call(service: ApiService) -> None:
    recording = wav(0.5)
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: service.upload(recording, external_id="parallel"), range(30)))
    assert sorted(a.status_code for a in answers) == [200] * 29 + [202]
    assert len({a.json()["id"] for a in answers}) == 1
    assert len(service.blob_files()) == 1
    service.work()


def test_a_call_from_upload_to_erasure(service: ApiService) -> None:
    call = service.upload(wav(5, seed=3), external_id="whole").json()
    service.work()
    with service.client("admin") as client:
        assert [client.get(link).status_code for link in call["links"].values()] == [200] * 5
        for query in ("topic=budget_approval", "contact=effective", "score_from=0", "from=2026-11-23", "to=2026-11-24"):
            assert call["id"] in [c["id"] for c in client.get(f"/v1/calls?{query}").json()["calls"]]
        heatmap = client.get("/v1/heatmap?row=week").json()
        [row] = heatmap["rows"]
        for cell in row["cells"].values():
            mentions = client.get(cell["mentions_url"]).json()["mentions"]
            assert len({m["call_id"] for m in mentions}) == cell["calls"]
        events = client.get("/v1/changes").json()["events"]
        assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
        assert {"call.analysed", "followup.scored"} <= {e["type"] for e in events}
        assert client.delete(call["links"]["self"]).status_code == 204
        assert client.get(call["links"]["self"]).status_code == 404
        assert client.get("/v1/audit").json()["entries"][0]["action"] == "call.erased"
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/calls?team=a%00b",
        "/v1/calls/call%00",
        "/v1/mentions?row=team&row_key=%00",
        "/v1/calls?external_id=%ED%A0%80",
        "/v1/calls?team=%FF%FE",
        "/v1/changes?cursor=9223372036854775808",
        "/v1/calls?cursor=WyJhIiwgMV0",
    ],
)
def test_text_that_postgresql_refuses_never_becomes_a_500(service: ApiService, path: str) -> None:
    with service.client("admin") as client:
        assert client.get(path).status_code in (200, 404, 422)
