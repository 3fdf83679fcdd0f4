"""From a hit to a candidate: the whole pattern, the longer words it must not lie in, and the entry's conditions."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import MatchKind
from speechsvc.tagging.patterns import Effort, exact_anchors, extend, sounding_anchors
from speechsvc.tagging.reading import Reading, glance, read, read_questions
from speechsvc.tagging.rules import Rule
from speechsvc.tagging.scan import Hit, Scanner
from speechsvc.tagging.text import STOPS, NormalText

_STOP = re.compile(f"[{re.escape(STOPS)}]")
_LEAD = re.compile(  # possessive: 好的 has two readings, and thirty of them a thousand million
    r"(?:[，。、！？,.!?；;…~\-\s]|那个|这个|就是说?|然后|那|哦|噢|啊|诶|哎呀?|唉|喂|欸|嘿|哈|好的?|行|对|是|嘛|吧|呢|了|呀|啦|的)*+"
)


class Place:
    """One turn and what is known around it."""

    __slots__ = (
        "_asking", "_cues", "_reading", "_stops", "conversation", "limits", "previous", "sounds", "text", "turn",
    )  # fmt: skip

    def __init__(
        self, conversation: Conversation, turn: int, text: NormalText, sounds: str | None, previous: frozenset[str]
    ) -> None:
        """`sounds`: syllables of the whole text, none without homophones; `previous`: topics of the turn before."""
        self.conversation, self.turn, self.text, self.sounds, self.previous = conversation, turn, text, sounds, previous
        self.limits = text.starts[turn], text.ends[turn]
        self._stops: list[int] | None = None
        self._reading: Reading | None = None
        self._cues: Reading | None = None
        self._asking: Sequence[tuple[int, int]] | None = None

    @property
    def reading(self) -> Reading:
        """Cues of this turn, read once."""
        if self._reading is None:
            self._reading = read(self.text.text, *self.limits)
        return self._reading

    @property
    def cues(self) -> Reading:
        """Whatever looks like a cue in this turn, found once; a superset of those in `reading`."""
        if self._cues is None:
            self._cues = glance(self.text.text, *self.limits)
        return self._cues

    @property
    def asking(self) -> Sequence[tuple[int, int]]:
        """Sentences of this turn that ask, found once."""
        if self._asking is None:
            self._asking = read_questions(self.text.text, *self.limits)
        return self._asking

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """The stretch between sentence marks that holds the span; without marks, the whole turn."""
        low, high = self.limits
        if self._stops is None:
            self._stops = [match.start() for match in _STOP.finditer(self.text.text, low, high)]
        if not self._stops:
            return low, high
        before, behind = bisect_left(self._stops, start), bisect_left(self._stops, end)
        return (
            self._stops[before - 1] + 1 if before else low,
            self._stops[behind] if behind < len(self._stops) else high,
        )


class Candidate(NamedTuple):
    """A match that awaits its polarity; offsets into the normalised text."""

    rule: Rule
    kind: MatchKind
    spans: tuple[tuple[int, int], ...]  # matched parts in order
    literal: str
    start: int
    end: int


def candidates(rule: Rule, low: int, high: int, place: Place, scanner: Scanner) -> list[Candidate]:
    """Whole matches of a pattern whose anchor begins in [low, high)."""
    part, text, sounds, end = rule.parts[rule.anchor], place.text.text, place.sounds, place.limits[1]
    made: list[Candidate] = []
    effort = Effort()
    for literal, start in exact_anchors(part, text, low, high, end):
        found = pattern(rule, MatchKind.PATTERN, (start, start + len(literal)), literal, place, scanner, effort)
        if found is not None:
            made.append(found)
    if sounds is not None and rule.homophones:
        for literal, start in sounding_anchors(part, text, sounds, low, high, end):
            span = start, start + len(literal)
            found = pattern(rule, MatchKind.HOMOPHONE, span, literal, place, scanner, effort)
            if found is not None and scanner.misheard(text, *span, literal):
                made.append(found)
    return made


def candidate(rule: Rule, hit: Hit, place: Place, scanner: Scanner) -> Candidate | None:
    """The whole match that the hit belongs to, if its conditions hold; or none."""
    if rule.parts:
        return pattern(rule, hit.kind, (hit.start, hit.end), hit.literal, place, scanner, Effort())
    one = Candidate(rule, hit.kind, ((hit.start, hit.end),), hit.literal, hit.start, hit.end)
    if rule.literals and hit.kind is not MatchKind.HOMOPHONE and not scanner.whole(place.text.text, hit.start, hit.end):
        return None
    return one if admitted(one, place) else None


def pattern(
    rule: Rule,
    kind: MatchKind,
    anchor: tuple[int, int],
    literal: str,
    place: Place,
    scanner: Scanner,
    effort: Effort,
) -> Candidate | None:
    """The whole match around its anchor, if its conditions hold; or none. Cheap questions come first."""
    text = place.text.text
    limits = place.limits if rule.entry.within == "turn" else place.sentence(*anchor)
    found = extend(rule, text, place.sounds if rule.homophones else None, anchor, limits, effort)
    if found is None:
        return None
    spans, sounded = found
    one = Candidate(rule, MatchKind.HOMOPHONE if sounded else kind, spans, literal, spans[0][0], spans[-1][1])
    if not admitted(one, place):
        return None
    if kind is not MatchKind.HOMOPHONE and not scanner.whole(text, *anchor):
        return None
    if not scanner.clean(text, spans):
        return None
    return one if all(_plausible(rule, text, spans[i], scanner) for i in sounded) else None


def _plausible(rule: Rule, text: str, span: tuple[int, int], scanner: Scanner) -> bool:
    """Whether a part found by sound is a slip for one of its alternatives."""
    literals = {a for part in rule.parts for a in part.literals if len(a) == span[1] - span[0]}
    return any(
        scanner.misheard(text, *span, literal) for literal in literals if scanner.alike(text[slice(*span)], literal)
    )


def may_count(rule: Rule, place: Place) -> bool:
    """The conditions that do not look at the words."""
    c = rule.conditions
    if rule.unconditional:
        return True
    turn, turns = place.conversation.turns[place.turn], place.conversation.turns
    if c.speaker is not None and turn.speaker is not c.speaker:
        return False
    if c.previous and place.previous.isdisjoint(c.previous):
        return False
    if c.first_seconds is not None and turn.start > turns[0].start + c.first_seconds:
        return False
    if c.last_seconds is not None and turn.end < max(t.end for t in turns) - c.last_seconds:
        return False
    return c.max_chars is None or len(turn.text) <= c.max_chars


def admitted(found: Candidate, place: Place) -> bool:
    """Whether the words around allow it: longer words, near and not near, place in the turn, question."""
    rule, text = found.rule, place.text.text
    if rule.not_inside:
        for span in found.spans:
            if _inside(text, span, rule.not_inside):
                return False
    if rule.undemanding:
        return True
    c, (low, high) = rule.conditions, place.limits
    around = max(low, found.start - c.window), min(high, found.end + c.window)
    if rule.near is not None and not rule.near.search(text, *around):
        return False
    if rule.not_near is not None and rule.not_near.search(text, *around):
        return False
    if c.at == "start" and _LEAD.fullmatch(text, low, found.start) is None:
        return False
    if c.at == "end" and _LEAD.fullmatch(text, found.end, high) is None:
        return False
    return c.question is None or c.question is any(s <= found.start < e for s, e in place.asking)


def stands_beside(one: Candidate, found: Mapping[str, Sequence[Candidate]]) -> bool:
    """Whether the other topics that the entry asks for stand before or behind, near enough. Only matches that depend on
    no other topic themselves are asked, so that no order of judging can matter."""
    c = one.rule.conditions
    behind = (other.start - one.end for topic in c.before for other in found.get(topic, ()))
    ahead = (one.start - other.end for topic in c.after for other in found.get(topic, ()))
    return (not c.before or any(0 <= gap <= c.window for gap in behind)) and (
        not c.after or any(0 <= gap <= c.window for gap in ahead)
    )


def _inside(text: str, span: tuple[int, int], longer: tuple[str, ...]) -> bool:
    """Whether one of the longer words stands at a place that covers the span."""
    start, end = span
    for word, offset in _within(text[start:end], longer):
        if offset <= start and text.startswith(word, start - offset):
            return True
    return False


@lru_cache(maxsize=20_000)
def _within(said: str, longer: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Where the longer words hold what was said."""
    return tuple((word, offset) for word in longer for offset in range(len(word)) if word.startswith(said, offset))
