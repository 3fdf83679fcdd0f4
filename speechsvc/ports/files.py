"""Where recordings lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from speechsvc.domain.call import Recording


class BlobWriter(Protocol):
    """One file being received. Nothing is visible until `commit`; `abort` leaves nothing behind."""

    @property
    def size(self) -> int:
        """Bytes so far."""
        ...

    def write(self, data: bytes) -> None:
        """Raises StorageFull."""
        ...

    def commit(self) -> Recording:
        """Makes the file durable (fsync and rename, or completed upload); returns key, SHA-256 and size."""
        ...

    def abort(self) -> None: ...


class BlobStore(Protocol):
    """Recordings by generated key; a key is `<tenant>/<random>`, never a caller's file name."""

    def writer(self, tenant_id: str) -> BlobWriter: ...

    def put_file(self, tenant_id: str, path: Path) -> Recording: ...

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Chunks of at most 1 MiB. Raises NotFound."""
        ...

    def size(self, key: str) -> int: ...

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """A readable local path, alone in its folder; removed afterwards if it was a copy."""
        ...

    def delete(self, key: str) -> None:
        """No error if it is already gone."""
        ...

    def sweep(self, known: Callable[[str], bool], older_than_s: float) -> int:
        """Deletes files that no row knows and unfinished writes, if older than that; returns how many."""
        ...

    def check(self) -> None:
        """Raises SpeechsvcError if the store cannot be used."""
        ...
