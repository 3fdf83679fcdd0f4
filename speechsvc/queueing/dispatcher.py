"""A thread that announces due jobs: new ones, retries whose time has come, and jobs whose worker went silent.

Several dispatchers in several processes are harmless: the database gives each of them different jobs.
"""

from __future__ import annotations

import threading

from speechsvc.logging import get_logger
from speechsvc.ports import Announcer, System

log = get_logger(__name__)

_BATCH = 100
_LONGEST_PAUSE_S = 10.0


class Dispatcher:
    """Use `start`, then `wake` after each commit that adds a job, and `stop` at the end."""

    def __init__(self, system: System, announcer: Announcer, *, quiet_s: float, idle_s: float = 0.5) -> None:
        """`quiet_s`: seconds before an unanswered wake-up is repeated; `idle_s`: seconds between looks."""
        self._system, self._announcer = system, announcer
        self._quiet_s, self._idle_s = quiet_s, idle_s
        self._unsent: list[str] = []
        self._failures = 0
        self._stopped, self._woken = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look now instead of at the next turn."""
        self._woken.set()

    def stop(self, timeout_s: float = 15.0) -> None:
        """Ends the thread after its current turn."""
        self._stopped.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def check(self) -> None:
        """Raises SpeechsvcError when the broker does not answer."""
        self._announcer.check()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                more = self._turn()
            except Exception as error:  # whatever it is, the next turn may succeed
                self._stopped.wait(self._failed(error))
                continue
            self._recovered()
            if not more:
                self._woken.wait(self._idle_s)
                self._woken.clear()

    def _turn(self) -> bool:
        """Whether there may be more to announce at once."""
        if not self._unsent:
            self._unsent = self._system.claim_announcements(self._quiet_s, _BATCH)
        if not self._unsent:
            return False
        self._announcer.announce(self._unsent)
        # what was claimed and not sent stays for the next turn: the claim keeps other dispatchers quiet about it
        full, self._unsent = len(self._unsent) == _BATCH, []
        return full

    def _failed(self, error: Exception) -> float:
        """Seconds to pause. Logs the first failure of a row only."""
        self._failures += 1
        if self._failures == 1:
            log.error("dispatch_failed", error_type=type(error).__name__, code=getattr(error, "code", None))
        return float(min(_LONGEST_PAUSE_S, self._idle_s * 2 ** min(self._failures, 10)))

    def _recovered(self) -> None:
        if self._failures:
            log.info("dispatch_recovered", failures=self._failures)
            self._failures = 0
