"""A tus client's steps, written by hand, so that tests can stop between them."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}


def beginning(length: int, metadata: dict[str, Any] | str) -> dict[str, str]:
    """The headers that announce an upload."""
    text = metadata if isinstance(metadata, str) else json.dumps(metadata, ensure_ascii=False)
    encoded = base64.b64encode(text.encode()).decode()
    return {"Upload-Length": str(length), "Upload-Metadata": f"filename YS53YXY=,metadata {encoded},is_confidential"}


def begin(client: httpx.Client, length: int, metadata: dict[str, Any]) -> str:
    """The new upload's address."""
    answer = client.post("/v1/uploads", headers=TUS | beginning(length, metadata))
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def send(client: httpx.Client, url: str, offset: int, data: Any, **headers: str) -> httpx.Response:
    sent = TUS | PIECE | {"Upload-Offset": str(offset)} | headers
    return client.patch(url, content=data, headers=sent)


def ask(client: httpx.Client, url: str) -> httpx.Response:
    return client.head(url, headers=TUS)


def offset_of(client: httpx.Client, url: str) -> int:
    return int(ask(client, url).headers["Upload-Offset"])
