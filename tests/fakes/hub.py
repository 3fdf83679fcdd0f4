"""A model hub on this machine: the pages that a download asks for, with faults to order.

It serves real files over real HTTP: the revision page, and downloads behind a redirect as the real hub has them.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """One repository with `files`.

    Faults: `status` for all answers; downloads break off after `cut_after` bytes, and with `dies` all ends there.
    """

    repo: str
    files: dict[str, bytes]
    status: int | None = None
    cut_after: int | None = None
    dies: bool = False
    corrupt: set[str] = field(default_factory=set)  # files whose bytes arrive as zeros
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)  # method, path, Range
    url: str = ""

    def asked_for(self, name: str) -> list[str | None]:
        """Range headers of the GETs for one file."""
        return [ranged for method, path, ranged in self.requests if method == "GET" and path == "/cdn/" + name]


@contextmanager
def serve_hub(hub: Hub) -> Iterator[Hub]:
    """Serves `hub` at `hub.url` until the block ends."""

    class Handler(_Handler):
        served = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    served: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Silent."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, path = self.served, urlsplit(self.path).path
        hub.requests.append((self.command, path, self.headers.get("Range")))
        if hub.status is not None:
            self._json({"error": "fault"}, hub.status)
        elif path == f"/api/models/{hub.repo}/revision/main":
            self._json({"id": hub.repo, "sha": COMMIT, "siblings": [_sibling(n, d) for n, d in hub.files.items()]})
        elif path.startswith(f"/{hub.repo}/resolve/{COMMIT}/"):
            self._start(302, 0, {"Location": "/cdn/" + path.rsplit("/", 1)[1]})
        elif path.startswith("/cdn/") and path.removeprefix("/cdn/") in hub.files:
            self._file(path.removeprefix("/cdn/"))
        else:
            self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})

    def _file(self, name: str) -> None:
        data = self.served.files[name]
        ranged = self.headers.get("Range")
        start = int(ranged.removeprefix("bytes=").split("-")[0]) if ranged else 0
        part = data[start:]
        if name in self.served.corrupt:
            part = bytes(len(part))
        headers = {"Accept-Ranges": "bytes"}
        if ranged:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._start(206 if ranged else 200, len(part), headers)
        if self.command == "HEAD":
            return
        cut = self.served.cut_after
        if cut is not None and len(part) > cut:
            self.wfile.write(part[:cut])
            self.wfile.flush()
            self.close_connection = True
            self.served.status = 503 if self.served.dies else None
            self.connection.close()
            return
        self.wfile.write(part)

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self._start(status, len(body), {"Content-Type": "application/json", **(headers or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _start(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()


def _sibling(name: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"rfilename": name, "size": len(data)}
    if name.endswith(".bin"):
        entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    return entry
