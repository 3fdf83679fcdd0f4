"""Publishing while calls flow: two worker processes take the new lexicon within seconds, no call is tagged by two."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import Service, running

pytestmark = [pytest.mark.slow, pytest.mark.serial]

WORD = "蓝鲸计划"
TAKES_OVER_S = 5.0


def say(service: Service, number: int) -> str:
    turns = [{"speaker": "customer", "text": f"我们想谈谈{WORD}，预算还没批", "start": 1, "end": 4}] * 20
    body = {"external_id": f"t{number}", "started_at": "2026-11-23T14:05:00Z", "source": "transcript", "turns": turns}
    answer = service.http.post("/v1/texts", json=body)
    assert answer.status_code == 202
    return str(answer.json()["id"])


def loaded(service: Service, label: str) -> int:
    """How many processes have said that they use this version."""
    lines = service.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return sum('"rules_loaded"' in line and f'"{label}' in line for line in lines)


def names(service: Service, label: str) -> list[bool]:
    """Of the finished calls, newest first: whether they were tagged with this version."""
    calls = service.http.get("/v1/calls", params={"status": "done", "limit": 20}).json()["calls"]
    return [call["versions"].get("lexicon") == label for call in calls]


def until(service: Service, numbers: count[int], wanted: Any, timeout_s: float) -> list[str]:
    """Sends calls until `wanted` says so; their ids."""
    sent, deadline = [], time.monotonic() + timeout_s
    while not wanted(sent):
        assert time.monotonic() < deadline, service.last_log()
        sent.append(say(service, next(numbers)))
        time.sleep(0.5)  # a process is renewed after 50 messages, and loading the dictionary is not what is measured
    return sent


def test_publishing_reaches_both_workers_between_two_calls(tmp_path: Path) -> None:
    numbers = count()
    with running(tmp_path / "data", text_processes="2") as service:
        before = until(service, numbers, lambda _: loaded(service, "default-") >= 2, 90)
        draft = service.http.get("/v1/lexicon/draft")
        content = draft.json()["content"]
        content["topics"].append({"id": "whale", "name": "蓝鲸", "entries": [{"term": WORD}]})
        headers = {"If-Match": draft.headers["ETag"]}
        assert service.http.put("/v1/lexicon/draft", json={"content": content}, headers=headers).status_code == 200
        before += [say(service, next(numbers)) for _ in range(8)]
        label = service.http.post("/v1/lexicon/draft/publish", json={"note": "试"}).json()["label"]
        published = time.monotonic()
        after = [say(service, next(numbers))]
        while not any(names(service, label)):
            assert time.monotonic() < published + 60, service.last_log()
            after.append(say(service, next(numbers)))
            time.sleep(0.1)  # no faster than a busy machine tags, or the queue is what is measured
        first_after = time.monotonic() - published
        after += [say(service, next(numbers)) for _ in range(8)]
        found = [service.finished(c) for c in (*before, *after)]
        assert loaded(service, label) == 2
    print(f"first call with the new version: {first_after:.2f} s after publishing")
    assert first_after < TAKES_OVER_S
    old = found[0]["versions"]["lexicon"]
    assert {c["versions"]["lexicon"] for c in found} == {old, label}
    assert {c["versions"]["lexicon"] for c in found[len(before) :]} == {label}
    for call in found:
        assert ("whale" in call["topics"]) is (call["versions"]["lexicon"] == label)
        assert "budget_approval" in call["topics"]
