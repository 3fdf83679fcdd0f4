"""A CRM for the demo: receives webhooks on loopback and verifies them with the official library."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from standardwebhooks import Webhook


class Receiver:
    """Collects verified events; a request with a wrong signature gets 401 and is not counted."""

    def __init__(self) -> None:
        self.secret = ""
        self.events: dict[str, dict[str, Any]] = {}  # by webhook-id: a repeated delivery counts once
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/speechsvc-events"

    def receive(self, body: bytes, headers: dict[str, str]) -> int:
        """HTTP status to answer with."""
        try:
            Webhook(self.secret).verify(body, headers)
        except Exception:
            return 401
        self.events[headers["webhook-id"]] = json.loads(body)
        return 204

    def wait_for(self, count: int, timeout_s: float) -> list[dict[str, Any]]:
        """What has arrived once `count` events are there or the time is up."""
        deadline = time.monotonic() + timeout_s
        while len(self.events) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        return list(self.events.values())

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(receiver.receive(body, {k.lower(): v for k, v in self.headers.items()}))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: the demo prints what arrived."""

    return Handler
