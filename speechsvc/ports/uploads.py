"""Recordings that arrive in pieces."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from speechsvc.domain.upload import Upload, UploadPart


class UploadRepository(Protocol):
    """Recordings that arrive in pieces. The offset in the row decides who may add the next piece."""

    def add(self, upload: Upload) -> None:
        """A new upload without parts."""
        ...

    def get(self, upload_id: str) -> Upload:
        """With its parts in order. Raises NotFound."""
        ...

    def append(self, upload_id: str, part: UploadPart) -> bool:
        """False, and nothing stored, unless the upload's offset is `part.start` and the part fits into its length."""
        ...

    def finish(self, upload_id: str, call_id: str) -> bool:
        """It became this call: parts and metadata are forgotten. False unless it was complete and not settled."""
        ...

    def refuse(self, upload_id: str, code: str) -> bool:
        """It never becomes a call: parts and metadata are forgotten. False unless it was complete and not settled."""
        ...

    def remove(self, upload_id: str) -> Upload:
        """Deletes the row; returns what it was, with the parts whose files are to be deleted. Raises NotFound."""
        ...

    def waiting(self, *, limit: int = 1000) -> tuple[str, ...]:
        """Ids of uploads that are complete but not settled."""
        ...

    def expired(self, at: datetime, *, limit: int = 100) -> tuple[str, ...]:
        """Ids of uploads past their time that are not waiting."""
        ...
