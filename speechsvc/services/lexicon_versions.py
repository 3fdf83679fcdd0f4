"""Lexicons of a tenant by the label under which results name them; and what the one in force finds in a stored call."""

from __future__ import annotations

from collections.abc import Sequence

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import Mention
from speechsvc.domain.ruleset import Content, RulesetKind
from speechsvc.ports import Comparison, IndexedCall, UnitOfWork
from speechsvc.services.core import Core

Found = tuple[tuple[Mention, ...], bytes | None]  # mentions and the trace that goes with them


def lexicon_by_label(core: Core, uow: UnitOfWork, label: str | None) -> Content | None:
    """None for a lexicon that is not stored: a file in the settings that has changed since, for example."""
    cursor = None
    while True:
        page = uow.rulesets.versions(RulesetKind.LEXICON, cursor=cursor, limit=200)
        for version in page.items:
            if version.label == label and version.number:
                return uow.rulesets.content(RulesetKind.LEXICON, version.number)
        cursor = page.cursor
        if cursor is None:
            default = core.rulebook().default(RulesetKind.LEXICON)
            return default.content if default.label == label else None


def applied(
    comparison: Comparison, conversation: Conversation, mentions: Sequence[Mention], trace: bytes | None
) -> Found:
    """From the old lexicon's mentions, and the trace that goes with them, to the new one's."""
    look = comparison.look(conversation)
    return (tuple(mentions), trace) if look is None else comparison.results([(look, mentions, trace)])[0]


class InForce:
    """The tenant's analyser at one moment, and its lexicon's mentions in calls that an older one analysed."""

    def __init__(self, core: Core, tenant_id: str, *, label: str | None = None) -> None:
        """`label`: of an earlier lexicon that is to be taken for the one in force."""
        self._core = core
        self._tenant_id = tenant_id
        self.analyser = core.analyser(tenant_id)
        self.versions = self.analyser.versions
        self._label = label or self.versions.lexicon
        self.lexicon = self._content(self._label)
        self._comparisons: dict[str, Comparison | None] = {}

    def same_engine(self, call: IndexedCall) -> bool:
        return call.versions.get("engine") == self.versions.engine

    def same_lexicon(self, call: IndexedCall) -> bool:
        return call.versions.get("lexicon") == self._label

    def same_as(self, call: IndexedCall) -> bool:
        """Whether the call's stored results are those of today in all."""
        return (
            self.same_engine(call) and self.same_lexicon(call) and call.versions.get("rubric") == self.versions.rubric
        )

    def mentions(
        self, call: IndexedCall, conversation: Conversation, stored: Sequence[Mention], trace: bytes | None
    ) -> Found:
        """As the analyser finds them, and the trace that goes with them; most calls cost no tagging."""
        if self.same_engine(call):
            if self.same_lexicon(call):
                return tuple(stored), trace
            comparison = self.since(call.versions.get("lexicon"))
            if comparison is not None:
                return applied(comparison, conversation, stored, trace)
        return self._tagged(conversation)

    def _tagged(self, conversation: Conversation) -> Found:
        found = self.analyser.tag(conversation)
        back = None if self._label == self.versions.lexicon else self._back()
        if back is None:
            return found.mentions, found.trace
        return applied(back, conversation, found.mentions, found.trace)

    def _back(self) -> Comparison | None:
        """From the analyser's lexicon to the earlier one that is taken for it."""
        now = self._content(self.versions.lexicon)
        if now is None or self.lexicon is None:
            return None
        if "" not in self._comparisons:
            self._comparisons[""] = self._core.workbench().compare(now, self.lexicon)
        return self._comparisons[""]

    def since(self, label: str | None) -> Comparison | None:
        """From that lexicon to the one in force; none where that one is not known any more."""
        key = label or ""
        if key not in self._comparisons:
            old = self._content(key)
            new = self.lexicon
            self._comparisons[key] = None if old is None or new is None else self._core.workbench().compare(old, new)
        return self._comparisons[key]

    def _content(self, label: str) -> Content | None:
        with self._core.db.tenant(self._tenant_id, write=False) as uow:
            found = lexicon_by_label(self._core, uow, label)
            if found is None and label == self.versions.lexicon:  # named otherwise, its learned entries being off
                current = uow.rulesets.current().get(RulesetKind.LEXICON)
                if current is None:
                    return self._core.rulebook().default(RulesetKind.LEXICON).content
                return uow.rulesets.content(RulesetKind.LEXICON, current.number)
        return found
