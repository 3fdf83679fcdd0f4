"""From a tagged conversation to the countable facts a score is made of. Pure; suspect turns never count."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from speechsvc.domain.analysis import ContactFinding, NextStep, TurnEvidence
from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.mention import Mention
from speechsvc.domain.score import CallFacts, Fact, ScoreInputs, SpokenTopic
from speechsvc.domain.stretch import Stretch, stretches
from speechsvc.domain.talk import TalkMetrics
from speechsvc.domain.utterance import is_question, plain, puts_off, real_characters, specifics

MINIMUM_CHARACTERS = 3  # less has no substance, whatever topic it echoes; 贵多少 just passes
ANSWER_CHARACTERS = 8  # an answer to the agent's topic that names no topic itself must say at least this much
RECITAL_TOPICS = 3  # an agent turn with this many topics recites; an answer to it takes up none of them


def collect_inputs(
    conversation: Conversation,
    mentions: Sequence[Mention],
    contact: ContactFinding,
    next_step: NextStep,
    talk: TalkMetrics,
    *,
    documents: Iterable[str] | None = None,
    minutes_topics: Iterable[str] | None = None,
) -> ScoreInputs:
    """The snapshot for one call. Leave `documents` and `minutes_topics` out (None) where the tenant sends none."""
    return ScoreInputs(
        calls=(_call_facts(conversation, [m for m in mentions if not m.suspect], contact, next_step, talk),),
        documents=None if documents is None else tuple(sorted(set(documents))),
        minutes_topics=None if minutes_topics is None else tuple(sorted(set(minutes_topics))),
    )


def join_inputs(parts: Sequence[ScoreInputs]) -> ScoreInputs:
    """One snapshot for a follow-up of several calls; a call with the same words as an earlier one counts once."""
    calls = {facts.fingerprint: facts for part in reversed(parts) for facts in reversed(part.calls)}
    ordered = [c for part in parts for c in part.calls if calls.pop(c.fingerprint, None) is not None]
    return ScoreInputs(
        calls=tuple(ordered),
        documents=_join([p.documents for p in parts]),
        minutes_topics=_join([p.minutes_topics for p in parts]),
    )


def _join(parts: list[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    given = [p for p in parts if p is not None]
    return tuple(sorted({x for p in given for x in p})) if given else None


def _call_facts(
    conversation: Conversation,
    mentions: list[Mention],
    contact: ContactFinding,
    next_step: NextStep,
    talk: TalkMetrics,
) -> CallFacts:
    call_id = conversation.call_id
    parts = _without_echoes(stretches(conversation.turns))
    number = {i: n for n, s in enumerate(parts) for i in s.turns}
    heard = [
        _Heard(topic=m.topic, counts=m.counts, at=number[m.turn], turn=m.turn) for m in mentions if m.turn in number
    ]
    taken_up = _taken_up(parts, heard)
    on_topic = {h.at for h in heard if _substantial(parts[h.at])} | set(taken_up)
    return CallFacts(
        call_id=call_id,
        fingerprint=_fingerprint(conversation.turns),
        contact=contact.outcome.value,
        contact_evidence=_from_evidence(call_id, contact.evidence),
        timed=talk.duration > 0,
        agent_ms=_ms(talk.agent),
        customer_ms=_ms(talk.customer),
        unknown_ms=_ms(talk.unknown),
        longest_monologue_ms=_ms(talk.longest_monologue),
        agent_characters=_characters(parts, Speaker.AGENT),
        customer_characters=_characters(parts, Speaker.CUSTOMER),
        unknown_characters=_characters(parts, Speaker.UNKNOWN),
        topic_turns=tuple(_fact(call_id, parts[n], "customer speaks on a topic") for n in sorted(on_topic)),
        questions=_questions(call_id, parts, heard),
        topics=_topics(call_id, parts, heard, taken_up),
        put_offs=tuple(
            _fact(call_id, s, "customer puts off or waves away") for s in parts if _customer(s) and puts_off(s.text)
        ),
        next_step_agreed=next_step.agreed,
        next_step_time=next_step.has_time,
        next_step_owner=next_step.has_owner,
        next_step_evidence=_from_evidence(call_id, next_step.evidence),
        customer_turns=sum(1 for s in parts if _customer(s) and s.characters),
        specific_turns=tuple(
            _fact(call_id, s, "customer gives figures, dates or names")
            for s in parts
            if _substantial(s) and specifics(s.text)
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Heard:
    """A mention and the stretch it lies in."""

    topic: str
    counts: bool
    at: int  # number of the stretch
    turn: int


def _without_echoes(parts: list[Stretch]) -> list[Stretch]:
    """Leaves out a customer's words that repeat earlier ones to the letter: a canned reply or a looping recogniser."""
    seen: set[str] = set()
    kept = []
    for part in parts:
        words = plain(part.text)
        if _customer(part) and part.characters and words in seen:
            continue
        seen.add(words)
        kept.append(part)
    return kept


