"""One kind of route for all pages: every error becomes a friendly page in the visitor's language."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from speechsvc.dashboard.errors import LoginNeeded
from speechsvc.dashboard.language import language_of
from speechsvc.dashboard.pages import HEADERS, render
from speechsvc.errors import InvalidInput, SpeechsvcError

_SAME_PAGE_AGAIN = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>speechsvc</title>'
)


class PageRoute(APIRoute):
    """Turns errors of its handler into pages; someone who is not signed in is sent to the sign-in page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except LoginNeeded:
                return _to_login(request)
            except SpeechsvcError as error:
                return error_page(request, error)
            except RequestValidationError as error:
                field = ".".join(str(x) for x in error.errors()[0]["loc"][1:]) or "query"
                return error_page(request, InvalidInput(field=field, problem=error.errors()[0]["msg"]))

        return handle


def error_page(request: Request, error: SpeechsvcError) -> Response:
    language = language_of(request)
    message, advice = error.message(language), error.next_step(language)
    return render(request, "error.html", status=error.status, error=error, message=message, advice=advice)


def _to_login(request: Request) -> Response:
    """A link in the CRM comes from another site, so the browser keeps the strict cookie back: ask it once more."""
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site") and request.method == "GET":
        return HTMLResponse(_SAME_PAGE_AGAIN, headers=HEADERS)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    query = {"next": target} if request.method == "GET" and target != "/" else {}
    return RedirectResponse(f"/login?{urlencode(query)}" if query else "/login", status_code=303, headers=HEADERS)
