"""Starts the service's processes, restarts what dies, and stops them together."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

from speechsvc.logging import get_logger

log = get_logger(__name__)

_STOP_PATIENCE_S = 15.0
_STABLE_AFTER_S = 30.0
_LONGEST_PAUSE_S = 30.0


@dataclass
class Child:
    """One process to keep alive."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0  # monotonic seconds
    failures: int = 0  # quick deaths in a row
    due: float = field(default=0.0)  # monotonic seconds; not started before

    def start(self) -> None:
        # standard output is Celery's banner and nothing else: logs go to standard error
        self.process = subprocess.Popen(
            list(self.argv), env=dict(self.environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        self.started = time.monotonic()
        log.info("process_started", process=self.name, pid=self.process.pid)

    def tend(self) -> None:
        """Starts it when it is due; notes a death and plans the restart with a growing pause."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self._try_start(now)
            return
        code = self.process.poll()
        if code is None:
            return
        stable = now - self.started > _STABLE_AFTER_S
        pause = self._put_off(now, stable=stable)
        log.error("process_died", process=self.name, exit_code=code, restart_in_s=pause)
        self.process = None

    def _try_start(self, now: float) -> None:
        """A machine out of memory or processes refuses: the others go on, and this one is tried again."""
        try:
            self.start()
        except OSError as error:
            pause = self._put_off(now, stable=False)
            log.error("process_not_started", process=self.name, errno=error.errno, restart_in_s=pause)

    def _put_off(self, now: float, *, stable: bool) -> float:
        """Plans the next start; returns the pause in seconds."""
        self.failures = 0 if stable else self.failures + 1
        pause = 0.0 if self.failures == 0 else min(_LONGEST_PAUSE_S, 0.5 * 2 ** min(self.failures, 10))
        self.due = now + pause
        return pause


class Supervisor:
    """Runs until told to stop."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self._stop = threading.Event()

    def run(self) -> None:
        """Blocks until SIGINT, SIGTERM or `stop`, then ends all children, gently first."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        try:
            while not self._stop.is_set():
                for child in self._children:
                    child.tend()
                self._stop.wait(0.3)
        finally:
            self._end()

    def stop(self) -> None:
        self._stop.set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _end(self) -> None:
        running = [c for c in self._children if c.process is not None]
        for child in running:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + _STOP_PATIENCE_S
        for child in running:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()  # its job's lease runs out and another worker takes it up
                child.process.wait()
            log.info("process_stopped", process=child.name)


def web_argv() -> list[str]:
    return [sys.executable, "-m", "speechsvc", "serve-web"]


def worker_argv(queues: str, processes: int) -> list[str]:
    """A Celery worker with its own node name; prefork, so that a task's limits can be enforced."""
    name = queues.replace(",", "-")
    options = ["--pool", "prefork", "--concurrency", str(processes), "--loglevel", "WARNING"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "workers",
        "worker",
        "-Q",
        queues,
        "-n",
        f"{name}@%h",
        *options,
        *quiet,
    ]
