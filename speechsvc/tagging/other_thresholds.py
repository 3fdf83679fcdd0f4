"""Two lexicons whose learned entries differ in their thresholds alone: the second look's scores are the same, so they
are worked out once, from the trace, and only turns with a score between an old and a new threshold are judged again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Sequence

import numpy as np

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import MatchKind, Mention
from speechsvc.tagging.learned.nearby import Squeezes
from speechsvc.tagging.learned.ripple import whole_call
from speechsvc.tagging.learned.scorer import LearnedScorer
from speechsvc.tagging.learned.surroundings import Seen
from speechsvc.tagging.learned.trace import Array, Trace
from speechsvc.tagging.text import NormalText


def steered(
    scorers: tuple[LearnedScorer, LearnedScorer],
    conversation: Conversation,
    text: NormalText,
    mentions: Sequence[Mention],
    trace: Trace,
) -> Generator[list[Seen], list[Array], tuple[Mention, ...]]:
    """From all mentions by the first scorer's thresholds to all by the second's; yields what the second look must
    judge, as `NewResults.steps` does."""
    old, new = scorers
    (scores,) = yield [whole_call(conversation.turns, trace)]
    crossed = (scores >= old.limits.least) != (scores >= new.limits.least)
    by_turn: defaultdict[int, list[Mention]] = defaultdict(list)
    for mention in mentions:
        by_turn[mention.turn].append(mention)
    turns = Squeezes(text)
    for turn in map(int, np.flatnonzero((crossed & ~trace.written).any(axis=1))):
        gone = {topic for topic, column in new.columns.items() if crossed[turn, column]}
        ready = {m.topic: m for m in by_turn[turn] if m.match is not MatchKind.LEARNED or m.topic not in gone}
        written = [m for m in by_turn[turn] if m.match is not MatchKind.LEARNED]
        fallen = {topic for topic, column in new.columns.items() if trace.written[turn, column]}
        by_turn[turn] = new.turn(conversation, text, turn, turns[turn], scores[turn], written, fallen, ready)
    return tuple(mention for turn in sorted(by_turn) for mention in by_turn[turn])
