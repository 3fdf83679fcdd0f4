"""The HTTP application: routes, errors, limits. Pages are composed elsewhere; `/` is left free for them."""

from __future__ import annotations

from fastapi import FastAPI

from speechsvc import __version__
from speechsvc.api import (
    audit,
    calls,
    crm,
    crm_events,
    directory,
    docs_page,
    followups,
    heatmap,
    learned,
    marks,
    openapi,
    operations,
    problems,
    recording,
    results,
    rubric_preview,
    rulesets,
    texts,
    uploads,
    webhook_actions,
    workbench,
)
from speechsvc.api.application import Application, Dispatcher
from speechsvc.api.finish_body import FinishBody
from speechsvc.api.metrics import HttpMetrics
from speechsvc.api.observe import Observe
from speechsvc.api.tus import TusHeaders
from speechsvc.api.upload import UploadRules

ROUTERS = (
    calls.router,
    uploads.router,
    texts.router,
    results.router,
    recording.router,
    heatmap.router,
    learned.router,
    rulesets.lexicon_router,
    rulesets.rubric_router,
    rubric_preview.router,
    workbench.router,
    marks.router,
    followups.router,
    directory.router,
    crm.router,
    webhook_actions.router,
    crm_events.router,
    audit.router,
    operations.router,
    docs_page.router,
)


def create_app(
    application: Application, *, dispatcher: Dispatcher | None = None, upload_patience_s: float = 30.0
) -> FastAPI:
    """Connects nothing by itself. `dispatcher`, where there is a broker, is asked by /readyz.

    `upload_patience_s`: seconds without a byte after which an upload is given up.
    """
    app = FastAPI(title="speechsvc", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    metrics = HttpMetrics(application.core.system)
    app.state.application = application
    app.state.dispatcher = dispatcher
    app.state.metrics = metrics
    app.state.listeners = recording.Listeners()
    app.state.upload_rules = UploadRules(max_bytes=application.settings.max_upload_bytes, patience_s=upload_patience_s)
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    openapi.install(app)
    app.add_middleware(FinishBody)
    app.add_middleware(TusHeaders)
    app.add_middleware(Observe, metrics=metrics)  # the last one added is the outermost
    return app
