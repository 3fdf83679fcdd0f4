"""The web process: API and dashboard in one application, with the dispatcher that wakes workers."""

from __future__ import annotations

from inspect import isawaitable

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from speechsvc.api.app import create_app
from speechsvc.bootstrap import Application
from speechsvc.config import Settings
from speechsvc.dashboard import routes as dashboard
from speechsvc.dashboard.page_route import error_page
from speechsvc.errors import NotFound
from speechsvc.queueing.parent_watch import watch_parent
from speechsvc.services.clean_up import Janitor


def build(application: Application) -> FastAPI:
    """API under /v1, pages at /."""
    app = create_app(application, dispatcher=application.dispatcher)
    app.include_router(dashboard.router(application))
    _show_people_a_page_where_there_is_none(app)
    return app


def _show_people_a_page_where_there_is_none(app: FastAPI) -> None:
    """A browser at an unknown address gets a page; programs, and everything under /v1, get the API's document."""
    refuse = app.exception_handlers[HTTPException]

    async def missing(request: Request, error: Exception) -> Response:
        for_people = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1")
        if for_people and request.method == "GET":
            return error_page(request, NotFound(what="page"))
        answer = refuse(request, error)
        return await answer if isawaitable(answer) else answer

    app.add_exception_handler(404, missing)


def run(settings: Settings) -> None:
    """Serves until a signal comes."""
    watch_parent(settings.supervisor_pid)
    application = Application(settings)
    application.prepare()
    dispatcher = application.start_dispatcher()
    janitor = Janitor(application.core)
    janitor.start()
    try:
        uvicorn.run(
            build(application),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    finally:
        janitor.stop()
        dispatcher.stop()
        application.close()
