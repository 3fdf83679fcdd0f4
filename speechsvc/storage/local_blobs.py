"""Recordings in a local folder: `<root>/<tenant>/<aa>/<random>/recording`.

Each recording is alone in its folder, so that a playlist disguised as a recording has no neighbour to point to.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from speechsvc.config import make_private_folder
from speechsvc.domain.call import Recording
from speechsvc.errors import NotFound, SpeechsvcError, StorageFull
from speechsvc.storage.blobs import CHUNK, BlobsUnavailable, checked, copy_in, new_key

_NAME, _UNFINISHED = "recording", "recording.part"


class LocalBlobs:
    """Implements `BlobStore`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def writer(self, tenant_id: str) -> LocalWriter:
        key = new_key(tenant_id)
        return LocalWriter(key, self._folder(key), self._root)

    def put_file(self, tenant_id: str, path: Path) -> Recording:
        return copy_in(self.writer(tenant_id), path)

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            file = self._path(key).open("rb")
        except FileNotFoundError:
            raise NotFound(what="recording") from None
        file.seek(start)
        return _chunks(file, length)

    def size(self, key: str) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            raise NotFound(what="recording") from None

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        self.size(key)
        yield self._path(key)

    def delete(self, key: str) -> None:
        shutil.rmtree(self._folder(key), ignore_errors=True)
        if self._folder(key).exists():
            raise BlobsUnavailable(problem="a recording could not be deleted")

    def sweep(self, known: Callable[[str], bool], older_than_s: float) -> int:
        removed, before = 0, time.time() - older_than_s
        for folder in self._root.glob("*/??/*"):
            key = f"{folder.parent.parent.name}/{folder.name}"
            finished = (folder / _NAME).exists()
            if _last_touched(folder) < before and not (finished and known(key)):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    def check(self) -> None:
        try:
            make_private_folder(self._root)
            with tempfile.TemporaryFile(dir=self._root) as file:
                file.write(b"x")
        except OSError as error:
            raise _translated(error) from error

    def _path(self, key: str) -> Path:
        return self._folder(key) / _NAME

    def _folder(self, key: str) -> Path:
        tenant, name = checked(key).split("/")
        return self._root / tenant / name[:2] / name


class LocalWriter:
    """Implements `BlobWriter`."""

    def __init__(self, key: str, folder: Path, root: Path) -> None:
        self._key, self._folder, self._root = key, folder, root
        self._hash = hashlib.sha256()
        self._size = 0
        try:
            make_private_folder(folder)
            self._file = (folder / _UNFINISHED).open("xb", buffering=0)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise _translated(error) from error

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes) -> None:
        try:
            view = memoryview(data)
            while view:  # an unbuffered write may take only a part
                view = view[self._file.write(view) :]
        except OSError as error:
            self.abort()
            raise _translated(error) from error
        self._hash.update(data)
        self._size += len(data)

    def commit(self) -> Recording:
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            os.rename(self._folder / _UNFINISHED, self._folder / _NAME)
            self._sync_folders()
        except OSError as error:
            self.abort()
            raise _translated(error) from error
        return Recording(blob=self._key, sha256=self._hash.hexdigest(), size=self._size)

    def _sync_folders(self) -> None:
        """A new file survives a power cut only if the folders that lead to it do."""
        folder = self._folder
        while True:
            _sync_folder(folder)
            if folder == self._root:
                return
            folder = folder.parent

    def abort(self) -> None:
        with suppress(OSError):
            self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _chunks(file: BinaryIO, length: int | None) -> Iterator[bytes]:
    with file:
        left = length
        while left is None or left > 0:
            data = file.read(CHUNK if left is None else min(CHUNK, left))
            if not data:
                return
            left = None if left is None else left - len(data)
            yield data


def _last_touched(folder: Path) -> float:
    """The newest change in the folder; now, if it vanishes meanwhile."""
    try:
        return max(p.stat().st_mtime for p in (folder, *folder.iterdir()))
    except OSError:
        return time.time()


def _translated(error: OSError) -> SpeechsvcError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull()
    return BlobsUnavailable(problem=error.strerror or "input or output error")
