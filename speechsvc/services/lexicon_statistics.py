"""How each entry of the lexicon in force works: how often it decides, how often it is right, and which are idle."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.heatmap import RowKind
from speechsvc.domain.run import CallRange
from speechsvc.ports import EntryHits
from speechsvc.services.core import Core
from speechsvc.services.lexicon_versions import InForce

SAMPLE = 300  # newest calls whose words are read to find overlaps
_OFTEN = 3  # places at which two entries must both match before they are called overlapping
_AT_ONCE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryStatistics:
    """One entry. `precision` is by marks, none without any."""

    hits: EntryHits
    right: int
    wrong: int
    in_force: bool  # false for an entry that only older results name

    @property
    def precision(self) -> float | None:
        return round(self.right / (self.right + self.wrong), 4) if self.right + self.wrong else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """Two entries of one topic; wherever `entry` matches, `with_entry` matches too."""

    topic: str
    entry: str
    with_entry: str
    places: int  # turns in which both match
    mutual: bool  # neither ever matches alone


@dataclass(frozen=True, kw_only=True, slots=True)
class LexiconStatistics:
    lexicon: str
    calls: int  # analysed calls in the range
    entries: tuple[EntryStatistics, ...]  # the busiest first
    dead: tuple[tuple[str, str], ...]  # (topic, entry) in force without a hit in the range
    overlaps: tuple[Overlap, ...] = field(default=())
    sampled: int = 0  # calls that were read for overlaps


def lexicon_statistics(
    core: Core, principal: Principal, where: CallRange, *, sample: int = SAMPLE
) -> LexiconStatistics:
    """Hits from stored results, marks of all time, overlaps from the newest calls. Raises Forbidden."""
    principal.require(Permission.RULES_READ)
    principal.require(Permission.CALLS_READ)
    now = InForce(core, principal.tenant_id)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        hits = uow.analyses.entry_hits(where)
        marks = uow.marks.by_entry()
        calls = uow.call_index.count(where)
    known = {e["id"]: t["id"] for t in (now.lexicon or {"topics": []})["topics"] for e in t["entries"]}
    found = [_entry(h, marks.get(h.entry, (0, 0)), h.entry in known) for h in hits]
    hit = {h.entry for h in hits}
    overlaps, read = _overlaps(core, principal.tenant_id, now, where, sample)
    return LexiconStatistics(
        lexicon=now.versions.lexicon,
        calls=calls,
        entries=tuple(sorted(found, key=lambda e: (-e.hits.mentions, e.hits.entry))),
        dead=tuple(sorted((topic, entry) for entry, topic in known.items() if entry not in hit)),
        overlaps=overlaps,
        sampled=read,
    )


def _entry(hits: EntryHits, marks: tuple[int, int], in_force: bool) -> EntryStatistics:
    return EntryStatistics(hits=hits, right=marks[0], wrong=marks[1], in_force=in_force)


def _overlaps(
    core: Core, tenant_id: str, now: InForce, where: CallRange, sample: int
) -> tuple[tuple[Overlap, ...], int]:
    """A turn keeps one mention a topic, so what also matches is seen only by reading the words again."""
    if now.lexicon is None or not sample:
        return (), 0
    matcher = core.workbench().matcher(now.lexicon)
    alone: Counter[tuple[str, str]] = Counter()
    both: Counter[tuple[str, str, str]] = Counter()
    with core.db.tenant(tenant_id, write=False) as uow:
        ids = [call.call_id for call in uow.call_index.calls(where, RowKind.WEEK, limit=sample).items]
        for begin in range(0, len(ids), _AT_ONCE):
            for conversation, _ in uow.call_index.conversations(ids[begin : begin + _AT_ONCE]).values():
                for topic, entries in matcher.entries(conversation):
                    alone.update((topic, entry) for entry in entries)
                    both.update((topic, a, b) for a, b in combinations(sorted(entries), 2))
    found = [_overlap(topic, a, b, n, alone) for (topic, a, b), n in both.items() if n >= _OFTEN]
    return tuple(sorted((o for o in found if o), key=lambda o: (-o.places, o.entry))), len(ids)


def _overlap(topic: str, a: str, b: str, number: int, alone: Counter[tuple[str, str]]) -> Overlap | None:
    of_a, of_b = alone[topic, a], alone[topic, b]
    if number not in (of_a, of_b):
        return None
    entry, other = (a, b) if number == of_a else (b, a)
    return Overlap(topic=topic, entry=entry, with_entry=other, places=number, mutual=of_a == of_b)
