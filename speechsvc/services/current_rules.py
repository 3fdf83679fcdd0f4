"""The lexicon and rubric in force for a tenant, looked up at each use: what is published reaches every process at its
next call. One analyser holds one version of each, so no call is tagged by half of two.
"""

from __future__ import annotations

from time import perf_counter

from speechsvc.domain.ruleset import Content, RulesetKind, RulesetVersion
from speechsvc.logging import get_logger
from speechsvc.ports import Analyser, Database, Rulebook
from speechsvc.services.shelf import Shelf

log = get_logger(__name__)

Topics = tuple[tuple[str, str, str], ...]  # in the lexicon's order: id, Chinese name, English name
_Key = tuple[str, int, str]  # tenant, number, digest

_DEFAULT: _Key = ("", 0, "")
KEPT_ANALYSERS = 16  # about 6 MB each besides the dictionary that all share


class CurrentRules:
    """One for a process; safe to share between threads."""

    def __init__(self, db: Database, rulebook: Rulebook, kept: int = KEPT_ANALYSERS) -> None:
        self._db = db
        self._rulebook = rulebook
        self._analysers: Shelf[tuple[_Key, _Key], Analyser] = Shelf(kept)
        self._topics: Shelf[_Key, Topics] = Shelf(kept * 16)

    def analyser(self, tenant_id: str) -> Analyser:
        """One query when nothing was published since; building a new one takes about a second."""
        keys = self._keys(tenant_id)
        lexicon, rubric = keys[RulesetKind.LEXICON], keys[RulesetKind.RUBRIC]
        return self._analysers.get((lexicon, rubric), lambda: self._build(lexicon, rubric))

    def topics(self, tenant_id: str) -> Topics:
        """Of the tenant's lexicon, for lists and columns."""
        key = self._keys(tenant_id)[RulesetKind.LEXICON]
        return self._topics.get(key, lambda: _topics(self._content(RulesetKind.LEXICON, key)))

    def _keys(self, tenant_id: str) -> dict[RulesetKind, _Key]:
        with self._db.tenant(tenant_id, write=False) as uow:
            current = uow.rulesets.current()
        return {kind: _key(tenant_id, current.get(kind)) for kind in RulesetKind}

    def _build(self, lexicon: _Key, rubric: _Key) -> Analyser:
        began = perf_counter()
        contents = self._content(RulesetKind.LEXICON, lexicon), self._content(RulesetKind.RUBRIC, rubric)
        analyser = self._rulebook.analyser(*contents)
        used = analyser.versions
        log.info("rules_loaded", lexicon=used.lexicon, rubric=used.rubric, seconds=round(perf_counter() - began, 2))
        return analyser

    def _content(self, kind: RulesetKind, key: _Key) -> Content:
        tenant_id, number, _ = key
        if key == _DEFAULT:
            return self._rulebook.default(kind).content
        with self._db.tenant(tenant_id, write=False) as uow:
            return uow.rulesets.content(kind, number)


def _key(tenant_id: str, version: RulesetVersion | None) -> _Key:
    return _DEFAULT if version is None else (tenant_id, version.number, version.digest)


def _topics(lexicon: Content) -> Topics:
    return tuple((t["id"], t["name"], t.get("name_en") or t["name"]) for t in lexicon["topics"])
