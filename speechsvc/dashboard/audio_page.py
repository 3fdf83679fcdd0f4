"""The sound of a call for the page's player: masked, with ranges so that a browser can jump."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.errors import RangeOutside
from speechsvc.services.read_calls import read_recording

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/calls/{call_id}/audio")
    def audio(request: Request, call_id: str) -> Response:
        visitor = desk.visitor(request)
        asked = request.headers.get("range")
        first = asked is None or asked.startswith("bytes=0-")
        sound = read_recording(desk.core, visitor.principal, call_id, first_bytes=first)
        span = byte_span(asked, sound.size)
        headers = {
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; media-src 'self'",
        }
        start, end = span or (0, sound.size - 1)
        headers["Content-Length"] = str(end - start + 1)
        if span:
            headers["Content-Range"] = f"bytes {start}-{end}/{sound.size}"
        chunks = desk.core.blobs.open(sound.blob, start, end - start + 1)
        return StreamingResponse(chunks, 206 if span else 200, headers=headers, media_type=sound.media_type)


def byte_span(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte; none: all of it, also for a header that we do not understand. Raises RangeOutside."""
    match = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
    if start >= size or start > end:
        raise RangeOutside(size=size)
    return start, end
