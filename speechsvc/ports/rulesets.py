"""A tenant's lexicon and rubric: where their versions lie, and what can be done with their content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from speechsvc.domain.ruleset import Content, Draft, FileFormat, Ruleset, RulesetKind, RulesetVersion
from speechsvc.ports.calls import Page
from speechsvc.ports.recognition import Analyser


class RulesetRepository(Protocol):
    def current(self) -> dict[RulesetKind, RulesetVersion]:
        """The newest version of each kind that the tenant has published; one query."""
        ...

    def versions(self, kind: RulesetKind, *, cursor: str | None = None, limit: int = 50) -> Page[RulesetVersion]:
        """Newest first."""
        ...

    def version(self, kind: RulesetKind, number: int) -> RulesetVersion:
        """Raises NotFound."""
        ...

    def content(self, kind: RulesetKind, number: int) -> Content:
        """Raises NotFound."""
        ...

    def add(self, version: RulesetVersion, content: Content) -> bool:
        """False, and nothing stored, if the number is taken."""
        ...

    def draft(self, kind: RulesetKind) -> Draft | None:
        """None if there never was one. A draft without content was published or dropped; its revision still counts."""
        ...

    def save_draft(self, draft: Draft) -> bool:
        """False, and nothing stored, unless the stored revision is `draft.revision` (0: none yet); adds one to it."""
        ...

    def base(self, kind: RulesetKind, digest: str) -> Content | None:
        """The default that content began from, as it was then."""
        ...

    def add_base(self, base: Ruleset) -> None:
        """No error if it is there."""
        ...


class Rulebook(Protocol):
    """Reads content of rulesets and makes analysers of it. Knows no tenant."""

    def default(self, kind: RulesetKind) -> Ruleset:
        """What a tenant uses that has published nothing. Raises what `read` raises."""
        ...

    def read(self, kind: RulesetKind, content: Content, number: int | None = None) -> Ruleset:
        """Checks form and sense and writes defaults out; with `number`, name and version become those of a published
        version. Raises SpeechsvcError (422) that names every place and its cure."""
        ...

    def checked(self, kind: RulesetKind, content: Content) -> Content:
        """The content of `read` alone, which costs less."""
        ...

    def analyser(self, lexicon: Content, rubric: Content) -> Analyser:
        """Of content that `read` has given. Takes about a second."""
        ...

    def check(self, kind: RulesetKind, content: Content) -> tuple[str, ...]:
        """Every problem in plain words, with place and cure: form, sense, and the lexicon's own examples."""
        ...

    def evaluate(self, lexicon: Content, calls: Sequence[Any]) -> dict[str, Any]:
        """`figures` (see tagging.evaluate) and `places`, where it differs from the labels: call_id, turn, topic, kind.

        Raises SpeechsvcError (422) for calls that cannot be read.
        """
        ...

    def train(self, lexicon: Content, calls: Sequence[Any], floor: float) -> Content:
        """Learned entries for it, see domain.learned_data. Takes seconds to minutes.

        `floor`: least share of what a model adds that must be right. Raises SpeechsvcError (422) for calls that cannot
        be read, or are too few.
        """
        ...

    def scores(self, lexicon: Content, rubric: Content, calls: Sequence[Any]) -> list[dict[str, Any]]:
        """call_id, total and counts_toward_performance of each call. Raises as `evaluate`."""
        ...

    def write(self, kind: RulesetKind, content: Content, format: FileFormat) -> bytes:
        """A file from which `parse` makes equal content. Raises SpeechsvcError (422) where the format cannot."""
        ...

    def parse(self, kind: RulesetKind, data: bytes, format: FileFormat) -> Content:
        """Raises SpeechsvcError (422) that names what cannot be used."""
        ...
