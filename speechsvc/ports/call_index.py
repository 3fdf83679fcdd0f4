"""The index of candidate calls: which stored calls may hold what a lexicon entry looks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.heatmap import RowKind
from speechsvc.domain.run import CallRange
from speechsvc.domain.transcript import Transcript
from speechsvc.ports.calls import Page


class IndexedCall(NamedTuple):
    """An analysed call and its place in the index. A tuple: made by the hundred thousand."""

    call_id: str
    block: int | None  # none where the index does not have it yet
    place: int
    source: str
    contact: str | None
    score: int | None
    row_key: str  # of the heatmap
    row_label: str | None
    versions: Mapping[str, str | None]  # of everything that decided its present analysis


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexState:
    """How much of a tenant's analysed calls the index holds."""

    calls: int  # analysed calls
    indexed: int  # of these, in blocks of the present version
    blocks: int
    size: int  # bytes of postings


class CallIndexer(Protocol):
    """What a call's words are reduced to."""

    @property
    def version(self) -> str:
        """Of the tables that decide; blocks of another version are not asked."""
        ...

    @property
    def block(self) -> int:
        """Most calls in a block."""
        ...

    def features(self, conversation: Conversation) -> bytes: ...

    def pack(self, features: Sequence[bytes]) -> dict[int, bytes]:
        """Postings of a block by first syllable; a call's place is its index."""
        ...


class CandidateQuery(Protocol):
    """Finds the turns of a block's calls that may hold an entry; never fewer than the tagger would find."""

    @property
    def firsts(self) -> frozenset[int]:
        """First units whose postings are needed."""
        ...

    def places(self, postings: Mapping[int, bytes]) -> Mapping[int, tuple[int, ...]]:
        """Turns by the call's place in the block."""
        ...


class CallIndexRepository(Protocol):
    """The index of one tenant. It never hides a call: what it does not know is for the caller to look at."""

    def calls(
        self, where: CallRange, row: RowKind, *, cursor: str | None = None, limit: int = 1000, skip: int = 0
    ) -> Page[IndexedCall]:
        """Analysed calls in the range, the latest begun first; `skip` leaves out so many."""
        ...

    def some(self, where: CallRange, row: RowKind, call_ids: Sequence[str]) -> tuple[IndexedCall, ...]:
        """Those of these calls that are analysed and in the range."""
        ...

    def position(self, call_id: str) -> str:
        """The cursor that continues `calls` behind this call. Raises NotFound."""
        ...

    def count(self, where: CallRange) -> int: ...

    def versions(self) -> dict[int, str]:
        """Version by block."""
        ...

    def made(self) -> dict[int, tuple[str, int, int]]:
        """Version, calls and bytes by block: other ones where a block was made anew under the same number."""
        ...

    def postings(self, block: int, firsts: Collection[int]) -> dict[int, bytes]: ...

    def missing(self, *, limit: int) -> tuple[str, ...]:
        """Analysed calls that are in no block, the earliest begun first."""
        ...

    def texts(self, call_ids: Sequence[str]) -> dict[str, Transcript]: ...

    def still_there(self, call_ids: Sequence[str]) -> frozenset[str]:
        """Those that were not erased; they stay until the end of this transaction."""
        ...

    def conversations(self, call_ids: Sequence[str]) -> dict[str, tuple[Conversation, str]]:
        """The words alone, which is what most calls are read for, and a digest of the transcript as stored."""
        ...

    def add_block(self, version: str, digests: Mapping[str, str], postings: Mapping[int, bytes]) -> bool:
        """`digests` by call id, in order of places. False, and nothing may be committed, where one of the calls was
        erased or transcribed again meanwhile."""
        ...

    def drop_block(self, block: int) -> None:
        """Its calls are in no block then."""
        ...

    def partial_block(self, size: int) -> int | None:
        """A block with fewer calls than that."""
        ...

    def state(self, version: str) -> IndexState: ...
