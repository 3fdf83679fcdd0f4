"""The tagger: scan all turns at once, then judge each candidate where it stands, with the turn before as context."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.lexicon import Lexicon
from speechsvc.domain.mention import MatchKind, Mention, Polarity
from speechsvc.tagging.candidates import Candidate, Place, candidate, candidates, may_count, stands_beside
from speechsvc.tagging.codes import mapped, text_of
from speechsvc.tagging.cues import ANNOUNCEMENT
from speechsvc.tagging.learned.scorer import LearnedScorer, learned_scorer
from speechsvc.tagging.learned.trace import Trace, joined
from speechsvc.tagging.mentions import mention, refusal, refused
from speechsvc.tagging.polarity import find_negation, find_refusal
from speechsvc.tagging.rules import compile_rules
from speechsvc.tagging.scan import Hit, Scanner
from speechsvc.tagging.sieve import Following, Possible
from speechsvc.tagging.syllables import syllable_table
from speechsvc.tagging.text import NormalText, normalise
from speechsvc.tagging.trust import apart, together
from speechsvc.tagging.version import ENGINE_VERSION
from speechsvc.tagging.words import words

Patterns = dict[int, list[Possible]]  # by turn
_MOST_JUDGED = 100  # matches of a topic in a turn; when so many are negated, so is the mention
_RANK = {MatchKind.EXACT: 0, MatchKind.VARIANT: 1, MatchKind.PATTERN: 2, MatchKind.HOMOPHONE: 3, MatchKind.LEARNED: 4}


class Scanned(NamedTuple):
    """A conversation in which a tagger has looked where its entries may match."""

    conversation: Conversation
    text: NormalText
    sounds: str | None  # syllables of the whole text, none without homophones
    hits: Mapping[int, list[Hit]]  # by turn
    possible: Patterns
    following: Following

    def worth(self, turn: int, before: Sequence[Mention]) -> bool:
        """Whether anything can be found in the turn, behind one with these mentions."""
        if turn in self.hits or turn in self.possible:
            return True
        return bool(before) and self.following.waits and bool(self.following.at(turn, [m.topic for m in before]))

    def behind(self, turn: int, topics: frozenset[str]) -> Place:
        """The turn, behind one that is about these topics."""
        return Place(self.conversation, turn, self.text, self.sounds, topics)

    def place(self, turn: int, before: Sequence[Mention]) -> Place:
        """The turn, behind one with these mentions."""
        return self.behind(turn, frozenset([m.topic for m in before]))


class LexiconTagger:
    """Finds a lexicon's topics. Deterministic, and safe to share between threads once made."""

    def __init__(self, lexicon: Lexicon, *, homophones: bool = True, learned: bool = True) -> None:
        """Compiles the lexicon; the first one in a process also loads the dictionary (about a second).

        Without `learned`, the version named is that of the written part, since that is what decides.
        """
        if not learned:
            lexicon = lexicon.written
        self.lexicon = lexicon
        named = (e.conditions.previous for topic in lexicon.topics for e in topic.entries)
        self._topics = frozenset(chain.from_iterable(named))  # that a turn before may be asked about
        self._learned = learned_scorer(lexicon)
        self.engine = ENGINE_VERSION
        self._homophones = homophones
        self._rules = compile_rules(lexicon, words())
        self._scanner = Scanner(self._rules, words(), homophones=homophones)

    @cached_property
    def version(self) -> str:
        """The label of what decides; costs half a second, most of it for learned entries."""
        return self.lexicon.label

    @property
    def learned(self) -> LearnedScorer | None:
        """What adds to the written mentions, if anything."""
        return self._learned

    def tag(self, conversation: Conversation) -> tuple[Mention, ...]:
        """At most one mention a topic and turn, in order of turn, then place, then topic."""
        return together(part.give_back(self._tag(part.conversation)) for part in apart(conversation))

    def traced(self, conversation: Conversation) -> tuple[tuple[Mention, ...], Trace | None]:
        """As `tag`, and what learned entries leave for later comparisons, if anything."""
        if self._learned is None:
            return self.tag(conversation), None
        parts = apart(conversation)
        results, traces = zip(*(self._learned.traced(*self._written(part.conversation)) for part in parts), strict=True)
        mentions = together(part.give_back(found) for part, found in zip(parts, results, strict=True))
        if None in traces:
            return mentions, None
        return mentions, joined([(trace, part.turns) for part, trace in zip(parts, traces, strict=True)])

    def _tag(self, conversation: Conversation) -> tuple[Mention, ...]:
        conversation, text, mentions = self._written(conversation)
        return self._learned.extend(conversation, text, mentions) if self._learned else tuple(mentions)

    def _written(self, conversation: Conversation) -> tuple[Conversation, NormalText, list[Mention]]:
        """What written entries find."""
        said = self.scan(conversation, normalise(conversation))
        mentions: list[Mention] = []
        before: list[Mention] = []
        for turn in range(len(conversation.turns)):
            if before or turn in said.hits or turn in said.possible:  # most turns end here
                before = self.tag_turn(said, turn, before)
                mentions += before
        return conversation, said.text, mentions

    def scan(self, conversation: Conversation, text: NormalText, turns: range | None = None) -> Scanned:
        """Where entries may match, in some turns or in all; `text` is the whole conversation's."""
        sounds = text_of(mapped(text.codes, syllable_table())) if self._homophones else None
        some = range(len(text.starts)) if turns is None else turns
        return Scanned(conversation, text, sounds, self._hits(text, sounds, some), *self._possible(text, some))

    def depends(self, said: Scanned, turn: int) -> bool:
        """Whether the mentions of a turn follow from those of the turn before, whatever these are."""
        if not turn:
            return False
        turns, limits = said.conversation.turns, (said.text.starts[turn], said.text.ends[turn])
        if turns[turn - 1].speaker is not turns[turn].speaker and find_refusal(said.text.text, limits):
            return True
        asks = any(self._rules[hit.rule].conditions.previous for hit in said.hits.get(turn, ()))
        if not asks and not said.following.at(turn, self._topics):
            return False
        # the more topics there were, the more may match: where all of them add nothing, none does
        least, most = (self._matches(said.behind(turn, topics), said) for topics in (frozenset(), self._topics))
        return {t: len(found) for t, found in least.items()} != {t: len(found) for t, found in most.items()}

    def tag_turn(self, said: Scanned, turn: int, before: Sequence[Mention]) -> list[Mention]:
        """The mentions of one turn, given those of the turn before."""
        declined = refusal(said.conversation, turn, said.text, before) if before else None
        if declined is None and not said.worth(turn, before):
            return []
        place = said.place(turn, before)
        found = self._turn(place, said)
        if declined:
            found += refused(place, declined, before, found)
        if len(found) > 1:
            found.sort(key=_in_order)
        return found

    def matches(self, said: Scanned, turn: int, before: Sequence[Mention] = ()) -> dict[str, list[Candidate]]:
        """By topic every match of every entry in one turn, before the best is chosen."""
        if not said.worth(turn, before):
            return {}
        return self._matches(said.place(turn, before), said)

    def _hits(self, text: NormalText, sounds: str | None, turns: range) -> Mapping[int, list[Hit]]:
        by_turn: defaultdict[int, list[Hit]] = defaultdict(list)
        if not turns:
            return by_turn
        low, high = max(0, text.starts[turns[0]] - 1), text.ends[turns[-1]] + 1  # with the breaks around
        said = text.text[low:high]
        hits = chain(self._scanner.characters(said), self._scanner.expressions(said))
        if sounds is not None:
            hits = chain(hits, self._scanner.homophones(said, sounds[low:high]))
        starts = text.starts
        for hit in hits:
            one = hit._replace(start=hit.start + low, end=hit.end + low) if low else hit
            by_turn[bisect_right(starts, one.start) - 1].append(one)
        return by_turn

    def _possible(self, text: NormalText, turns: range) -> tuple[Patterns, Following]:
        """Patterns by turn; and those that only count behind a mention in the turn before."""
        starts, ends = text.starts, text.ends
        if len(turns) != len(starts):
            starts, ends = starts[turns.start : turns.stop], ends[turns.start : turns.stop]
        found, following = self._scanner.sieve.possible(text.codes, starts, ends, turns.start)
        by_turn: Patterns = {}
        for one in found:
            by_turn.setdefault(one.turn, []).append(one)
        return by_turn, following

    def _turn(self, place: Place, said: Scanned) -> list[Mention]:
        return [_best(place, _outermost(found)) for found in self._matches(place, said).values() if found]

    def _matches(self, place: Place, said: Scanned) -> dict[str, list[Candidate]]:
        by_topic: defaultdict[str, list[Candidate]] = defaultdict(list)
        dependent: list[Candidate] = []  # on other topics in this turn
        rules = self._rules
        for hit in said.hits.get(place.turn, ()):
            rule = rules[hit.rule]
            if rule.unconditional or may_count(rule, place):
                found = candidate(rule, hit, place, self._scanner)
                if found is not None:
                    (dependent if rule.dependent else by_topic[rule.topic]).append(found)
        patterns: Sequence[Possible] = said.possible.get(place.turn, ())
        if place.previous:
            patterns = [*patterns, *said.following.at(place.turn, place.previous)]
        for _, low, high, numbers in patterns:
            for number in numbers:
                rule = rules[number]
                if rule.unconditional or may_count(rule, place):
                    more = candidates(rule, low, high, place, self._scanner)
                    if more:
                        (dependent if rule.dependent else by_topic[rule.topic]).extend(more)
        if dependent:
            beside = [one for one in dependent if stands_beside(one, by_topic)]
            for one in beside:
                by_topic[one.rule.topic].append(one)
        if not by_topic or ANNOUNCEMENT.search(place.text.text, *place.limits):
            return {}
        return by_topic


