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

from billiard import active_children
from billiard.util import set_pdeathsig
from celery.signals import worker_init, worker_process_init, worker_shutting_down

from speechsvc.queueing.parent_watch import watch_parent

JOBS_A_MESSAGE = 20  # then another message takes over, so that Celery can renew a child that has grown


class Stopped(BaseException):
    """Interrupts the job that runs. Not an Exception, so that no stage mistakes it for a failure."""


class _State:
    stopping = False
    busy = False


def drain(run_one: Callable[[], bool]) -> bool:
    """Runs due jobs until there is none; True if it ended for having run `JOBS_A_MESSAGE` of them."""
    with suppress(ValueError):  # not the main thread: a pool of threads finishes its jobs
        signal.signal(signal.SIGUSR2, _on_release)  # here, because the pool resets handlers after its initialisers
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    _State.busy = True
    try:
        return all(not _State.stopping and run_one() for _ in range(JOBS_A_MESSAGE))
    except Stopped:
        return False
    finally:
        _State.busy = False


def connect_signals(supervisor_pid: int) -> None:
    """Prepares this worker process and the children that its pool will start."""

    @worker_init.connect(weak=False)  # type: ignore[untyped-decorator]
    def watch_supervisor(**kwargs: Any) -> None:
        watch_parent(supervisor_pid)

    worker_shutting_down.connect(_tell_pool, weak=False)
    worker_process_init.connect(_prepare_child, weak=False)


def _prepare_child(**kwargs: Any) -> None:
    # a child that has had no job yet has no handler: it would die, and the pool would wait for the one in its place
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    with suppress(OSError):  # Linux only; Celery chose SIGKILL, which would leave the job to its lease
        set_pdeathsig(signal.SIGTERM)
    watch_parent(os.getppid())


def _tell_pool(**kwargs: Any) -> None:
    for child in active_children():
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGUSR2)


def _on_release(number: int, frame: FrameType | None) -> None:
    told, _State.stopping = _State.stopping, True
    if _State.busy and not told:  # Ctrl-C brings it twice: the second must not interrupt the release
        raise Stopped
