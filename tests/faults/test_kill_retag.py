"""kill -9 in the middle of re-tagging: it goes on, every call changes once, and the end is told once."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import Service, running

pytestmark = [pytest.mark.serial, pytest.mark.slow]

CALLS = 200


def test_kill_everything_while_stored_calls_are_retagged(tmp_path: Path) -> None:
    with running(tmp_path / "data", lease_s="3", announce_quiet_s="1") as service:
        ids = [_text(service, n) for n in range(CALLS)]
        for call_id in ids:
            service.finished(call_id, timeout_s=300)
        _publish(service)
        run = service.http.post("/v1/lexicon/retag", json={}).json()["id"]
        _await(service, run, lambda r: 0 < r["seen"] < CALLS)
        service.kill_all()
        service.start()
        done = _await(service, run, lambda r: r["state"] != "running", timeout_s=120)
        assert (done["state"], done["seen"], done["changed"], done["skipped"]) == ("finished", CALLS, CALLS, 0)
        assert {service.call(i)["revision"] for i in ids} == {2}
        told = Counter(e["type"] for e in service.events())
        assert told == {"call.analysed": 2 * CALLS, "lexicon.published": 1, "retag.finished": 1}


def _text(service: Service, number: int) -> str:
    turns = [
        {"speaker": "customer", "start": 3.0 * i, "end": 3.0 * i + 2, "text": "这个旺季快到了吧"} for i in range(40)
    ]
    body = {
        "external_id": f"t-{number}",
        "started_at": "2026-11-20T09:00:00+08:00",
        "source": "transcript",
        "turns": turns,
    }
    answer = service.http.post("/v1/texts", json=body)
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["id"])


def _publish(service: Service) -> None:
    """One more word, which every call holds."""
    content = service.http.get("/v1/lexicon").json()["content"]
    topic = next(t for t in content["topics"] if t["id"] == "go_live_timeline")
    topic["entries"].append({"id": "go_live_timeline/season", "term": "旺季"})
    stored = service.http.put("/v1/lexicon/draft", json={"content": content}, headers={"If-Match": "*"})
    assert stored.status_code == 200, stored.text
    published = service.http.post("/v1/lexicon/draft/publish", json={"author": "test", "note": "test"})
    assert published.status_code in (200, 201), published.text


def _await(service: Service, run: str, wanted: Any, timeout_s: float = 60) -> dict[str, Any]:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = dict(service.http.get(f"/v1/lexicon/retag/{run}").json())
        if wanted(found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{found}\n{service.last_log()}")
