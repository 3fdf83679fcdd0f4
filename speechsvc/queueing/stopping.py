"""Workers that are told to stop hand their job back at once instead of finishing it.

The worker's main process gets SIGTERM and forwards SIGUSR2 to its pool: "release your job and take no other". The
child itself stays and Celery ends it in good order. SIGTERM to a child (a time limit, a lost parent) raises SystemExit
there, by the handler of Celery's pool, and the job is released on the way out.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import psutil
from billiard import active_children
from billiard.util import set_pdeathsig
from celery import Celery
from celery.bootsteps import StartStopStep
from celery.signals import worker_init, worker_process_init, worker_shutting_down

from speechsvc.queueing.celery_app import JOBS_A_MESSAGE
from speechsvc.queueing.parent_watch import watch_parent

_FOR_THE_MAIN_THREAD = {signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP}


class Stopped(BaseException):
    """Interrupts the job that runs. Not an Exception, so that no stage mistakes it for a failure."""


class _State:
    stopping = False
    busy = False


def drain(run_one: Callable[[], bool], most_mb: float = float("inf")) -> bool:
    """Runs due jobs until there is none; True if it left some to another message: it had run `JOBS_A_MESSAGE` of them,
    or this process holds more than `most_mb` and Celery will renew it.
    """
    with suppress(ValueError):  # not the main thread: a pool of threads finishes its jobs
        signal.signal(signal.SIGUSR2, _on_release)  # here, because the pool resets handlers after its initialisers
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    _State.busy = True
    try:
        for _ in range(JOBS_A_MESSAGE):
            if _State.stopping or not run_one():
                return False
            if psutil.Process().memory_info().rss > most_mb * 2**20:
                return True
        return True
    except Stopped:
        return False
    finally:
        _State.busy = False


def connect_signals(app: Celery, supervisor_pid: int) -> None:
    """Prepares this worker process and the children that its pool will start."""

    @worker_init.connect(weak=False)  # type: ignore[untyped-decorator]
    def begin(**kwargs: Any) -> None:
        # The kernel may hand a signal to any thread. Python runs handlers in the main thread only, and that one sleeps
        # on a lock while the pool is busy: a signal that another thread caught would wait until the job ends. Threads
        # inherit the mask they are started under, so all but the main thread get these blocked.
        signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_THE_MAIN_THREAD)
        watch_parent(supervisor_pid)

    app.steps["worker"].add(_HearSignals)
    worker_shutting_down.connect(_tell_pool, weak=False)
    worker_process_init.connect(_prepare_child, weak=False)


class _HearSignals(StartStopStep):  # type: ignore[misc]
    """Once the pool has its threads, and before the worker waits for a broker, the main thread listens again."""

    requires = ("celery.worker.components:Pool",)

    def start(self, worker: Any) -> None:
        _hear_signals()


def _hear_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FOR_THE_MAIN_THREAD)


def _prepare_child(**kwargs: Any) -> None:
    _hear_signals()  # the mask came with the pool's thread that started this process
    # a child that has had no job yet has no handler: it would die, and the pool would wait for the one in its place
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    # Celery lets the kernel kill a child whose parent dies, which would leave the job to its lease. SIGTERM instead is
    # no better: it comes once for each of the parent's threads, and the second ends the child amid the release.
    with suppress(OSError):  # Linux only
        set_pdeathsig(0)
    watch_parent(os.getppid())


def _tell_pool(**kwargs: Any) -> None:
    for child in active_children():
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGUSR2)


def _on_release(number: int, frame: FrameType | None) -> None:
    told, _State.stopping = _State.stopping, True
    if _State.busy and not told:  # Ctrl-C brings it twice: the second must not interrupt the release
        raise Stopped
