"""Removes what nobody needs: recordings without a call, half-written files, uploads that nobody went on with."""

from __future__ import annotations

import os
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR
from tempfile import gettempdir

from speechsvc.errors import SpeechsvcError
from speechsvc.logging import get_logger
from speechsvc.services.core import Core
from speechsvc.services.resume_upload import clean_uploads

log = get_logger(__name__)

SAFE_AGE_S = 6 * 3600.0  # longer than any upload may take, so that nothing on its way is removed


LONGEST_JOB_S = 24 * 3600.0  # a folder older than this belongs to no job that still runs
_TEMPORARY = ("speechsvc-audio-*", "speechsvc-playback-*", "speechsvc-recording-*")
STRAYS = 20  # recordings without a call that crashes and lost connections may well leave


class StoreUnfamiliar(SpeechsvcError):
    """{unknown} recordings in the store have no call in this database, only {known} have one: none was removed."""

    code, status = "store_unfamiliar", 500
    zh = "存储中有 {unknown} 个录音在此数据库中没有对应通话，只有 {known} 个有；未删除任何录音。"
    advice = "Check that the database and the store of recordings belong together."
    advice_zh = "请检查数据库与录音存储是否属于同一套服务。"


def clean_up(core: Core, older_than_s: float = SAFE_AGE_S) -> int:
    """How many files were removed, besides those of expired uploads.

    Raises StoreUnfamiliar where most recordings are unknown: then a wrong or restored database is likelier than so
    many crashes, and recordings cannot be made again.
    """
    expired = clean_uploads(core)
    if expired:
        log.info("expired_uploads_removed", uploads=expired)
    removed = _sweep(core, older_than_s)
    if removed:
        log.warning("orphans_removed", files=removed)
    return removed


def _sweep(core: Core, older_than_s: float) -> int:
    known, unknown = set[str](), set[str]()

    def note(key: str) -> bool:
        (known if core.system.knows_blob(key) else unknown).add(key)
        return True

    removed = core.blobs.sweep(note, older_than_s)  # half-written files only
    if len(unknown) > max(STRAYS, len(known)):
        raise StoreUnfamiliar(known=len(known), unknown=len(unknown))
    if unknown:
        removed += core.blobs.sweep(lambda key: key not in unknown, older_than_s)
    return removed


def remove_leftovers(temp: Path | None, older_than_s: float = LONGEST_JOB_S) -> int:
    """Removes decoded audio that a killed process left in the folder for temporary files; returns how many folders.

    They hold people's voices, and no erasure knows them.
    """
    before, removed = time.time() - older_than_s, 0
    for name in _TEMPORARY:
        for folder in (temp or Path(gettempdir())).glob(name):
            with suppress(OSError):  # another process was faster, or it is another user's
                about = folder.lstat()
                if S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and about.st_mtime < before:
                    shutil.rmtree(folder)
                    removed += 1
    if removed:
        log.warning("leftovers_removed", folders=removed)
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
            except StoreUnfamiliar as error:
                log.error("clean_up_refused", **error.details)
            except Exception as error:
                log.error("clean_up_failed", error_type=type(error).__name__)
            if self._stop.wait(self._every_s):
                return
