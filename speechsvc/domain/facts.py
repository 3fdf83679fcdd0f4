"""Heatmap facts of one call: per topic and speaker, how often and how long it was spoken of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from speechsvc.domain.conversation import Conversation, Turn
from speechsvc.domain.mention import Mention


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicFact:
    """Counting mentions (affirmed, unsuspect) of one topic by one speaker in one call."""

    topic: str
    speaker: str  # agent, customer, unknown
    mentions: int  # at most one a stretch of consecutive turns by the same speaker
    seconds: float  # speech in the turns that carry the topic


def topic_facts(conversation: Conversation, mentions: Sequence[Mention]) -> tuple[TopicFact, ...]:
    """Facts in order of topic, then speaker.

    A recogniser may cut what one speaker says in one go into several segments; a topic counts once in such a stretch.
    """
    stretch = _stretches(conversation.turns)
    seen: dict[tuple[str, str], tuple[set[int], set[int]]] = {}
    for mention in mentions:
        if not mention.counts:
            continue
        stretches, turns = seen.setdefault((mention.topic, mention.speaker.value), (set(), set()))
        stretches.add(stretch[mention.turn])
        turns.add(mention.turn)
    return tuple(
        TopicFact(
            topic=topic,
            speaker=speaker,
            mentions=len(stretches),
            seconds=round(sum(conversation.turns[i].seconds for i in turns), 3),
        )
        for (topic, speaker), (stretches, turns) in sorted(seen.items())
    )


def _stretches(turns: Sequence[Turn]) -> list[int]:
    """For each turn the number of the stretch of one speaker that it belongs to; suspect turns do not part one."""
    numbers: list[int] = []
    number = -1
    previous = None
    for turn in turns:
        if turn.speaker is not previous and not turn.suspect:
            number += 1
            previous = turn.speaker
        numbers.append(number)
    return numbers
