"""Two versions of a lexicon on one call: only the turns that a changed entry touches are judged again.

Mentions of a topic in a turn follow from the entries that match there and from the mentions of the turn before
(`previous`, refusals). So a turn can differ only where an entry that was changed matches, or behind a turn that
differs; and only topics of changed entries, or those that ask about such a topic (`previous`, `before`, `after`).
Learned entries look at whether a written one found a topic in the turns around: only where that changes are those turns
asked again, as far as the change carries (`NewResults`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.lexicon import Entry, Lexicon, Topic
from speechsvc.domain.mention import Mention
from speechsvc.tagging.candidate_query import SoundQuery, sound_query
from speechsvc.tagging.learned.mentions import learned_entry
from speechsvc.tagging.new_results import NewResults, Taggers
from speechsvc.tagging.rules import compile_rules
from speechsvc.tagging.tagger import LexiconTagger
from speechsvc.tagging.text import NormalText, normalise
from speechsvc.tagging.trust import Part, apart, together
from speechsvc.tagging.words import words

_Place = tuple[str, str]  # topic, entry id
_FEW = 4  # turns up to which each is scanned by itself


class LexiconComparison:
    """Implements `Comparison`. Cheap to make: only the topics that may differ are compiled."""

    def __init__(self, old: Lexicon, new: Lexicon, *, homophones: bool = True) -> None:
        before, after = _entries(old), _entries(new)
        changed = {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}
        self._topics = _dependents({topic for topic, _ in changed}, old, new)
        self._trained = old.learned != new.learned  # then any turn of any call may differ
        models = {t.id for learned in (old.learned, new.learned) if learned for t in learned.topics}
        # what a model adds depends on the topics of the turn before, whichever they are
        self.topics = self._topics | (models if changed or self._trained else set())
        learned = {learned_entry(topic) for topic in models} if self._trained else set()
        self.entries = frozenset(entry for _, entry in changed) | learned
        self._homophones = homophones
        self._last: tuple[Conversation, tuple[Part, ...]] | None = None
        self._hinted: frozenset[int] | None = None  # turns of `_last` that may matter
        self._reads: dict[int, tuple[NormalText, frozenset[int]]] = {}  # by id of a part's conversation in `_last`
        self._touched = _only((before, after), changed)
        self._taggers = Taggers(old, new, self._topics, homophones=homophones)

    @cached_property
    def query(self) -> SoundQuery | None:
        """None where a changed entry may be in any call."""
        if self._trained:
            return None
        return sound_query(compile_rules(self._touched, words()))

    def touches(self, conversation: Conversation, turns: Sequence[int] | None = None) -> bool:
        """Whether a changed entry, old or new, matches anywhere in the call, or in these turns of it."""
        parts = self._parts(conversation)
        if turns is not None:
            self._hinted = frozenset(turns)
        return self._trained or any(self._read(part)[1] for part in parts)

    def apply(self, conversation: Conversation, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """From all mentions as the old lexicon finds them to all as the new one finds them."""
        parts = self._parts(conversation)
        return together(p.give_back(self._apply(p, p.pick(mentions))) for p in parts)

    def _apply(self, part: Part, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        if self._trained:  # other models: what each turn hands on may differ everywhere
            return self._taggers.whole[1].tag(part.conversation)
        text, touched = self._read(part)
        if not touched:
            return tuple(mentions)
        return NewResults(self._taggers, self._topics, part.conversation, text).of(touched, mentions)

    def _parts(self, conversation: Conversation) -> tuple[Part, ...]:
        """Keeps the last answer: whoever hears that a call is touched asks next what follows."""
        if self._last is None or self._last[0] is not conversation:
            self._last, self._reads, self._hinted = (conversation, apart(conversation)), {}, None
        return self._last[1]

    def _read(self, part: Part) -> tuple[NormalText, frozenset[int]]:
        """Normalised text, and the turns in which a changed entry matches. Of a part of the last call, so kept."""
        conversation = part.conversation
        known = self._reads.get(id(conversation))
        if known is None:
            text = normalise(conversation)
            known = text, frozenset(_matching(self._gate, conversation, text, self._here(part)))
            self._reads[id(conversation)] = known
        return known

    def _here(self, part: Part) -> Sequence[int] | None:
        """The turns that may matter, as the part numbers them."""
        if self._hinted is None:
            return None
        if part.turns is None:
            return sorted(self._hinted)
        return [n for n, whole in enumerate(part.turns) if whole in self._hinted]

    @cached_property
    def _gate(self) -> LexiconTagger:
        return LexiconTagger(self._touched, homophones=self._homophones)


def _matching(
    gate: LexiconTagger, conversation: Conversation, text: NormalText, turns: Sequence[int] | None
) -> Iterator[int]:
    """Turns, among these or among all, in which any of the gate's entries matches."""
    if turns is None or len(turns) > _FEW:
        scans = [gate.scan(conversation, text)]
    else:
        scans = [gate.scan(conversation, text, range(turn, turn + 1)) for turn in turns]
    for said in scans:
        for turn in sorted(said.hits.keys() | said.possible.keys()):
            if any(gate.matches(said, turn).values()):
                yield turn


def _entries(lexicon: Lexicon) -> dict[_Place, Entry]:
    return {(topic.id, entry.id): replace(entry, note="") for topic in lexicon.topics for entry in topic.entries}


def _dependents(topics: Iterable[str], *lexicons: Lexicon) -> frozenset[str]:
    """These topics and all whose mentions may follow from theirs."""
    uses: Mapping[str, set[str]] = defaultdict(set)
    for lexicon in lexicons:
        for topic in lexicon.topics:
            for entry in topic.entries:
                for named in _named(entry):
                    uses[named].add(topic.id)
    reached, ahead = set[str](), list(topics)
    while ahead:
        topic_id = ahead.pop()
        if topic_id not in reached:
            reached.add(topic_id)
            ahead.extend(uses[topic_id])
    return frozenset(reached)


def _named(entry: Entry) -> tuple[str, ...]:
    """Topics that the entry asks about."""
    c = entry.conditions
    return *c.previous, *c.before, *c.after


def _only(versions: Sequence[Mapping[_Place, Entry]], places: set[_Place]) -> Lexicon:
    """The changed entries of both versions as one lexicon, free of conditions on other topics: whatever they can match,
    they match here."""
    entries = tuple(
        replace(_free(version[place]), id=f"{number}/{place[0]}/{place[1]}")
        for number, version in enumerate(versions)
        for place in sorted(places)
        if place in version
    )
    changed = Topic(id="changed", name="changed", name_en="changed", definition="", entries=entries)
    return Lexicon(name="changed", version=1, topics=(changed,))


def _free(entry: Entry) -> Entry:
    return replace(entry, conditions=replace(entry.conditions, previous=(), before=(), after=()))
