"""The client without a service: signatures, repetition, and what it does not import."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from speechsvc.client import Client, Refused, Retry, SignatureRejected, Unreachable, WebhookVerifier
from speechsvc.crm.signing import signed_headers
from speechsvc.domain.secret import new_webhook_secret

EVENT = {"id": "evt_1", "version": 1, "seq": 7, "type": "call.analysed", "subject": "c", "data": {"报价": 1}}
BODY = json.dumps(EVENT | {"timestamp": "2026-11-23T10:00:00+00:00"}, ensure_ascii=False).encode()
SECRET = new_webhook_secret()


def now() -> datetime:
    """At the moment of the test: collecting a whole suite takes longer than a signature lives."""
    return datetime.now(UTC)


def by_the_official_library(secret: str = SECRET, at: datetime | None = None, message: str = "evt_1") -> dict[str, str]:
    at = at or now()
    signature = Webhook(secret).sign(msg_id=message, timestamp=at, data=BODY.decode())
    stamp = str(int(at.timestamp()))
    return {"Webhook-Id": message, "Webhook-Timestamp": stamp, "Webhook-Signature": signature}


def test_takes_what_the_official_library_signs_and_what_we_sign() -> None:
    event = WebhookVerifier(SECRET).verify(BODY, by_the_official_library())
    assert (event.id, event.seq, event.data) == ("evt_1", 7, {"报价": 1})
    old, new = new_webhook_secret(), SECRET
    rotated = signed_headers(event_id="evt_1", at=now(), body=BODY, secret=f"{new} {old}")
    for secrets in ((old,), (new,), (old, new)):
        assert WebhookVerifier(*secrets).verify(BODY, rotated) == event


def test_rejects_the_official_librarys_tampered_late_and_replayed_ones() -> None:
    good = by_the_official_library()
    verifier = WebhookVerifier(SECRET)
    for body, headers in (
        (BODY.replace(b"7", b"8"), good),
        (BODY + b" ", good),
        (BODY, good | {"Webhook-Id": "evt_2"}),
        (BODY, good | {"Webhook-Timestamp": str(int(now().timestamp()) + 1)}),
        (BODY, good | {"Webhook-Timestamp": "soon"}),
        (BODY, good | {"Webhook-Signature": good["Webhook-Signature"].replace("v1,", "v2,")}),
        (BODY, good | {"Webhook-Signature": "v1,###"}),
        (BODY, {k: v for k, v in good.items() if k != "Webhook-Signature"}),
        (BODY, by_the_official_library(new_webhook_secret())),
    ):
        with pytest.raises(SignatureRejected):
            verifier.verify(body, headers)
    for late in (now().timestamp() + 301, now().timestamp() - 301):
        with pytest.raises(SignatureRejected):
            WebhookVerifier(SECRET, now=lambda late=late: late).verify(BODY, good)
    known: set[str] = set()

    def seen(message: str) -> bool:
        before = message in known
        known.add(message)
        return before

    once = WebhookVerifier(SECRET, seen=seen)
    assert once.verify(BODY, good).id == "evt_1"
    with pytest.raises(SignatureRejected):
        once.verify(BODY, good)


def client(answers: list[httpx.Response | Exception], pauses: list[float], asked: list[bytes]) -> Client:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.read())
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    retry = Retry(tries=4, sleep=pauses.append)
    return Client("http://crm.test", "k", retry=retry, http=httpx.MockTransport(answer))


def test_an_upload_is_sent_again_whole_until_it_arrives(tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"sound" * 100)
    accepted = httpx.Response(202, json={"id": "call_1", "status": "queued", "external_id": "x"})
    pauses: list[float] = []
    asked: list[bytes] = []
    busy = httpx.Response(503, headers={"Retry-After": "7"})
    made = client([httpx.ConnectError("down"), busy, httpx.ReadError("cut"), accepted], pauses, asked)
    assert made.upload(recording, {"external_id": "x"}).id == "call_1"
    assert all(b"sound" * 100 in body for body in asked[1:])
    assert len(pauses) == 3
    assert pauses[1] == 7


def test_it_gives_up_after_its_tries_and_repeats_no_refusal() -> None:
    with pytest.raises(Unreachable):
        client([httpx.ConnectError("down")] * 4, [], []).call("c")
    problem = {"code": "not_found", "detail": "no such call", "next_step": "check the id"}
    with pytest.raises(Refused) as caught:
        client([httpx.Response(404, json=problem)], [], []).call("c")
    assert (caught.value.status, caught.value.code) == (404, "not_found")
    with pytest.raises(Unreachable):  # subscribing twice would deliver everything twice
        client([httpx.ConnectError("down")], [], []).create_webhook("https://x.test")


def test_it_imports_nothing_of_the_server() -> None:
    code = "import sys, speechsvc.client; print(sorted({m.split('.')[0] for m in sys.modules}), *sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("fastapi", "spacy", "jieba", "numpy", "sqlalchemy", "pydantic", "celery", "standardwebhooks"):
        assert f"'{heavy}'" not in loaded
    ours = {m for m in loaded.split() if m.startswith("speechsvc.")}
    assert {m for m in ours if not m.startswith("speechsvc.client")} == set()


def test_it_imports_in_less_than_twice_the_time_of_httpx() -> None:
    def seconds(module: str) -> float:
        def once() -> float:
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
            return time.perf_counter() - began

        return min(once() for _ in range(3))

    assert seconds("speechsvc.client") < 2 * seconds("httpx") + 0.2
