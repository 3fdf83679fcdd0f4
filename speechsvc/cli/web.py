"""The web process: API and dashboard in one application, with the dispatcher that wakes workers."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

from speechsvc.api.app import create_app
from speechsvc.bootstrap import Application
from speechsvc.config import Settings
from speechsvc.dashboard import routes as dashboard
from speechsvc.queueing.parent_watch import watch_parent
from speechsvc.services.clean_up import Janitor


def build(application: Application) -> FastAPI:
    """API under /v1, pages at /."""
    app = create_app(application, dispatcher=application.dispatcher)
    app.include_router(dashboard.router(application))
    return app


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
