"""From lexicon entries to the turns of an index block that may hold them: never fewer than the tagger would find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from speechsvc.tagging.rules import Part, Rule
from speechsvc.tagging.sound_index import HEAD, Mask, Places, no_turns, places, text_features, turns_with
from speechsvc.tagging.syllables import readings, syllable_count
from speechsvc.tagging.text import normal_form

Alternatives = frozenset[tuple[int, ...]]  # one of these sets of features must be there as a whole
Needed = tuple[Alternatives, ...]  # all of these


@dataclass(frozen=True, kw_only=True, slots=True)
class SoundQuery:
    """Implements `CandidateQuery`: a turn may matter if it has all that one of the entries needs."""

    entries: tuple[Needed, ...]

    @property
    def firsts(self) -> frozenset[int]:
        """First syllables whose postings `places` reads."""
        units = frozenset(f >> 16 for needed in self.entries for part in needed for one in part for f in one)
        return units | {HEAD}

    def places(self, postings: Mapping[int, bytes]) -> Places:
        found = no_turns()
        known: dict[tuple[int, ...], Mask] = {}
        for needed in self.entries:
            mask = ~no_turns()
            for part in needed:
                either = no_turns()
                for features in part:
                    if features not in known:
                        known[features] = turns_with(features, postings)
                    either |= known[features]
                mask &= either
            found |= mask
        return places(found, postings)


def sound_query(rules: Iterable[Rule]) -> SoundQuery | None:
    """None where an entry may be anywhere, so that every call must be looked at."""
    needs = {_needed(rule) for rule in rules}
    return None if () in needs else SoundQuery(entries=tuple(sorted(needs, key=repr)))


def _needed(rule: Rule) -> Needed:
    """Gaps, order and most conditions are left to the tagger."""
    if rule.parts:
        usable = [part for part in rule.parts if part.plain and not part.optional]
        needed = [_part(part, rule) for part in usable]
    elif rule.entry.regex is not None:
        needed = []
    else:
        needed = [_any(literal.text for literal in rule.literals) | _heard(rule, (x.text for x in rule.literals))]
    if rule.conditions.near:
        needed.append(_any(map(normal_form, rule.conditions.near)))
    return tuple(dict.fromkeys(part for part in needed if () not in part))


def _part(part: Part, rule: Rule) -> Alternatives:
    return _any(part.literals) | _heard(rule, part.literals)


def _any(texts: Iterable[str]) -> Alternatives:
    return frozenset(map(text_features, texts))


def _heard(rule: Rule, texts: Iterable[str]) -> Alternatives:
    """Single syllables are never heard by their sound alone."""
    if not rule.homophones:
        return frozenset()
    return frozenset(chain.from_iterable(_by_sound(text) for text in texts if syllable_count(text) >= 2))


def _by_sound(text: str) -> Iterator[tuple[int, ...]]:
    """Of two characters one must be right: see `Scanner.misheard`."""
    right = text if len(text) == 2 else ""
    for sounds in readings(text):
        heard = text_features(sounds)
        yield from ((*heard, *text_features(one)) for one in right) if right else (heard,)
