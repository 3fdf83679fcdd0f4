"""Health, readiness and metrics: what operators and load balancers ask. No key needed, nothing personal shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from speechsvc import __version__
from speechsvc.api.application import Application, Dispatcher
from speechsvc.api.errors import NotServed
from speechsvc.api.language import language_of
from speechsvc.api.route import bearer_key
from speechsvc.api.schemas import Check, Health, Readiness
from speechsvc.domain.access import Permission
from speechsvc.errors import SpeechsvcError
from speechsvc.ports import QueueState
from speechsvc.services.manage_keys import authenticate

router = APIRouter(tags=["operations"])

CHECK_S = 5.0
WAIT_S = 180.0  # a due job that nobody has taken for so long means that no worker runs
_LOOPBACK = ("127.0.0.1", "::1")


class NoAnswer(SpeechsvcError):
    """It did not answer within {seconds} seconds."""

    code, status, permanent = "no_answer", 503, False
    zh = "{seconds} 秒内没有应答。"


class NoWorker(SpeechsvcError):
    """No worker takes jobs: {ready} are waiting, the oldest for {oldest} seconds."""

    code, status, permanent = "no_worker", 503, False
    zh = "没有工作进程在处理任务：{ready} 个在等待，最久已等 {oldest} 秒。"


@router.get("/healthz", summary="Is the process alive?", response_model=Health)
async def healthz() -> Health:
    """Asks nothing else: restart the process if this does not answer."""
    return Health(version=__version__)


@router.get(
    "/readyz",
    summary="Can it do its work?",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "At least one check failed"}},
)
async def readyz(request: Request, response: Response) -> Readiness:
    """Database, recordings, broker, and whether workers take jobs. 503 with the failing check and why."""
    application: Application = request.app.state.application
    dispatcher: Dispatcher | None = request.app.state.dispatcher
    language = language_of(request)
    asked: list[tuple[str, Callable[[], None]]] = [
        ("database", application.core.system.check),
        ("recordings", application.core.blobs.check),
    ]
    if dispatcher is not None:
        asked.append(("broker", dispatcher.check))
    checks = list(await asyncio.gather(*(_check(name, ask, language) for name, ask in asked)))
    if checks[0].ok:
        checks += _workers(await run_in_threadpool(application.core.system.queues), language)
    ready = all(c.ok for c in checks)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, checks=checks)


@router.get("/metrics", summary="Measurements for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """Open to this machine; from elsewhere with a key that has audit:read (set the scraper's bearer token)."""
    if not _from_this_machine(request):
        principal = authenticate(request.app.state.application.core.system, bearer_key(request))
        if not principal.may(Permission.AUDIT_READ):
            raise NotServed
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _check(name: str, ask: Callable[[], None], language: str) -> Check:
    """Errors that are not ours show only their type: their text may hold addresses and passwords."""
    try:
        await asyncio.wait_for(run_in_threadpool(ask), CHECK_S)
    except TimeoutError:
        late = NoAnswer(seconds=round(CHECK_S))
        return Check(name=name, ok=False, code=late.code, problem=late.message(language))
    except SpeechsvcError as error:
        return Check(name=name, ok=False, code=error.code, problem=error.message(language))
    except Exception as error:
        return Check(name=name, ok=False, code="internal_error", problem=type(error).__name__)
    return Check(name=name, ok=True)


def _workers(queues: tuple[QueueState, ...], language: str) -> list[Check]:
    checks = []
    for queue in queues:
        name = f"workers.{queue.queue}"
        if queue.leased == 0 and queue.oldest_ready_s > WAIT_S:
            idle = NoWorker(ready=queue.ready, oldest=round(queue.oldest_ready_s))
            checks.append(Check(name=name, ok=False, code=idle.code, problem=idle.message(language)))
        else:
            checks.append(Check(name=name, ok=True))
    return checks


def _from_this_machine(request: Request) -> bool:
    """A request that a proxy passed on is not from here, whatever the socket says."""
    forwarded = {"x-forwarded-for", "forwarded", "x-real-ip"} & set(request.headers)
    return not forwarded and request.client is not None and request.client.host in _LOOPBACK
