"""One kind of route for everything under /v1: who asks, and whether they may, is settled before the body is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive

from speechsvc.api.application import Application
from speechsvc.api.errors import BodyTooLarge, Invalid, UnsupportedMediaType
from speechsvc.api.language import language_of
from speechsvc.api.patience import within
from speechsvc.api.responses import refusals
from speechsvc.config import Settings
from speechsvc.domain.access import Permission, Principal
from speechsvc.services.core import Core
from speechsvc.services.manage_keys import authenticate

MAX_JSON_BYTES = 8 << 20  # above what max_text_chars needs, even with every character as \\uXXXX
_BEARER = re.compile(r"bearer +([!-~]{1,200})", re.IGNORECASE)
_scheme = HTTPBearer(
    auto_error=False, description="An API key: `speechsvc keys create`. Every key belongs to one tenant and has a role."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Everything a route function needs to know about its request."""

    core: Core
    settings: Settings
    principal: Principal
    language: str  # "zh" or "en"

    def link(self, path: str) -> str:
        """Absolute where the service knows its public address, else a path."""
        return (self.settings.public_url or "").rstrip("/") + path


def caller_of(request: Request) -> Caller:
    application: Application = request.app.state.application
    return Caller(
        core=application.core,
        settings=application.settings,
        principal=request.state.principal,
        language=language_of(request),
    )


From = Annotated[Caller, Depends(caller_of)]


def needs(permission: Permission) -> dict[str, Any]:
    """`openapi_extra` of a route: the permission it asks for, enforced by `ApiRoute` and readable in the document."""
    return {"x-permission": permission.value}


class ApiRoute(APIRoute):
    """Authenticates, checks the permission and bounds the body, in this order, then hands over to FastAPI."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        permission = Permission((self.openapi_extra or {})["x-permission"])
        streams = bool((self.openapi_extra or {}).get("x-streamed"))

        async def guarded(request: Request) -> Response:
            system = request.app.state.application.core.system
            principal = await run_in_threadpool(authenticate, system, bearer_key(request))
            request.state.principal = principal
            principal.require(permission)
            _refuse_nul(request)
            if self.body_field is not None:
                _want_json(request)
            if not streams:
                request = Request(request.scope, _bounded(request))
            return await handle(request)

        return guarded


def api_router(tag: str) -> APIRouter:
    """A router under /v1 whose routes all need a key."""
    errors = refusals(
        (401, "No valid key"),
        (403, "The key's role does not allow it"),
        (422, "Invalid input; `errors` names the fields"),
    )
    return APIRouter(prefix="/v1", route_class=ApiRoute, tags=[tag], dependencies=[Security(_scheme)], responses=errors)


def bearer_key(request: Request) -> str | None:
    """The key of the Authorization header, none where there is no well-formed one."""
    match = _BEARER.fullmatch(request.headers.get("authorization", "").strip())
    return match.group(1) if match else None


def _refuse_nul(request: Request) -> None:
    """No id, filter or cursor holds a NUL, and PostgreSQL refuses it in text."""
    if b"%00" in request.scope.get("query_string", b"") or "\x00" in request.scope["path"]:
        raise Invalid("query", "it holds a NUL character", "含有 NUL 字符")


def _want_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedMediaType(wanted="application/json")


def _bounded(request: Request) -> Receive:
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MAX_JSON_BYTES:
        raise BodyTooLarge(max_bytes=MAX_JSON_BYTES)
    receive, seen, rules = request.receive, 0, request.app.state.upload_rules

    async def counted() -> Message:
        nonlocal seen
        message = await within(rules.patience_s, receive())
        seen += len(message.get("body", b""))
        if seen > MAX_JSON_BYTES:
            raise BodyTooLarge(max_bytes=MAX_JSON_BYTES)
        return message

    return counted
