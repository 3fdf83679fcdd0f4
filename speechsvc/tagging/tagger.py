"""The tagger: scan all turns at once, then judge each candidate where it stands, with the turn before as context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.lexicon import Lexicon
from speechsvc.domain.mention import MatchKind, Mention, Polarity
from speechsvc.tagging.candidates import Candidate, Place, admitted, candidate
from speechsvc.tagging.cues import ANNOUNCEMENT
from speechsvc.tagging.mentions import mention, refused
from speechsvc.tagging.polarity import find_negation
from speechsvc.tagging.rules import compile_rules
from speechsvc.tagging.scan import Hit, Scanner
from speechsvc.tagging.syllables import syllables
from speechsvc.tagging.text import NormalText, normalise
from speechsvc.tagging.version import ENGINE_VERSION
from speechsvc.tagging.words import words

_RANK = {MatchKind.EXACT: 0, MatchKind.VARIANT: 1, MatchKind.PATTERN: 2, MatchKind.HOMOPHONE: 3, MatchKind.LEARNED: 4}


class LexiconTagger:
    """Finds a lexicon's topics. Deterministic, and safe to share between threads once made."""

    def __init__(self, lexicon: Lexicon, *, homophones: bool = True) -> None:
        """Compiles the lexicon; the first one in a process also loads the dictionary (about a second)."""
        self.lexicon = lexicon
        self.version = lexicon.label
        self.engine = ENGINE_VERSION
        self._homophones = homophones
        self._rules = compile_rules(lexicon, words())
        self._scanner = Scanner(self._rules, words(), homophones=homophones)

    def tag(self, conversation: Conversation) -> tuple[Mention, ...]:
        """At most one mention a topic and turn, in order of turn, then place, then topic."""
        text = normalise(conversation)
        sounds = syllables(text.text) if self._homophones else None
        by_turn = self._hits(text, sounds)
        mentions: list[Mention] = []
        before: list[Mention] = []
        for turn in range(len(conversation.turns)):
            found: list[Mention] = []
            if turn in by_turn or before:
                place = Place(conversation, turn, text, sounds, frozenset(m.topic for m in before))
                found = self._turn(place, by_turn.get(turn, ()))
                found = sorted([*found, *refused(place, before, found)], key=lambda m: (m.start_char, m.topic))
            before = found
            mentions.extend(found)
        return tuple(mentions)

    def _hits(self, text: NormalText, sounds: str | None) -> Mapping[int, list[Hit]]:
        by_turn: defaultdict[int, list[Hit]] = defaultdict(list)
        for hit in self._scanner.characters(text.text):
            by_turn[text.turn_at(hit.start)].append(hit)
        if sounds is not None:
            for hit in self._scanner.homophones(text.text, sounds):
                by_turn[text.turn_at(hit.start)].append(hit)
        return by_turn

    def _turn(self, place: Place, hits: Iterable[Hit]) -> list[Mention]:
        by_topic: defaultdict[str, list[Candidate]] = defaultdict(list)
        if ANNOUNCEMENT.search(place.text.text, *place.limits):
            return []
        for hit in hits:
            rule = self._rules[hit.rule]
            found = candidate(rule, hit, place, self._scanner)
            if found is not None and admitted(rule, found, place):
                by_topic[rule.topic].append(found)
        return [_best(place, _outermost(found)) for found in by_topic.values()]


def _outermost(found: list[Candidate]) -> list[Candidate]:
    """The longest match wins: what lies inside a longer match of the same topic is dropped."""
    ranked = sorted(set(found), key=lambda c: (c.start - c.end, _RANK[c.kind], c.start, c.rule.entry.id))
    kept: list[Candidate] = []
    for one in ranked:
        if not any(other.start <= one.start and one.end <= other.end for other in kept):
            kept.append(one)
    return kept


def _best(place: Place, found: list[Candidate]) -> Mention:
    """The one mention of a topic in a turn: affirmed before negated, then the longest, then the surest kind."""
    judged = [(one, *_polarity(place, one)) for one in found]
    judged.sort(
        key=lambda item: (
            item[1] is not Polarity.AFFIRMED,
            item[0].start - item[0].end,
            _RANK[item[0].kind],
            item[0].start,
            item[0].rule.entry.id,
        )
    )
    one, polarity, cue = judged[0]
    return mention(place, one.rule.topic, one.rule.entry.id, one.kind, one.spans, polarity, _reason(one, polarity, cue))


def _polarity(place: Place, one: Candidate) -> tuple[Polarity, str]:
    if one.rule.polarity is not None:
        return one.rule.polarity, "词条规定" if one.rule.polarity is Polarity.NEGATED else ""
    cue = find_negation(place.text.text, place.limits, place.reading, one.spans)
    return (Polarity.NEGATED, f"“{cue}”") if cue else (Polarity.AFFIRMED, "")


def _reason(one: Candidate, polarity: Polarity, cue: str) -> str:
    entry = one.rule.entry
    pieces = " … ".join(one.pieces)
    how = {
        MatchKind.EXACT: f"出现词条“{one.literal}”",
        MatchKind.VARIANT: f"出现“{one.literal}”，即“{entry.term}”",
        MatchKind.HOMOPHONE: f"读音与句式相符：“{pieces}”" if one.rule.parts else f"“{pieces}”读音同“{one.literal}”",
        MatchKind.PATTERN: f"句式“{pieces}”",
        MatchKind.LEARNED: "学习得出",
    }[one.kind]
    context = "；承接上一句的话题" if entry.conditions.previous else ""
    return how + context + (f"；{cue}表示不需要或不谈" if polarity is Polarity.NEGATED else "")
