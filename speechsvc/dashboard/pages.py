"""Renders a page: language, navigation, and headers that let nothing run but our own files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from speechsvc.dashboard import names, show
from speechsvc.dashboard.language import COOKIE, language_of, translator
from speechsvc.domain.access import Permission, Principal

_FOLDER = Path(__file__).parent
_YEAR_S = 365 * 24 * 3600
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": "Cookie",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """One request of somebody who is signed in."""

    request: Request
    principal: Principal
    language: str
    timezone: str


def render(
    request: Request, template: str, *, principal: Principal | None = None, status: int = 200, **values: Any
) -> HTMLResponse:
    """The page in the request's language. `values` are the template's."""
    language = language_of(request)
    page = _environment().get_template(template)
    html = page.render(
        t=translator(language),
        lang=language,
        here=request.url.path,
        switch=_switch(request, "zh" if language == "en" else "en"),
        principal=principal,
        sees_heatmap=principal is not None and principal.may(Permission.HEATMAP_READ),
        sees_followups=principal is not None and principal.may(Permission.CALLS_READ),
        sees_calls=principal is not None and principal.may(Permission.CALLS_STATUS),
        **values,
    )
    response = HTMLResponse(html, status_code=status, headers=HEADERS)
    if request.query_params.get("lang") == language:
        response.set_cookie(COOKIE, language, max_age=_YEAR_S, path="/", httponly=True, samesite="lax")
    return response


def static_folder() -> Path:
    return _FOLDER / "static"


@cache
def static_version() -> str:
    """Changes when any static file does, so that browsers may keep them for a year."""
    files = sorted(p for p in static_folder().rglob("*") if p.is_file())
    return hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()[:12]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = lambda path: f"/static/{path}?v={static_version()}"
    environment.globals["names"] = names
    environment.globals["show"] = show
    return environment


def _switch(request: Request, language: str) -> str:
    """This page in the other language."""
    query = [(k, v) for k, v in request.query_params.multi_items() if k not in ("lang", "ticket")]
    return f"{request.url.path}?{urlencode([*query, ('lang', language)])}"
