"""Removes what a crash may have left: recordings without a call, half-written files, uploads that nobody went on with."""

from __future__ import annotations

import threading

from speechsvc.logging import get_logger
from speechsvc.services.core import Core
from speechsvc.services.resume_upload import clean_uploads

log = get_logger(__name__)

SAFE_AGE_S = 6 * 3600.0  # longer than any upload may take, so that nothing on its way is removed


def clean_up(core: Core, older_than_s: float = SAFE_AGE_S) -> int:
    """How many files were removed, besides those of expired uploads."""
    expired = clean_uploads(core)
    if expired:
        log.info("expired_uploads_removed", uploads=expired)
    removed = core.blobs.sweep(core.system.knows_blob, older_than_s)
    if removed:
        log.warning("orphans_removed", files=removed)
    return removed


class Janitor:
    """Cleans up at the start and then every hour, in a thread; errors are logged and the next round tries again."""

    def __init__(self, core: Core, every_s: float = 3600.0) -> None:
        self._core = core
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        while True:
            try:
                clean_up(self._core)
            except Exception as error:
                log.error("clean_up_failed", error_type=type(error).__name__)
            if self._stop.wait(self._every_s):
                return