def _substantial(stretch: Stretch) -> bool:
    return _customer(stretch) and stretch.characters >= MINIMUM_CHARACTERS


def _customer(stretch: Stretch) -> bool:
    return stretch.speaker is Speaker.CUSTOMER


def _taken_up(parts: list[Stretch], heard: list[_Heard]) -> dict[int, str]:
    """Stretch -> topic of the agent's stretch just before that the customer answers with substance, naming no topic.

    An answer takes up one topic at most, and none of a recital: else reading out a list would pay.
    """
    by_stretch: dict[int, list[str]] = {}
    for one in heard:
        if one.counts:
            by_stretch.setdefault(one.at, []).append(one.topic)
    found: dict[int, str] = {}
    for n, stretch in enumerate(parts):
        raised = by_stretch.get(n - 1, [])
        if not _customer(stretch) or n in by_stretch or not 0 < len(set(raised)) < RECITAL_TOPICS:
            continue
        if parts[n - 1].speaker is Speaker.AGENT and _is_answer(stretch.text):
            found[n] = raised[-1]
    return found


def _is_answer(text: str) -> bool:
    if puts_off(text):
        return False
    return real_characters(text) >= ANSWER_CHARACTERS or (real_characters(text) > 0 and bool(specifics(text)))


def _questions(call_id: str, parts: list[Stretch], heard: list[_Heard]) -> tuple[Fact, ...]:
    """Customer questions next to a topic: in the stretch itself, just before or just after. Small talk has none."""
    near = {h.at + step for h in heard for step in (-1, 0, 1)}
    return tuple(
        _fact(call_id, s, "customer asks")
        for n, s in enumerate(parts)
        if _customer(s) and n in near and is_question(s.text)
    )


def _topics(
    call_id: str, parts: list[Stretch], heard: list[_Heard], taken_up: dict[int, str]
) -> tuple[SpokenTopic, ...]:
    counting = [h for h in heard if h.counts]
    spoken = {h.topic for h in counting if _substantial(parts[h.at])}
    return tuple(
        _topic(call_id, topic, parts, counting, taken_up, topic in spoken)
        for topic in sorted(spoken | set(taken_up.values()))
    )


def _topic(
    call_id: str, topic: str, parts: list[Stretch], heard: list[_Heard], taken_up: dict[int, str], spoken: bool
) -> SpokenTopic:
    where = {h.at for h in heard if h.topic == topic and _substantial(parts[h.at])}
    where |= {n for n, t in taken_up.items() if t == topic}
    agent = {h.at for h in heard if h.topic == topic and parts[h.at].speaker is Speaker.AGENT}
    note = f"customer speaks of {topic}" if spoken else f"customer answers the agent on {topic}"
    return SpokenTopic(
        topic=topic,
        customer_turns=len(where),
        agent_turns=len(agent),
        exchanges=sum(1 for n in agent if n - 1 in where or n + 1 in where),
        specifics=sum(1 for n in where if specifics(parts[n].text)),
        taken_up=not spoken,
        evidence=tuple(_fact(call_id, parts[n], note) for n in sorted(where)),
    )


def _characters(parts: list[Stretch], speaker: Speaker) -> int:
    return sum(real_characters(s.text) for s in parts if s.speaker is speaker)


def _fingerprint(turns: Sequence[Turn]) -> str:
    words = "\n".join(f"{t.speaker.value}:{plain(t.text)}" for t in turns)
    return hashlib.sha256(words.encode()).hexdigest()


def _fact(call_id: str, stretch: Stretch, note: str) -> Fact:
    start, end = _ms(stretch.start), _ms(stretch.end)
    return Fact(call_id=call_id, turn=stretch.turns[0], start_ms=start, end_ms=end, text=stretch.text, note=note)


def _from_evidence(call_id: str, evidence: Iterable[TurnEvidence]) -> tuple[Fact, ...]:
    return tuple(
        Fact(call_id=call_id, turn=e.turn, start_ms=_ms(e.start), end_ms=_ms(e.end), text=e.text, note=e.reason)
        for e in evidence
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
