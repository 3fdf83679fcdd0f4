"""Two versions of a lexicon on one call: only the turns that a changed entry touches are judged again.

Mentions of a topic in a turn follow from the entries that match there and from the mentions of the turn before
(`previous`, refusals). So a turn can differ only where an entry that was changed matches, or behind a turn that
differs; and only topics of changed entries, or those that ask about such a topic (`previous`, `before`, `after`).
Learned entries look at whether a written one found a topic in the turns around: only where that changes are those turns
asked again, as far as the change carries (`NewResults`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.learned import LearnedEntries
from speechsvc.domain.lexicon import Entry, Lexicon, Topic
from speechsvc.domain.mention import Mention
from speechsvc.tagging.candidate_query import SoundQuery, sound_query
from speechsvc.tagging.closure import closure
from speechsvc.tagging.learned.mentions import learned_entry
from speechsvc.tagging.learned.scorer import LearnedScorer
from speechsvc.tagging.learned.surroundings import Seen
from speechsvc.tagging.learned.trace import Array, Trace, joined, pack_trace, unpack_trace
from speechsvc.tagging.new_results import NewResults, Taggers
from speechsvc.tagging.other_thresholds import steered
from speechsvc.tagging.rules import compile_rules
from speechsvc.tagging.tagger import LexiconTagger
from speechsvc.tagging.text import NormalText, normalise
from speechsvc.tagging.trust import Part, apart, together
from speechsvc.tagging.words import words

Read = tuple[NormalText, frozenset[int]]
Result = tuple[tuple[Mention, ...], bytes | None]  # mentions, and the trace that goes with them
Seens = list[Seen]
Scores = list[Array]
_Place = tuple[str, str]  # topic, entry id
_FEW = 4  # turns up to which each is scanned by itself


@dataclass(frozen=True, slots=True)
class Look:
    """A call in which a changed entry matches."""

    conversation: Conversation
    parts: tuple[Part, ...]
    reads: tuple[Read, ...]  # of each part: its normalised text, and the turns in which a changed entry matches


class LexiconComparison:
    """Implements `Comparison`. Cheap to make: only the topics that may differ are compiled."""

    def __init__(self, old: Lexicon, new: Lexicon, *, homophones: bool = True) -> None:
        before, after = _entries(old), _entries(new)
        changed = {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}
        self._topics = _dependents({topic for topic, _ in changed}, old, new)
        other_models = _deciding(old.learned) != _deciding(new.learned)  # then any turn of any call may differ
        self._steered = other_models and _as_steered(old.learned) == _as_steered(new.learned) is not None
        self._trained = other_models and not self._steered
        self._anywhere = other_models
        models = {t.id for learned in (old.learned, new.learned) if learned for t in learned.topics}
        # what a model adds depends on the topics of the turn before, whichever they are
        self.topics = self._topics | (models if changed or other_models else set())
        learned = {learned_entry(topic) for topic in models} if other_models else set()
        self.entries = frozenset(entry for _, entry in changed) | learned
        self._homophones = homophones
        self._touched = _only((before, after), changed)
        self._taggers = Taggers(old, new, self._topics, homophones=homophones)

    @cached_property
    def query(self) -> SoundQuery | None:
        """None where a changed entry may be in any call."""
        if self._anywhere:
            return None
        return sound_query(compile_rules(self._touched, words()))

    def prepare(self) -> None:
        needed = ("whole",) if self._trained else ("few", "learned")
        for name in needed:
            getattr(self._taggers, name)
        _ = self._gate

    def look(self, conversation: Conversation, turns: Sequence[int] | None = None) -> Look | None:
        """None where no changed entry, old or new, matches anywhere in the call, or in these turns of it."""
        parts = apart(conversation)
        if self._trained:
            return Look(conversation, parts, ())
        reads = tuple(self._read(part, turns) for part in parts)
        return Look(conversation, parts, reads) if self._steered or any(touched for _, touched in reads) else None

    def results(self, some: Sequence[tuple[Look, Sequence[Mention], bytes | None]]) -> list[Result]:
        works = [self._steps(*one) for one in some]
        return _together(works, self._taggers.learned) if works else []

    def _steps(self, look: Look, mentions: Sequence[Mention], packed: bytes | None) -> Generator[Seens, Scores, Result]:
        old = None if self._trained else self._trace(packed, len(look.conversation.turns))
        if self._trained or (self._steered and old is None):  # what each turn hands on may differ everywhere
            found, new = self._taggers.whole[1].traced(look.conversation)
            return found, None if new is None else pack_trace(new)
        results, traces = [], []
        for part, (text, touched) in zip(look.parts, look.reads, strict=True):
            rows = None if old is None else old.rows(part.turns)
            own = part.pick(mentions)
            if touched:
                own, rows = yield from NewResults(self._taggers, self._topics, part.conversation, text, rows).steps(
                    touched, own
                )
            if self._steered and rows is not None and part.conversation.turns:
                own = yield from steered(self._taggers.steering, part.conversation, text, own, rows)
            results.append(part.give_back(own))
            traces.append((rows, part.turns))
        kept = [(trace, turns) for trace, turns in traces if trace is not None]
        return together(results), pack_trace(joined(kept)) if len(kept) == len(traces) else None

    def _trace(self, packed: bytes | None, turns: int) -> Trace | None:
        """None where there is none of these models."""
        learned = self._taggers.learned
        if packed is None or learned is None or not learned[0].traces:
            return None
        trace = unpack_trace(packed)
        return trace if trace is not None and trace.scores.shape == (turns, len(learned[0].columns)) else None

    def _read(self, part: Part, turns: Sequence[int] | None) -> Read:
        conversation = part.conversation
        text = normalise(conversation)
        return text, frozenset(_matching(self._gate, conversation, text, _here(part, turns)))

    @cached_property
    def _gate(self) -> LexiconTagger:
        return LexiconTagger(self._touched, homophones=self._homophones)


def _deciding(learned: LearnedEntries | None) -> LearnedEntries | None:
    """Without what only tells how the models were made."""
    if learned is None:
        return None
    topics = tuple(replace(topic, measured=()) for topic in learned.topics)
    return replace(learned, topics=topics, trained={})


def _as_steered(learned: LearnedEntries | None) -> LearnedEntries | None:
    """The models without the thresholds of the second look; none where these decide what turns hand on, too."""
    if learned is None or learned.surroundings is None:
        return None
    topics = tuple(replace(topic, measured=(), threshold=None) for topic in learned.topics)
    return replace(learned, topics=topics, trained={})


def _here(part: Part, turns: Sequence[int] | None) -> Sequence[int] | None:
    """These turns as the part numbers them."""
    if turns is None or part.turns is None:
        return turns
    return [n for n, whole in enumerate(part.turns) if whole in set(turns)]


def _together(
    works: Sequence[Generator[Seens, Scores, Result]], learned: tuple[LearnedScorer, LearnedScorer] | None
) -> list[Result]:
    """Runs all to their ends; what the second look must judge for any of them it judges at once."""
    done: dict[int, Result] = {}
    told: dict[int, Scores | None] = dict.fromkeys(range(len(works)))
    while told:
        asked: dict[int, Seens] = {}
        for number, scores in told.items():
            try:
                asked[number] = works[number].send(scores)  # type: ignore[arg-type]  # None begins it
            except StopIteration as end:
                done[number] = end.value
        told = {}
        if asked:
            assert learned is not None
            every = [seen for seens in asked.values() for seen in seens]
            found = iter(learned[1].looked_at_twice(every))
            told = {number: [next(found) for _ in seens] for number, seens in asked.items()}
    return [done[number] for number in range(len(works))]


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
    return closure(topics, uses)


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
