"""When an answer is ready before the whole request has come (413, 401 on an upload), the client must still see it.

A server that just closes resets the connection, and the client reports a network fault instead of the reason. So the
answer goes out at once with `Connection: close`, then a bounded rest of the request is read and thrown away.
"""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DRAIN_BYTES = 16 << 20
DRAIN_S = 5.0


class FinishBody:
    """Pure ASGI; requests without a body, and those whose body was read, pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        body = _Body(receive)

        async def watched(message: Message) -> None:
            if body.finished:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            elif message.get("more_body") or _waits_for_consent(scope, body):
                await send(message)
            else:
                await send({**message, "more_body": True})
                await body.drain()
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, body.receive, watched)


class _Body:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.started = False
        self.finished = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.started = True
        if message["type"] != "http.request" or not message.get("more_body"):
            self.finished = True
        return message

    async def drain(self) -> None:
        until, size = time.monotonic() + DRAIN_S, 0
        while not self.finished and size < DRAIN_BYTES and (left := until - time.monotonic()) > 0:
            try:
                message = await asyncio.wait_for(self.receive(), left)
            except TimeoutError:
                return
            size += len(message.get("body", b""))


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _waits_for_consent(scope: Scope, body: _Body) -> bool:
    """A client that sent `Expect: 100-continue` and got no go-ahead sends nothing more."""
    return not body.started and Headers(scope=scope).get("expect", "").lower() == "100-continue"
