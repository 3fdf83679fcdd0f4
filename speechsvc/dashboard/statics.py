"""Style, scripts and font: a fixed set of files, kept by browsers until their version changes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.pages import static_folder, static_version
from speechsvc.errors import NotFound

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/static/{path:path}")
    def static(request: Request, path: str) -> Response:
        file = _files().get(path)
        if file is None:
            raise NotFound(what="file")
        current = request.query_params.get("v") == static_version()
        keep = "public, max-age=31536000, immutable" if current else "no-cache"
        headers = {"Cache-Control": keep, "X-Content-Type-Options": "nosniff"}
        return FileResponse(file, media_type=_TYPES[file.suffix], headers=headers)


@cache
def _files() -> dict[str, Path]:
    """By the path in the address: what is not in this list cannot be asked for."""
    folder = static_folder()
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file() and p.suffix in _TYPES}