def _in_order(mention: Mention) -> tuple[int, str]:
    return mention.start_char, mention.topic


def _outermost(found: list[Candidate]) -> list[Candidate]:
    """The longest match wins: what lies inside a longer match of the same topic is dropped. The best comes first."""
    if len(found) == 1:
        return found
    kept: list[Candidate] = []
    reached = -1
    for one in sorted(found, key=_widest_first):
        if one.end > reached:
            reached = one.end
            kept.append(one)
    return sorted(kept, key=_longest_first)


def _widest_first(one: Candidate) -> tuple[Any, ...]:
    covered = sum([end - start for start, end in one.spans])  # the reading that leaves out less
    return one.start, -one.end, _RANK[one.kind], one.rule.entry.id, -covered, one.spans, one.literal


def _longest_first(one: Candidate) -> tuple[Any, ...]:
    return one.start - one.end, _RANK[one.kind], one.start, one.rule.entry.id


def _best(place: Place, found: list[Candidate]) -> Mention:
    """The one mention of a topic in a turn: affirmed before negated, then the longest, then the surest kind."""
    best: tuple[Candidate, Polarity, str] | None = None
    for one in found[:_MOST_JUDGED]:
        polarity, cue = _polarity(place, one)
        if best is None or polarity is Polarity.AFFIRMED:
            best = one, polarity, cue
        if polarity is Polarity.AFFIRMED:
            break
    assert best is not None
    one, polarity, cue = best
    return mention(place, one.rule.topic, one.rule.entry.id, one.kind, one.spans, polarity, _reason(place, *best))


