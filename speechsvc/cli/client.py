"""A small HTTP client for the command line's own use of the API. Proxies of the environment are not for loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from speechsvc import client
from speechsvc.client import Transport
from speechsvc.errors import SpeechsvcError


class ServiceUnreachable(SpeechsvcError):
    """No speechsvc answers at {url}."""

    code, permanent = "service_unreachable", False
    zh = "{url} 没有 speechsvc 服务响应。"
    advice = "Start it with 'speechsvc serve', or name another address with --url."
    advice_zh = "请先用 'speechsvc serve' 启动服务，或用 --url 指定地址。"


class Refused(SpeechsvcError):
    """The service refused: {detail}"""

    code = "refused"
    zh = "服务拒绝了请求：{detail}"
    advice, advice_zh = "{next_step}", "{next_step}"


class Client:
    """One key, one service: the package's client with the command line's errors."""

    def __init__(self, url: str, key: str, language: str = "en") -> None:
        self._transport = Transport(url, key, language=language)

    def upload(self, recording: Path, metadata: dict[str, Any], media_type: str = "audio/wav") -> dict[str, Any]:
        """Posts one call; the file is streamed from disk. Raises Refused, ServiceUnreachable."""
        with recording.open("rb") as file:
            files = {
                "metadata": (None, json.dumps(metadata, ensure_ascii=False), "application/json"),
                "recording": (recording.name, file, media_type),
            }
            return self._json("POST", "/v1/calls", files=files)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._json("GET", path, params=params)

    def post(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        return self._json("POST", path, json=body)

    def put(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        return self._json("PUT", path, json=body, headers=headers)

    def post_bytes(self, path: str, data: bytes, headers: dict[str, str], **params: Any) -> dict[str, Any]:
        return self._json("POST", path, content=data, headers=headers, params=params)

    def delete(self, path: str) -> None:
        self._request("DELETE", path)

    def content(self, path: str, **params: Any) -> bytes:
        """The bytes of a picture or table."""
        return self._request("GET", path, params=params).content

    def changes(self) -> Iterator[dict[str, Any]]:
        """Every event of the feed, from the beginning."""
        cursor = ""
        while True:
            page = self.get("/v1/changes", cursor=cursor, limit=200)
            yield from page["events"]
            cursor = page["cursor"]
            if not page["more"]:
                return

    def ready(self) -> bool:
        return self._transport.answers("/readyz")

    def _json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        body: dict[str, Any] = self._request(method, path, **arguments).json()
        return body

    def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            return self._transport.request(method, path, **arguments)
        except client.Unreachable as error:
            raise ServiceUnreachable(url=error.url) from error
        except client.Refused as error:
            raise _refused(error) from None


def _refused(error: client.Refused) -> Refused:
    detail = error.detail
    if error.code == "check_failed":
        detail = "\n".join([detail, *(str(e["problem"]) for e in error.errors)])
    return Refused(detail=detail, next_step=error.next_step, problem=error.code)
