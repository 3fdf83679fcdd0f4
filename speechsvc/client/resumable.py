"""Uploads in pieces (tus 1.0.0): what arrived stays, and a broken connection costs one piece at most."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx

from speechsvc.client.errors import Incomplete
from speechsvc.client.transport import Transport, refused

PIECE_BYTES = 4 << 20
_TUS = {"Tus-Resumable": "1.0.0"}
_PASSING = (409, 423, 429, 500, 502, 503, 504)


def upload_in_pieces(transport: Transport, path: Path, metadata: dict[str, Any], piece_bytes: int) -> str:
    """The call's id, when every byte has arrived. Raises Refused, Unreachable, Incomplete."""
    size = path.stat().st_size
    encoded = base64.b64encode(json.dumps(metadata, ensure_ascii=False).encode()).decode()
    headers = _TUS | {"Upload-Length": str(size), "Upload-Metadata": f"metadata {encoded}"}
    location = transport.request("POST", "/v1/uploads", headers=headers).headers["Location"]
    offset, idle = 0, 0
    with path.open("rb") as file:
        while offset < size:
            file.seek(offset)
            answer = _send(transport, location, offset, file.read(piece_bytes))
            moved = _offset(answer) if answer is not None and answer.is_success else _asked(transport, location)
            idle = 0 if moved > offset else idle + 1
            if idle >= transport.retry.tries:
                raise Incomplete(f"{offset} of {size} bytes arrived, and then none")
            if idle:
                transport.retry.pause(idle, answer)
            offset = moved
    done = transport.request("HEAD", location, headers=_TUS)
    return done.headers["Speechsvc-Call-Id"]


def _send(transport: Transport, location: str, offset: int, piece: bytes) -> httpx.Response | None:
    headers = _TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
    answer, _ = transport.once({"content": piece, "headers": headers}, "PATCH", location)
    if answer is not None and answer.is_error and answer.status_code not in _PASSING:
        raise refused(answer)
    return answer


def _asked(transport: Transport, location: str) -> int:
    """After a piece whose fate is unknown: the service says how far it is."""
    return _offset(transport.request("HEAD", location, headers=_TUS))


def _offset(answer: httpx.Response) -> int:
    return int(answer.headers["Upload-Offset"])
