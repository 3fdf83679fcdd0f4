"""The outermost layer: request id, access log, measurements, security headers, and the last net for errors."""

from __future__ import annotations

import re
import time
import traceback
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from speechsvc.api.metrics import HttpMetrics
from speechsvc.api.problems import problem
from speechsvc.domain.ids import new_id
from speechsvc.errors import SpeechsvcError
from speechsvc.logging import get_logger

log = get_logger(__name__)

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DATA_HEADERS = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cache-Control": "no-store"}
_DATA_PATHS = ("/v1", "/healthz", "/readyz", "/metrics", "/openapi.json")


class Observe:
    """Pure ASGI, so that streams pass through untouched."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._observed(scope, receive, send, request_id)

    async def _observed(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        status = 0
        began = time.perf_counter()

        async def decorated(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), scope["path"], request_id)
            await send(message)

        try:
            await self._app(scope, receive, decorated)
        except Exception as error:
            log.error("request_crashed", error_type=type(error).__name__, where=_where(error))
            if status:
                raise  # the answer has begun: only cutting the connection tells the client that it is not whole
            await problem(SpeechsvcError(), Request(scope))(scope, receive, decorated)
        finally:
            self._report(scope, status, time.perf_counter() - began)

    def _report(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._metrics.observe(scope["method"], route, status, seconds)
        fields: dict[str, Any] = {"method": scope["method"], "route": route, "status": status}
        state = scope.get("state", {})
        if "error_code" in state:
            fields["error_code"] = state["error_code"]
        if "principal" in state:
            fields |= {"key": state["principal"].key_id, "tenant": state["principal"].tenant_id}
        log.info("http_request", seconds=round(seconds, 4), **fields)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _GIVEN_ID.fullmatch(given) else new_id("req")


def _add_headers(headers: MutableHeaders, path: str, request_id: str) -> None:
    headers["X-Request-ID"] = request_id
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if path.startswith(_DATA_PATHS):
        for name, value in _DATA_HEADERS.items():
            headers.setdefault(name, value)


def _where(error: BaseException) -> list[str]:
    """File, line and function of each frame. Never the message: it may quote data."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{f.filename}:{f.lineno} {f.name}" for f in frames[-12:]]
