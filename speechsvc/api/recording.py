"""The sound of a call, in ranges, so that a player can jump to a sentence."""

from __future__ import annotations

import threading
import time
from itertools import chain

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from speechsvc.api.ranges import parse_range
from speechsvc.api.responses import NO_CALL, NOT_READY, refusals
from speechsvc.api.results import Raw
from speechsvc.api.route import From, api_router, needs
from speechsvc.domain.access import Permission
from speechsvc.services.read_calls import Audio, read_recording

router = api_router("findings")

PLAYING_S = 600.0  # ranges asked within this time after an audited read belong to the same playing
_ENDINGS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/webm": "webm",
    "audio/mp4": "m4a",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
}


class Listeners:
    """Who is playing what, so that one playing leaves one audit entry however many ranges it takes.

    A reader who begins in the middle has no entry yet and gets one. Forgetting (another process, a restart) only
    means one entry more.
    """

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def begins(self, key_id: str, call_id: str) -> bool:
        """Whether this read is a new playing."""
        with self._lock:
            return time.monotonic() - self._since.get((key_id, call_id), -PLAYING_S) >= PLAYING_S

    def note(self, key_id: str, call_id: str) -> None:
        """An entry was written."""
        now = time.monotonic()
        with self._lock:
            self._since = {k: t for k, t in self._since.items() if now - t < PLAYING_S}
            self._since[key_id, call_id] = now


@router.head("/calls/{call_id}/recording", openapi_extra=needs(Permission.CALLS_READ), include_in_schema=False)
@router.get(
    "/calls/{call_id}/recording",
    summary="Sound of a call",
    openapi_extra=needs(Permission.CALLS_READ),
    response_class=Response,
    responses={
        200: {"description": "The whole file", "content": {"audio/*": {}}},
        206: {"description": "The asked range", "content": {"audio/*": {}}},
        304: {"description": "Unchanged (If-None-Match)"},
        **refusals(NO_CALL, NOT_READY, (416, "The range lies outside the file")),
    },
)
def get_recording(caller: From, request: Request, call_id: str, raw: Raw = False) -> Response:
    """Spoken personal data is silenced; `raw=true` gives the original. `Range`, `If-Range`, `If-None-Match` and HEAD
    work; the ETag is the SHA-256 of the bytes. Every playing leaves an audit entry.
    """
    listeners: Listeners = request.app.state.listeners
    key_id = caller.principal.key_id
    begins = request.method != "HEAD" and listeners.begins(key_id, call_id)
    audio = read_recording(caller.core, caller.principal, call_id, raw=raw, first_bytes=begins)
    if begins:
        listeners.note(key_id, call_id)
    headers = _headers(audio, call_id)
    if headers["ETag"] in _tags(request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    wanted = None
    if request.headers.get("if-range", headers["ETag"]) == headers["ETag"]:
        wanted = parse_range(request.headers.get("range"), audio.size)
    start, length = wanted or (0, audio.size)
    headers["Content-Length"] = str(length)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{audio.size}"
    status = 206 if wanted else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=audio.media_type)
    chunks = caller.core.blobs.open(audio.blob, start, length)
    first = next(chunks, b"")  # a missing file is still a 404 now
    return StreamingResponse(chain([first], chunks), status_code=status, headers=headers, media_type=audio.media_type)


def _headers(audio: Audio, call_id: str) -> dict[str, str]:
    name = f"{call_id}.{_ENDINGS.get(audio.media_type, 'bin')}"
    return {
        "Accept-Ranges": "bytes",
        "ETag": f'"{audio.sha256}"',
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "private, no-cache",
    }


def _tags(header: str | None) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in (header or "").split(",")}
