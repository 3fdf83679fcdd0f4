"""Children must not outlive the process that started them: a supervisor killed with -9 tells nobody."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import psutil

_EVERY_S = 1.0
_GRACE_S = 10.0


def watch_parent(pid: int) -> None:
    """Ends this process and its descendants soon after process `pid` has ended; 0 watches nothing.

    First SIGTERM, so that jobs are released, and after ten seconds for good. Not by process group: that is often
    shared with whoever started the service.
    """
    if pid:
        thread = threading.Thread(target=_watch, args=(_alive(pid),), name="parent-watch", daemon=True)
        thread.start()


def _watch(alive: Callable[[], bool]) -> None:
    while alive():
        time.sleep(_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(1)


def _alive(pid: int) -> Callable[[], bool]:
    if os.getppid() == pid:
        return lambda: os.getppid() == pid  # an orphan gets another parent at once
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return lambda: False
    return lambda: _runs(process)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
