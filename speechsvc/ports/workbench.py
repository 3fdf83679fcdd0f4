"""What tuning a lexicon needs of the tagger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import Mention
from speechsvc.domain.ruleset import Content
from speechsvc.ports.call_index import CallIndexer, CandidateQuery


class Comparison(Protocol):
    """Two lexicons: where their results may differ, and how the new one's follow from the old one's."""

    @property
    def entries(self) -> frozenset[str]:
        """Ids of the entries that only one of them has in this form."""
        ...

    @property
    def topics(self) -> frozenset[str]:
        """Topics whose mentions may differ."""
        ...

    @property
    def query(self) -> CandidateQuery | None:
        """Which calls may differ; none where every call must be looked at."""
        ...

    def prepare(self) -> None:
        """Compiles what it needs, which else happens with the first calls."""
        ...

    def look(self, conversation: Conversation, turns: Sequence[int] | None = None) -> Any:
        """None only where both find the same, else what `results` takes.

        `turns`: those that `query` names; none: any.
        """
        ...

    def results(
        self, some: Sequence[tuple[Any, Sequence[Mention], bytes | None]]
    ) -> list[tuple[tuple[Mention, ...], bytes | None]]:
        """From looks, and all mentions of these calls as the old lexicon finds them, to all as the new one finds them;
        many calls at once are faster.

        The third is what the old lexicon's analysis left (`Tagging.trace`): with it this is many times faster. The new
        one's comes back, or none.
        """
        ...


class Matcher(Protocol):
    """All entries of a lexicon that match, before the best of a turn is chosen."""

    def entries(self, conversation: Conversation) -> Iterable[tuple[str, frozenset[str]]]:
        """(topic, ids of entries) for each turn and topic with a match."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """Words that customers use and no entry covers."""

    text: str
    count: int
    calls: int
    score: float  # log-likelihood ratio against everyday Chinese
    topic: str | None  # which topic's sentences its sentences resemble most
    resemblance: float  # 0 to 1
    near: str | None  # a known term that it shares most characters or contexts with
    near_entry: str | None
    places: tuple[tuple[str, int], ...]  # (call id, turn) of some sentences


class Workbench(Protocol):
    """Knows no tenant; safe to share between threads."""

    @property
    def indexer(self) -> CallIndexer: ...

    def matcher(self, lexicon: Content) -> Matcher:
        """Content as `Rulebook.read` gave it back."""
        ...

    def phrases(
        self, lexicon: Content, calls: Iterable[tuple[Conversation, Sequence[Mention]]], limit: int
    ) -> tuple[Phrase, ...]:
        """Salient phrases of customers' turns without a mention, the most salient first."""
        ...

    def compare(self, old: Content, new: Content) -> Comparison:
        """Fast: only what differs is compiled. Both as `Rulebook.read` gave them back: nothing is checked again."""
        ...
