"""From a hit to a candidate: the whole pattern, the longer words it must not lie in, and the entry's conditions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import MatchKind
from speechsvc.tagging.patterns import extend
from speechsvc.tagging.rules import Rule
from speechsvc.tagging.scan import Hit, Scanner
from speechsvc.tagging.text import NormalText

_LEAD = re.compile(
    r"(?:[，。、！？,.!?；;…~\-\s]|那个|这个|就是说?|然后|那|哦|噢|啊|诶|哎呀?|唉|喂|欸|嘿|哈|好的?|行|对|是|嘛|吧|呢|了|呀|啦|的)*"
)
_QUESTION = re.compile(
    r"吗|呢|么(?:$|[？?，,。\n])|多少|怎么|怎样|咋|什么|啥|哪|谁|几[个天年月块万家点号种台人次期成折]|是不是|是否|有没有|能不能|可不可以|行不行|能否|可否"
    r"|多久|多长|多大|多贵|何时|为何|(.)不\1|没有(?:$|[？?\n])|[？?]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One turn and what is known around it."""

    conversation: Conversation
    turn: int
    text: NormalText
    sounds: str | None  # syllable string of the whole text; none without homophones
    previous: frozenset[str]  # topics mentioned in the turn before

    @property
    def limits(self) -> tuple[int, int]:
        return self.text.starts[self.turn], self.text.ends[self.turn]


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
    """The whole match that the hit belongs to, or none."""
    text = place.text.text
    if not rule.parts:
        spans: tuple[tuple[int, int], ...] = ((hit.start, hit.end),)
        return _made(rule, hit, hit.kind, spans, text)
    sounds = place.sounds if rule.homophones else None
    found = extend(rule, text, sounds, (hit.start, hit.end), _reach(rule, place, hit))
    if found is None or any(not _plausible(rule, text, found.spans[i], scanner) for i in found.sounded):
        return None
    kind = MatchKind.HOMOPHONE if found.sounded else hit.kind
    return _made(rule, hit, kind, found.spans, text)


def _made(rule: Rule, hit: Hit, kind: MatchKind, spans: tuple[tuple[int, int], ...], text: str) -> Candidate:
    return Candidate(rule=rule, kind=kind, spans=spans, literal=hit.literal, pieces=tuple(text[s:e] for s, e in spans))


def _plausible(rule: Rule, text: str, span: tuple[int, int], scanner: Scanner) -> bool:
    """Whether a part found by sound is a slip for one of its alternatives."""
    literals = {a for part in rule.parts for a in part.literals if len(a) == span[1] - span[0]}
    return any(
        scanner.misheard(text, *span, literal) for literal in literals if scanner.alike(text[slice(*span)], literal)
    )


def _reach(rule: Rule, place: Place, hit: Hit) -> tuple[int, int]:
    """The sentence, or the turn, around the hit."""
    low, high = place.limits
    text, stops = place.text.text, rule.stops
    left = max(text.rfind(stop, low, hit.start) for stop in stops)
    right = [i for stop in stops if (i := text.find(stop, hit.end, high)) >= 0]
    return max(low, left + 1), min(right, default=high)


def admitted(rule: Rule, found: Candidate, place: Place) -> bool:
    """Whether all of the entry's conditions hold."""
    c, turn = rule.conditions, place.conversation.turns[place.turn]
    if c.speaker is not None and turn.speaker is not c.speaker:
        return False
    if c.previous and place.previous.isdisjoint(c.previous):
        return False
    if c.first_seconds is not None and turn.start > place.conversation.turns[0].start + c.first_seconds:
        return False
    if c.last_seconds is not None and turn.end < max(t.end for t in place.conversation.turns) - c.last_seconds:
        return False
    if c.max_chars is not None and len(turn.text) > c.max_chars:
        return False
    return _words_allow(rule, found, place)


def _words_allow(rule: Rule, found: Candidate, place: Place) -> bool:
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
    low, high = place.limits
    left = max(text.rfind(stop, low, found.start) for stop in "。！？?!；;")
    right = min((i for stop in "。！？?!；;" if (i := text.find(stop, found.end, high)) >= 0), default=high)
    return _QUESTION.search(text, max(low, left + 1), min(high, right + 1)) is not None
