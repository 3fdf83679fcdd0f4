"""One kind of route for all pages: every error becomes a friendly page in the visitor's language."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from speechsvc.dashboard import names
from speechsvc.dashboard.errors import LoginNeeded
from speechsvc.dashboard.language import language_of
from speechsvc.dashboard.pages import HEADERS, render
from speechsvc.errors import InvalidInput, NotFound, SpeechsvcError

_AGAIN = "again"


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
    if isinstance(error, NotFound):
        error = NotFound(what=names.thing(str(error.details.get("what", "")), language))
    message, advice = error.message(language), error.next_step(language)
    return render(request, "error.html", status=error.status, error=error, message=message, advice=advice)


def _to_login(request: Request) -> Response:
    """A link in the CRM comes from another site, so the browser keeps the strict cookie back: ask it once more."""
    query = [(k, v) for k, v in request.query_params.multi_items() if k != _AGAIN]
    elsewhere = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
    if elsewhere and request.method == "GET" and _AGAIN not in request.query_params:
        return render(request, "again.html", address=f"{request.url.path}?{urlencode([*query, (_AGAIN, '1')])}")
    target = request.url.path + (f"?{urlencode(query)}" if query else "")
    wanted = {"next": target} if request.method == "GET" and target != "/" else {}
    return RedirectResponse(f"/login?{urlencode(wanted)}" if wanted else "/login", status_code=303, headers=HEADERS)
