"""From a hit to a candidate: the whole pattern, the longer words it must not lie in, and the entry's conditions."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import MatchKind
from speechsvc.tagging.patterns import extend
from speechsvc.tagging.reading import Reading, read, read_cues
from speechsvc.tagging.rules import Rule
from speechsvc.tagging.scan import Hit, Scanner
from speechsvc.tagging.text import STOPS, NormalText

_STOP = re.compile(f"[{re.escape(STOPS)}]")
_LEAD = re.compile(
    r"(?:[，。、！？,.!?；;…~\-\s]|那个|这个|就是说?|然后|那|哦|噢|啊|诶|哎呀?|唉|喂|欸|嘿|哈|好的?|行|对|是|嘛|吧|呢|了|呀|啦|的)*"
)


class Place:
    """One turn and what is known around it."""

    def __init__(
        self, conversation: Conversation, turn: int, text: NormalText, sounds: str | None, previous: frozenset[str]
    ) -> None:
        """`sounds`: syllables of the whole text, none without homophones; `previous`: topics of the turn before."""
        self.conversation, self.turn, self.text, self.sounds, self.previous = conversation, turn, text, sounds, previous
        self.limits = text.starts[turn], text.ends[turn]
        self._stops: list[int] | None = None
        self._reading: Reading | None = None

    @property
    def reading(self) -> Reading:
        """Cues of this turn, read once."""
        if self._reading is None:
            self._reading = read_cues(self.text.text, *self.limits)
        return self._reading

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A match that awaits its polarity; offsets into the normalised text."""

    rule: Rule
    kind: MatchKind
    spans: tuple[tuple[int, int], ...]  # matched parts in order
    literal: str
    pieces: tuple[str, ...]  # the parts' words

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def end(self) -> int:
        return self.spans[-1][1]


def candidate(rule: Rule, hit: Hit, place: Place, scanner: Scanner) -> Candidate | None:
    """The whole match that the hit belongs to, or none. Cheap tests come first: most hits are of frequent words."""
    if not _may_count(rule, place):
        return None
    text, span = place.text.text, (hit.start, hit.end)
    if not rule.parts:
        return _made(rule, hit, hit.kind, (span,), text) if _whole(hit, text, scanner) else None
    limits = place.limits if rule.entry.within == "turn" else place.sentence(*span)
    found = extend(rule, text, place.sounds if rule.homophones else None, span, limits)
    if found is None or not _whole(hit, text, scanner) or not scanner.clean(text, found.spans):
        return None
    if any(not _plausible(rule, text, found.spans[i], scanner) for i in found.sounded):
        return None
    return _made(rule, hit, MatchKind.HOMOPHONE if found.sounded else hit.kind, found.spans, text)


def _whole(hit: Hit, text: str, scanner: Scanner) -> bool:
    return hit.kind is MatchKind.HOMOPHONE or scanner.whole(text, hit.start, hit.end)


def _made(rule: Rule, hit: Hit, kind: MatchKind, spans: tuple[tuple[int, int], ...], text: str) -> Candidate:
    return Candidate(rule=rule, kind=kind, spans=spans, literal=hit.literal, pieces=tuple(text[s:e] for s, e in spans))


def _plausible(rule: Rule, text: str, span: tuple[int, int], scanner: Scanner) -> bool:
    """Whether a part found by sound is a slip for one of its alternatives."""
    literals = {a for part in rule.parts for a in part.literals if len(a) == span[1] - span[0]}
    return any(
        scanner.misheard(text, *span, literal) for literal in literals if scanner.alike(text[slice(*span)], literal)
    )


def _may_count(rule: Rule, place: Place) -> bool:
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


def admitted(rule: Rule, found: Candidate, place: Place) -> bool:
    """Whether the words around allow it: longer words, near and not near, place in the turn, question."""
    c, text, (low, high) = rule.conditions, place.text.text, place.limits
    if any(_inside(text, span, longer) for longer in rule.not_inside for span in found.spans):
        return False
    around = max(low, found.start - c.window), min(high, found.end + c.window)
    if rule.near is not None and not rule.near.search(text, *around):
        return False
    if rule.not_near is not None and rule.not_near.search(text, *around):
        return False
    if c.at == "start" and _LEAD.fullmatch(text, low, found.start) is None:
        return False
    if c.at == "end" and _LEAD.fullmatch(text, found.end, high) is None:
        return False
    return c.question is None or c.question is _asked(text, found, place)


def _inside(text: str, span: tuple[int, int], longer: str) -> bool:
    """Whether `longer` stands at a place that covers the span."""
    start, end = span
    said = text[start:end]
    offset = longer.find(said)
    while offset >= 0:
        if offset <= start and text.startswith(longer, start - offset):
            return True
        offset = longer.find(said, offset + 1)
    return False


def _asked(text: str, found: Candidate, place: Place) -> bool:
    """Whether the sentence of the match is a question, by its mark or its words."""
    return any(low <= found.start < high for low, high in read(text, *place.limits).questions)
