"""What every use case may reach, joined once by `speechsvc.bootstrap`. Fakes of these ports make the tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from speechsvc.ports import Analyser, BlobStore, Clock, Database, Playback, Sender, System, Transcriber


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Sizes beyond which input is refused, and the patience of the job runner."""

    upload_bytes: int
    text_chars: int
    lease_s: float
    max_attempts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """The composition of all ports. Heavy parts (models, lexicon) come from calls: nothing loads before its use."""

    db: Database
    system: System
    blobs: BlobStore
    clock: Clock
    sender: Sender
    playback: Playback
    transcriber: Callable[[], Transcriber]
    analyser: Callable[[], Analyser]
    topics: Callable[[], tuple[tuple[str, str, str], ...]]  # in the lexicon's order: id, Chinese name, English name
    wake: Callable[[], None]  # tells the dispatcher that a job was committed; may do nothing
    limits: Limits
    language: str
