"""A recording that arrives in pieces over a weak network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from speechsvc.domain.call import CallMetadata


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadPart:
    """One durable piece; the pieces in order of `start` are the recording so far."""

    start: int  # bytes before it
    size: int  # bytes
    blob: str  # key in the blob store


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """An upload on its way, and for a while afterwards what became of it."""

    id: str
    key_id: str  # who began it
    external_id: str
    length: int  # bytes of the whole recording
    offset: int = 0  # bytes that are durable
    metadata: CallMetadata | None  # forgotten once the call is received or refused: it is the call's then
    header: str | None = None  # Upload-Metadata as sent; forgotten likewise
    parts: tuple[UploadPart, ...] = ()
    call_id: str | None = None  # the call that it became
    refused: str | None = None  # error code of a final refusal
    created_at: datetime
    expires_at: datetime

    @property
    def complete(self) -> bool:
        """Every byte is there; the call may still have to be made."""
        return self.offset == self.length

    @property
    def settled(self) -> bool:
        """It became a call, or never will."""
        return self.call_id is not None or self.refused is not None
