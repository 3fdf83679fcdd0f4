"""From labelled calls to training examples: every turn, and each labelled turn once more as its evidence (which alone
carries the topic) and as what remains without it (which carries none)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.lexicon import Lexicon
from speechsvc.tagging.evaluate import LabelledCall
from speechsvc.tagging.learned.features import (
    BEFORE_LENGTHS,
    SOUND_LENGTHS,
    TEXT_LENGTHS,
    Squeezed,
    context,
    grams,
    squeeze,
    squeezed_turns,
)
from speechsvc.tagging.text import normal_form, normalise

_LEAST_REST = 4  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One turn or piece of a turn; a feature is a letter for its kind (t, s, b, c) and its name."""

    turn: int
    features: frozenset[str]
    topics: frozenset[str]
    known: frozenset[str] | None = None  # topics of which the label says something; None: of all


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What a person says of one topic in one turn: a mention marked right, wrong or missed, or a lexicon's example."""

    text: str
    topic: str
    present: bool
    previous: str | None = None  # the turn before, by the other speaker
    speaker: Speaker = Speaker.CUSTOMER


def turn_examples(call: LabelledCall) -> list[Example]:
    """One for each turn, without the topics of the turn before: they depend on what finds them."""
    turns = squeezed_turns(normalise(call.conversation))
    made = []
    for i, turn in enumerate(turns):
        features = text_features(turn)
        if i:
            features |= {"b" + gram for gram in grams(turns[i - 1].text, BEFORE_LENGTHS)}
        features |= {"c" + fact for fact in context(call.conversation, i, len(turn.text), ())}
        made.append(Example(turn=i, features=frozenset(features), topics=labelled(call, i)))
    return made


def piece_examples(call: LabelledCall) -> list[Example]:
    """Evidence by itself, and the turn without it."""
    made = []
    for i, turn in enumerate(call.conversation.turns):
        evidence = {topic: call.evidence.get((i, topic), "") for topic in sorted(labelled(call, i))}
        rest = turn.text
        for piece in sorted({e for e in evidence.values() if e and e != turn.text}):
            topics = frozenset(topic for topic, said in evidence.items() if said == piece)
            made.append(_piece(i, piece, topics))
        for piece in filter(None, evidence.values()):
            rest = rest.replace(piece, "，")
        if evidence and all(evidence.values()) and len(rest) >= _LEAST_REST:
            made.append(_piece(i, rest, frozenset()))
    return made


def labelled(call: LabelledCall, turn: int) -> frozenset[str]:
    """Topics that people found in a turn."""
    return frozenset(topic for index, topic in call.labels if index == turn)


def mark_example(mark: Mark) -> Example:
    """A turn of which one topic is known."""
    other = Speaker.AGENT if mark.speaker is Speaker.CUSTOMER else Speaker.CUSTOMER
    said = [] if mark.previous is None else [Turn(speaker=other, start=0, end=0, text=mark.previous)]
    said.append(Turn(speaker=mark.speaker, start=0, end=0, text=mark.text))
    call = LabelledCall(conversation=Conversation(call_id="", turns=tuple(said)), labels={}, evidence={})
    example = turn_examples(call)[-1]
    topics = frozenset({mark.topic})
    return replace(example, topics=topics if mark.present else frozenset(), known=topics)


def call_marks(call: LabelledCall) -> list[Mark]:
    """Of a call in which people looked at some places only."""
    turns, made = call.conversation.turns, []
    for turn, topic in sorted(call.judged or ()):
        if turn < len(turns):
            previous = turns[turn - 1].text if turn else None
            present = (turn, topic) in call.labels
            mark = Mark(text=turns[turn].text, topic=topic, present=present, previous=previous)
            made.append(replace(mark, speaker=turns[turn].speaker))
    return made


def lexicon_marks(lexicon: Lexicon, calls: Sequence[LabelledCall]) -> list[Mark]:
    """The lexicon's examples, less those that a labelled call holds: they would be trained on what is measured."""
    said = "\n".join(_plain(turn.text) for call in calls for turn in call.conversation.turns)
    return [
        Mark(text=e.text, topic=topic.id, present=present, previous=e.previous, speaker=e.speaker)
        for topic in lexicon.topics
        for present, examples in ((True, topic.match), (False, topic.no_match))
        for e in examples
        if _plain(e.text) not in said
    ]


def text_features(turn: Squeezed) -> set[str]:
    features = {"t" + gram for gram in grams(turn.text, TEXT_LENGTHS)}
    return features | {"s" + gram for gram in grams(turn.sounds, SOUND_LENGTHS)}


def _plain(text: str) -> str:
    return squeeze(normal_form(text)).text


def _piece(turn: int, text: str, topics: Iterable[str]) -> Example:
    features = text_features(squeeze(normal_form(text)))
    return Example(turn=turn, features=frozenset(features), topics=frozenset(topics))
