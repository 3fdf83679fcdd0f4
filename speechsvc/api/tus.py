"""What the tus protocol 1.0.0 asks of every request: its version, its headers, its way around blocked methods."""

from __future__ import annotations

import base64
import binascii
import re

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from speechsvc.api.errors import Invalid
from speechsvc.errors import SpeechsvcError

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration"
PIECE_TYPE = "application/offset+octet-stream"
_PATH = "/v1/uploads"
_NUMBER = re.compile(r"[0-9]{1,18}")
_METHODS = ("POST", "HEAD", "PATCH", "DELETE", "OPTIONS")


class TusVersion(SpeechsvcError):
    """This address speaks tus 1.0.0: the request needs the header 'Tus-Resumable: 1.0.0'."""

    code, status = "tus_version", 412
    zh = "这个地址使用 tus 1.0.0：请求需带 'Tus-Resumable: 1.0.0' 头。"
    advice, advice_zh = "Send the header, or use a tus 1.x client.", "请加上该请求头，或使用 tus 1.x 客户端。"


def speaks_tus(request: Request) -> None:
    """A dependency of routes. Raises TusVersion."""
    if request.headers.get("tus-resumable") != VERSION:
        raise TusVersion


def number(request: Request, header: str) -> int:
    """A count of bytes. Raises InvalidInput where the header is missing or no number."""
    value = request.headers.get(header, "")
    if not _NUMBER.fullmatch(value):
        raise Invalid(header, "this header must be a whole number of bytes", "该请求头应为字节数（非负整数）")
    return int(value)


def metadata_value(header: str, key: str) -> bytes:
    """The decoded value of one key of Upload-Metadata. Raises InvalidInput; other keys are not looked at."""
    found = [pair.strip().partition(" ")[2].strip() for pair in header.split(",") if pair.split()[:1] == [key]]
    if len(found) != 1:
        raise Invalid(
            key,
            f"send it once in Upload-Metadata: '{key} <base64 of the JSON>'",
            f"请在 Upload-Metadata 中给出一次：'{key} <JSON 的 base64>'",
        )
    try:
        return base64.b64decode(found[0], validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(key, "not valid base64", "不是有效的 base64") from None


class TusHeaders:
    """Pure ASGI. Every answer below /v1/uploads names the version; X-HTTP-Method-Override is obeyed there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (scope["path"] == _PATH or scope["path"].startswith(f"{_PATH}/")):
            await self._app(scope, receive, send)
            return
        override = Headers(scope=scope).get("x-http-method-override", "").upper()
        if override in _METHODS:
            scope["method"] = override

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Tus-Resumable"] = VERSION
                if message["status"] == TusVersion.status:
                    headers["Tus-Version"] = VERSION
            await send(message)

        await self._app(scope, receive, named)