def _polarity(place: Place, one: Candidate) -> tuple[Polarity, str]:
    if one.rule.polarity is not None:
        return one.rule.polarity, "词条规定" if one.rule.polarity is Polarity.NEGATED else ""
    text, limits, cues = place.text.text, place.limits, place.cues
    if not (cues.before or cues.after) or not find_negation(text, limits, cues, one.spans):
        return Polarity.AFFIRMED, ""  # no need to know where words begin
    cue = find_negation(text, limits, place.reading, one.spans)
    return (Polarity.NEGATED, f"“{cue}”") if cue else (Polarity.AFFIRMED, "")


def _reason(place: Place, one: Candidate, polarity: Polarity, cue: str) -> str:
    how = _how(one, place.text.text)
    if one.rule.conditions.previous:
        how += "；承接上一句的话题"
    return f"{how}；{cue}表示不需要或不谈" if polarity is Polarity.NEGATED else how


def _how(one: Candidate, text: str) -> str:
    if one.kind is MatchKind.EXACT:
        return f"出现词条“{one.literal}”"
    if one.kind is MatchKind.VARIANT:
        return f"出现“{one.literal}”，即“{one.rule.entry.term}”"
    pieces = " … ".join([text[start:end] for start, end in one.spans])
    if one.kind is MatchKind.HOMOPHONE:
        return f"读音与句式相符：“{pieces}”" if one.rule.parts else f"“{pieces}”读音同“{one.literal}”"
    return f"句式“{pieces}”"
