"""What every use case may reach, joined once by `speechsvc.bootstrap`. Fakes of these ports make the tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from speechsvc.domain.followup import FollowupRules
from speechsvc.ports import (
    Alone,
    Analyser,
    BlobStore,
    Clock,
    Database,
    Helpers,
    Playback,
    Rulebook,
    Sender,
    System,
    Transcriber,
    Workbench,
)
from speechsvc.services.current_rules import Topics


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
    rulebook: Callable[[], Rulebook]
    workbench: Callable[[], Workbench]
    analyser: Callable[[str], Analyser]  # of a tenant, with what it has published; ask anew for each call
    topics: Callable[[str], Topics]  # of a tenant's lexicon
    wake: Callable[[], None]  # tells the dispatcher that a job was committed; may do nothing
    limits: Limits
    language: str
    helpers: Helpers = field(default_factory=Alone)  # take a share of work over many calls
    followups: FollowupRules = field(default_factory=FollowupRules)
