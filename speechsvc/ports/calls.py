"""Calls with their transcripts and analyses, as stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from speechsvc.domain.access import Scope
from speechsvc.domain.analysis import Tagging, Versions
from speechsvc.domain.call import Call, CallStatus, Source
from speechsvc.domain.facts import TopicFact
from speechsvc.domain.heatmap import HeatmapQuery, RowCount, RowKind, TopicCount
from speechsvc.domain.mention import Mention
from speechsvc.domain.run import CallRange
from speechsvc.domain.talk import TalkMetrics
from speechsvc.domain.transcript import Transcript

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFilter:
    """Which calls a list shows; `None` means any."""

    scope: Scope = field(default_factory=Scope)
    status: CallStatus | None = None
    source: Source | None = None
    external_id: str | None = None
    salesperson_id: str | None = None
    team: str | None = None
    customer_id: str | None = None
    topic: str | None = None  # has a counting mention of it
    contact: str | None = None
    since: datetime | None = None  # began at or after
    until: datetime | None = None  # began before
    score_below: int | None = None
    score_from: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionFilter:
    """Which mentions a drill-down shows. Row and its key are the heatmap's."""

    scope: Scope = field(default_factory=Scope)
    topic: str | None = None
    row: RowKind | None = None
    row_key: str | None = None
    speaker: str | None = None  # customer, agent; none or "any": both
    counting_only: bool = True  # affirmed, unsuspect, effective calls
    sources: tuple[Source, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """One page of a listing; `cursor` continues it, none at the end."""

    items: tuple[T, ...]
    cursor: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMention:
    """A mention with its ids. `sentence` is the turn's whole text, unmasked: services mask before anything leaves."""

    id: str
    call_id: str
    mention: Mention
    sentence: str
    call: Call | None = None  # joined in drill-downs


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryHits:
    """How often one entry decided a mention."""

    topic: str
    entry: str
    mentions: int
    calls: int
    by_match: dict[str, int]  # match kind -> mentions
    negated: int
    suspect: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """Everything the text stage found in one call, stored and replaced as a whole."""

    tagging: Tagging
    talk: TalkMetrics
    score: dict[str, Any]
    snapshot: dict[str, Any]  # frozen inputs of the score
    versions: Versions
    facts: tuple[TopicFact, ...]  # what the heatmap counts, computed by domain.facts; storage stores them as they are


class CallRepository(Protocol):
    def add(self, call: Call, *, local_week: str) -> bool:
        """False, and nothing stored, if the tenant already has this external id. `local_week`: "2026-W48"."""
        ...

    def get(self, call_id: str, scope: Scope | None = None) -> Call:
        """Raises NotFound, also when it lies outside the scope."""
        ...

    def find(self, external_id: str) -> Call | None: ...

    def list(self, where: CallFilter, *, cursor: str | None = None, limit: int = 50) -> Page[Call]:
        """Newest first by received_at."""
        ...

    def update(self, call_id: str, **fields: Any) -> None:
        """Sets fields of Call by name. Raises NotFound."""
        ...

    def erase(self, call_id: str) -> Call:
        """Deletes the call with transcript, mentions, score, facts and jobs; returns what it was. Raises NotFound."""
        ...

    def queue_position(self, call_id: str) -> int | None:
        """How many ready jobs are before this call's, none if it does not wait."""
        ...


class TranscriptRepository(Protocol):
    def save(self, call_id: str, transcript: Transcript) -> None:
        """Replaces an earlier one."""
        ...

    def get(self, call_id: str) -> Transcript | None: ...


class AnalysisRepository(Protocol):
    def save(self, call_id: str, analysis: Analysis) -> int:
        """Replaces the mentions, score and heatmap facts of the call; returns the new revision (1, 2, ...)."""
        ...

    def get(self, call_id: str) -> Analysis | None:
        """Facts included, but for the trace."""
        ...

    def bare(self, call_ids: Sequence[str]) -> dict[str, Analysis]:
        """The same without mentions and facts."""
        ...

    def found_mentions(self, call_ids: Sequence[str]) -> dict[str, tuple[Mention, ...]]:
        """By call, in order of turn, place and topic; calls without any are absent."""
        ...

    def traces(self, call_ids: Sequence[str]) -> dict[str, bytes]:
        """`Tagging.trace` by call; calls without one are absent."""
        ...

    def mentions(self, call_id: str) -> tuple[StoredMention, ...]: ...

    def mention(self, mention_id: str) -> StoredMention:
        """Raises NotFound."""
        ...

    def entry_hits(self, where: CallRange) -> tuple[EntryHits, ...]:
        """How often each entry decided a mention in analysed calls of the range."""
        ...

    def heard_as(self, where: CallRange, *, limit: int) -> tuple[tuple[str, str, int, int], ...]:
        """Words that were taken for an entry by their sound: (words, entry, mentions, calls), the most frequent
        first."""
        ...

    def find_mentions(
        self, where: MentionFilter, *, cursor: str | None = None, limit: int = 50
    ) -> Page[StoredMention]: ...

    def heatmap(self, query: HeatmapQuery) -> tuple[list[RowCount], list[TopicCount]]: ...
