"""Every route asks who is there and whether they may, before anything else. New routes must be added here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from speechsvc.api.app import ROUTERS
from speechsvc.api.route import ApiRoute
from speechsvc.config import Settings
from speechsvc.domain.access import Permission, Principal, Role
from tests.fakes.api_service import METADATA, ApiService, parts, running, wav
from tests.fakes.tus import PIECE, TUS, beginning

EMPTY = {"name": "x", "version": 1, "topics": []}
OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/docs")}

# what to send so that an allowed caller succeeds: (method, template) -> request arguments
CASES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/calls"): {"files": lambda: parts(wav(0.1, seed=9), METADATA | {"external_id": "new"})},
    ("OPTIONS", "/v1/uploads"): {},
    ("POST", "/v1/uploads"): {"headers": lambda: TUS | beginning(6, METADATA | {"external_id": "in pieces"})},
    ("HEAD", "/v1/uploads/{upload_id}"): {"headers": TUS},
    ("PATCH", "/v1/uploads/{upload_id}"): {"headers": TUS | PIECE | {"Upload-Offset": "0"}, "content": b"abc"},
    ("DELETE", "/v1/uploads/{upload_id}"): {"headers": TUS},
    ("GET", "/v1/calls"): {},
    ("GET", "/v1/calls/{call_id}"): {},
    ("DELETE", "/v1/calls/{call_id}"): {},
    ("GET", "/v1/calls/{call_id}/transcript"): {},
    ("GET", "/v1/calls/{call_id}/mentions"): {},
    ("GET", "/v1/calls/{call_id}/score"): {},
    ("GET", "/v1/calls/{call_id}/recording"): {},
    ("HEAD", "/v1/calls/{call_id}/recording"): {},
    ("POST", "/v1/texts"): {
        "json": {"external_id": "t", "started_at": "2026-11-23T14:05:00Z", "source": "minutes", "text": "客户：太贵"}
    },
    ("GET", "/v1/heatmap"): {},
    ("GET", "/v1/mentions"): {},
    ("GET", "/v1/changes"): {},
    ("GET", "/v1/webhooks"): {},
    ("POST", "/v1/webhooks"): {"json": {"url": "https://example.com/hook"}},
    ("DELETE", "/v1/webhooks/{webhook_id}"): {},
    ("GET", "/v1/webhooks/{webhook_id}/deliveries"): {},
    ("POST", "/v1/crm/events"): {"json": {"events": []}},
    ("GET", "/v1/touch-health"): {},
    ("GET", "/v1/touch-health/leads"): {},
    ("GET", "/v1/touch-health/done-without-contact"): {},
    ("POST", "/v1/webhooks/{webhook_id}/rotate"): {"json": {}},
    ("POST", "/v1/webhooks/{webhook_id}/enable"): {"json": {}},
    ("POST", "/v1/webhooks/{webhook_id}/replay"): {"json": {"from": "2026-11-01T00:00Z", "to": "2026-11-02T00:00Z"}},
    ("POST", "/v1/webhooks/{webhook_id}/test"): {"json": {}},
    ("GET", "/v1/audit"): {},
    ("POST", "/v1/lexicon/draft/preview"): {"json": {"wait_s": 0, "lexicon": EMPTY}},
    ("GET", "/v1/lexicon/preview/{preview_id}"): {},
    ("POST", "/v1/lexicon/preview/{preview_id}/cancel"): {},
    ("POST", "/v1/lexicon/retag"): {"json": {}},
    ("GET", "/v1/lexicon/retag"): {},
    ("GET", "/v1/lexicon/retag/{run_id}"): {},
    ("POST", "/v1/lexicon/retag/{run_id}/pause"): {},
    ("POST", "/v1/lexicon/retag/{run_id}/resume"): {},
    ("POST", "/v1/lexicon/retag/{run_id}/cancel"): {},
    ("POST", "/v1/lexicon/train"): {"json": {}},
    ("POST", "/v1/lexicon/draft/thresholds"): {"json": {"thresholds": {}}},
    ("GET", "/v1/lexicon/statistics"): {},
    ("GET", "/v1/lexicon/suggestions"): {},
    ("POST", "/v1/mentions/{mention_id}/marks"): {"json": {"verdict": "right"}},
    ("POST", "/v1/calls/{call_id}/marks"): {"json": {"turn": 1, "topic": "budget_approval"}},
    ("GET", "/v1/calls/{call_id}/marks"): {},
    ("GET", "/v1/marks"): {},
    ("GET", "/v1/marks/export"): {},
    ("DELETE", "/v1/marks/{mark_id}"): {},
    ("PUT", "/v1/followups/{external_id}"): {"json": {}},
    ("GET", "/v1/followups/{external_id}"): {},
    ("GET", "/v1/followups/{external_id}/score"): {},
    ("POST", "/v1/followups/{external_id}/documents"): {
        "json": {"name": "报价单.pdf", "sha256": "ab" * 32, "uploaded_at": "2026-11-23T14:05:00Z"}
    },
    ("POST", "/v1/followups/{external_id}/minutes"): {
        "json": {"text": "预算下月批", "written_at": "2026-11-23T14:05:00Z"}
    },
    ("POST", "/v1/followups/{external_id}/appeals"): {"json": {"reason": "客户谈了预算"}},
    ("POST", "/v1/followups/{external_id}/appeals/{appeal_id}/decision"): {
        "json": {"decision": "uphold", "reason": "评分无误"}
    },
    ("POST", "/v1/followups/{external_id}/override"): {"json": {"total": 70, "reason": "线下拜访已确认"}},
    ("GET", "/v1/followups"): {},
    ("GET", "/v1/performance"): {},
    ("POST", "/v1/rubric/draft/preview"): {"json": {}},
    ("GET", "/v1/score/recompute"): {},
    ("POST", "/v1/score/rescore"): {"json": {"reason": "规则更新", "since": "2026-11-23T14:05:00Z"}},
    ("GET", "/v1/salespeople"): {},
    ("GET", "/v1/customers"): {},
    ("PUT", "/v1/salespeople/{id}"): {"json": {"team": "east"}},
    ("PUT", "/v1/customers/{id}"): {"json": {}},
}
# these make something of the caller's own tenant where there is nothing of this name
MAKING = {c for c in CASES if c[0] == "PUT"} | {
    ("POST", f"/v1/followups/{{external_id}}/{part}") for part in ("documents", "minutes")
}
ANY = {"If-Match": "*"}
for kind in ("lexicon", "rubric"):
    CASES |= {
        ("GET", f"/v1/{kind}"): {},
        ("GET", f"/v1/{kind}/versions"): {},
        ("GET", f"/v1/{kind}/versions/{{number}}"): {},
        ("GET", f"/v1/{kind}/versions/{{a}}/diff/{{b}}"): {},
        ("POST", f"/v1/{kind}/versions/{{number}}/restore"): {"json": {}},
        ("GET", f"/v1/{kind}/draft"): {},
        ("PUT", f"/v1/{kind}/draft"): {"json": {"content": {}}, "headers": ANY},
        ("DELETE", f"/v1/{kind}/draft"): {},
        ("POST", f"/v1/{kind}/draft/check"): {},
        ("POST", f"/v1/{kind}/draft/publish"): {"json": {}},
        ("POST", f"/v1/{kind}/draft/merge-default"): {},
        ("POST", f"/v1/{kind}/draft/resolve"): {"json": {"choices": {}}},
        ("POST", f"/v1/{kind}/draft/import"): {"params": {"format": "json"}, "content": b"{}", "headers": ANY},
        ("GET", f"/v1/{kind}/export"): {},
        ("POST", f"/v1/{kind}/evaluate"): {"json": {"calls": [{"call_id": "c", "turns": []}]}},
    }


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiService]:
    folder = tmp_path_factory.mktemp("access")
    with running(Settings(_env_file=None, data_dir=folder, log_level="ERROR")) as service:
        yield service


@pytest.fixture(scope="module")
def ids(service: ApiService) -> dict[str, str]:
    """One finished call and one webhook of the tenant acme."""
    call = service.upload(wav(0.2)).json()["id"]
    service.work()
    with service.client("crm") as client:
        headers = TUS | beginning(6, METADATA | {"external_id": "begun"})
        upload = client.post("/v1/uploads", headers=headers).headers["Location"].rsplit("/", 1)[1]
        hook = client.post("/v1/webhooks", json={"url": "https://example.com/a"}).json()["id"]
    with service.client("qa") as client:
        for kind in ("lexicon", "rubric"):
            assert client.post(f"/v1/{kind}/versions/0/restore", json={}).json()["number"] == 1
        preview = client.post("/v1/lexicon/draft/preview", json={"wait_s": 0, "lexicon": EMPTY}).json()["id"]
        run = client.post("/v1/lexicon/retag", json={}).json()["id"]
        mention = client.get(f"/v1/calls/{call}/mentions").json()["mentions"][0]["id"]
        mark = client.post(f"/v1/mentions/{mention}/marks", json={"verdict": "wrong"}).json()["id"]
    made = {"preview_id": preview, "run_id": run, "mention_id": mention, "mark_id": mark}
    with service.client("crm") as client:
        assert client.put("/v1/followups/deal-1", json={}).status_code == 201
    made |= {"external_id": "deal-1", "appeal_id": "apl_1", "id": "s-1"}
    return {"call_id": call, "webhook_id": hook, "upload_id": upload, "number": "1", "number_b": "1", **made}


def routes() -> set[tuple[str, str]]:
    return {(m, r.path) for router in ROUTERS for r in router.routes for m in r.methods}  # type: ignore[attr-defined]


def permissions() -> dict[tuple[str, str], Permission]:
    found = {}
    for router in ROUTERS:
        for r in router.routes:
            if isinstance(r, ApiRoute):
                for method in r.methods or ():
                    found[method, r.path] = Permission((r.openapi_extra or {})["x-permission"])
    return found


def send(client: httpx.Client, case: tuple[str, str], ids: dict[str, str]) -> httpx.Response:
    method, template = case
    arguments = {k: v() if callable(v) else v for k, v in CASES[case].items()}
    path = template.replace("{a}", "{number}").replace("{b}", "{number_b}").format(**ids)
    return client.request(method, path, **arguments)


def test_every_route_has_a_case() -> None:
    assert routes() == OPEN | set(CASES)


def test_everything_under_v1_is_guarded() -> None:
    assert set(permissions()) == set(CASES)
    assert all(path.startswith("/v1/") for _, path in CASES)


@pytest.mark.parametrize("case", sorted(CASES), ids=" ".join)
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer sk_wrong", "Basic {admin}", "{admin}", "Bearer {admin}x"]
)
def test_without_a_valid_key_401(
    service: ApiService, ids: dict[str, str], case: tuple[str, str], header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header.format(admin=service.keys["admin"])}
    with httpx.Client(base_url=service.url, headers=headers, trust_env=False) as client:
        response = send(client, case, ids)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    if case[0] != "HEAD":
        assert response.json()["code"] == "unauthenticated"


def refused() -> list[tuple[tuple[str, str], Role]]:
    return [
        (case, role)
        for case, permission in sorted(permissions().items())
        for role in Role
        if not Principal(tenant_id="acme", key_id="k", role=role).may(permission)
    ]


@pytest.mark.parametrize(("case", "role"), refused(), ids=str)
def test_roles_without_the_permission_403(
    service: ApiService, ids: dict[str, str], case: tuple[str, str], role: Role
) -> None:
    with service.client(role.value) as client:
        response = send(client, case, ids)
    assert response.status_code == 403
    if case[0] != "HEAD":
        assert response.json()["code"] == "forbidden"
        assert permissions()[case].value in response.json()["detail"]


@pytest.mark.parametrize("case", sorted(c for c in CASES if "{" in c[1] and c not in MAKING), ids=" ".join)
def test_what_belongs_to_another_tenant_does_not_exist(
    service: ApiService, ids: dict[str, str], case: tuple[str, str]
) -> None:
    """The answer is the same as for an id that nobody has, so nothing can be learned from it."""
    with service.client("foreign") as client:
        foreign = send(client, case, ids)
        unknown = send(client, case, dict.fromkeys(ids, "call_01jd3k00000000000000000000"))
    assert foreign.status_code == unknown.status_code == 404
    if case[0] != "HEAD":
        own, other = foreign.json(), unknown.json()
        assert {**own, "request_id": 0} == {**other, "request_id": 0}


def test_lists_of_another_tenant_are_empty(service: ApiService, ids: dict[str, str]) -> None:
    with service.client("foreign") as client:
        assert client.get("/v1/calls").json()["calls"] == []
        assert client.get("/v1/mentions").json()["mentions"] == []
        assert client.get("/v1/heatmap").json()["rows"] == []
        assert client.get("/v1/changes").json()["events"] == []
        assert client.get("/v1/webhooks").json()["webhooks"] == []
        assert client.get("/v1/audit").json()["entries"] == []
        assert client.get("/v1/followups").json()["followups"] == []
        assert client.get("/v1/performance").json()["rows"] == []
        assert client.get("/v1/score/recompute").json()["checked"] == 0
        assert client.get("/v1/salespeople").json()["entries"] == []
        assert client.get("/v1/customers").json()["entries"] == []
        for kind in ("lexicon", "rubric"):
            assert client.get(f"/v1/{kind}/versions").json()["versions"] == []
            assert client.get(f"/v1/{kind}").json()["number"] == 0
        assert client.get("/v1/lexicon/retag").json()["runs"] == []
        assert client.get("/v1/lexicon/statistics").json()["entries"] == []
        assert client.get("/v1/lexicon/suggestions").json() == {"calls": 0, "phrases": [], "homophones": []}
        assert client.get("/v1/marks").json()["marks"] == []
        assert client.get("/v1/marks/export").text == ""


FINDINGS = ["", "/transcript", "/mentions", "/score", "/recording"]


@pytest.mark.parametrize("tail", FINDINGS)
@pytest.mark.parametrize(
    ("key", "status"), [("manager", 200), ("manager_west", 404), ("salesperson", 200), ("salesperson_2", 404)]
)
def test_managers_see_their_teams_and_salespeople_their_own_calls(
    service: ApiService, ids: dict[str, str], tail: str, key: str, status: int
) -> None:
    with service.client(key) as client:
        assert client.get(f"/v1/calls/{ids['call_id']}{tail}").status_code == status


@pytest.mark.parametrize(("key", "sees"), [("manager", True), ("manager_west", False), ("salesperson_2", False)])
def test_lists_keep_the_same_scope(service: ApiService, ids: dict[str, str], key: str, sees: bool) -> None:
    with service.client(key) as client:
        assert (client.get("/v1/calls").json()["calls"] != []) is sees
        assert (client.get("/v1/calls?team=east").json()["calls"] != []) is sees
        assert (client.get("/v1/mentions").json()["mentions"] != []) is sees
        if key != "salesperson_2":
            assert (client.get("/v1/heatmap?row=team").json()["rows"] != []) is sees


def test_an_uploader_sees_how_far_a_call_is_but_no_findings(service: ApiService, ids: dict[str, str]) -> None:
    with service.client("uploader") as client:
        call = client.get(f"/v1/calls/{ids['call_id']}").json()
        assert call["status"] == "done"
        assert [call[k] for k in ("contact", "topics", "score", "versions")] == [None] * 4
        for filter in ("topic=budget_approval", "contact=effective", "score_below=60", "score_from=60"):
            assert client.get(f"/v1/calls?{filter}").status_code == 403


@pytest.mark.parametrize("what", ["transcript", "mentions", "score", "recording"])
def test_raw_needs_its_own_permission_and_leaves_an_audit_entry(
    service: ApiService, ids: dict[str, str], what: str
) -> None:
    path = f"/v1/calls/{ids['call_id']}/{what}?raw=true"
    with service.client("admin") as admin, service.client("raw") as raw:
        assert admin.get(path).status_code == 403
        assert raw.get(path).status_code == 200
        newest = admin.get("/v1/audit?limit=1").json()["entries"][0]
    assert (newest["action"], newest["subject"]) == (f"{what}.read_raw", ids["call_id"])


def test_auth_comes_before_the_body(service: ApiService) -> None:
    """A stranger's malformed body is never looked at."""
    with service.client("nobody") as client:
        response = client.post("/v1/texts", content=b"{", headers={"Content-Type": "application/json"})
        assert response.status_code == 401
    with service.client("manager") as client:
        response = client.post("/v1/texts", content=b"{", headers={"Content-Type": "application/json"})
        assert response.status_code == 403


