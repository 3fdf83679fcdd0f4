"""Webhooks on loopback beside a bare peer: signed by the official library and posted with httpx, kept alive.

Ours takes each delivery from the job table, looks for an earlier one of its follow-up, connects anew to an address that
was checked, and stores the attempt; the peer does nothing of this, so it is the ceiling.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from standardwebhooks.webhooks import Webhook

from speechsvc.crm.sender import HttpxSender
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.ids import new_id
from speechsvc.domain.secret import new_webhook_secret
from speechsvc.services.core import Core
from speechsvc.services.deliver_event import event_body
from speechsvc.services.manage_webhooks import create_webhook
from speechsvc.services.publish_event import publish_event
from speechsvc.services.run_next import run_next
from tests.bench.databases import Pair, pairs
from tests.bench.feed import DATA
from tests.bench.result import Result, in_turns, versus

PEER = "official signature, bare httpx"


def run(quick: bool) -> list[Result]:
    """Events a second from the feed to the receiver's 204."""
    events, repetitions = (40, 3) if quick else (150, 5)
    with pairs() as databases, _receiver() as url:
        return [result for pair in databases for result in _both(pair, url, events, repetitions)]


def _both(pair: Pair, url: str, events: int, repetitions: int) -> list[Result]:
    base = pair.application.core
    sender = HttpxSender(allow_cidrs=["127.0.0.0/8"], allow_http=True, timeout_s=10, clock=base.clock)
    core = replace(base, sender=sender)
    create_webhook(core, Principal(tenant_id="default", key_id="bench", role=Role.CRM), url)
    measured = in_turns(repetitions, {"ours": partial(_ours, core, events), PEER: partial(_bare, core, url, events)})
    return versus("webhooks", f"publish and deliver, {pair.kind}", "events/s", measured, {"events": events})


def _ours(core: Core, events: int) -> float:
    for number in range(events):
        with core.db.tenant("default") as uow:
            publish_event(uow, "call.analysed", f"call_{number}", DATA)
            uow.commit()
    while run_next(core, "crm"):
        pass
    return events


def _bare(core: Core, url: str, events: int) -> float:
    with core.db.tenant("default", write=False) as uow:
        body = event_body(uow.events.after(0, limit=1)[0]) if uow.events.last_seq() else b"{}"
    webhook = Webhook(new_webhook_secret())
    with httpx.Client(trust_env=False) as client:
        for _ in range(events):
            message, at = new_id("evt"), datetime.now(UTC)
            signature = webhook.sign(msg_id=message, timestamp=at, data=body.decode())
            stamp = str(int(at.timestamp()))
            headers = {"webhook-id": message, "webhook-timestamp": stamp, "webhook-signature": signature}
            client.post(url, content=body, headers=headers).raise_for_status()
    return events


@contextmanager
def _receiver() -> Iterator[str]:
    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *about: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