@pytest.mark.parametrize(
    "path", ["/v1/calls", "/v1/nothing", "/healthz", "/metrics", "/openapi.json", "/docs", "/v1/calls/x"]
)
def test_security_headers_on_every_answer(service: ApiService, path: str) -> None:
    with service.client("admin") as client:
        headers = client.get(path, headers={"Origin": "https://evil.example"}).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "access-control-allow-origin" not in headers


def test_metrics_from_elsewhere_need_a_key(service: ApiService) -> None:
    with service.client(None) as client:
        assert client.get("/metrics").status_code == 200
        for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
            assert client.get("/metrics", headers={header: "10.0.0.9"}).status_code == 401
    for key, status in (("manager", 403), ("admin", 200)):
        with service.client(key) as client:
            assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == status


def test_metrics_hold_no_ids(service: ApiService, ids: dict[str, str]) -> None:
    with service.client("admin") as client:
        client.get(f"/v1/calls/{ids['call_id']}")
        text = client.get("/metrics").text
    assert 'route="/v1/calls/{call_id}",status="200"' in text
    assert 'speechsvc_jobs{queue="asr",state="ready"} 0.0' in text
    for secret in (*(i for i in ids.values() if i != "1"), "acme", service.keys["admin"], "s-1", "c-1"):
        assert secret not in text
