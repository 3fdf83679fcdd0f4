"""Learned entries on some turns of a call: what they say there is known without looking at the whole call.

A turn's first look depends on the turn before and on what that one was about, which depends on the one before it, and
so on. But whatever was said earlier seldom matters for long: with bounds on what it may have been, a few turns settle
what a turn hands on. The second look asks a few turns on either side (`LearnedScorer.reach`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import Mention
from speechsvc.tagging.learned.features import Squeezed, squeeze
from speechsvc.tagging.learned.scorer import LearnedScorer, Scores
from speechsvc.tagging.text import NormalText

_BACK = 3  # turns back from which bounds are followed at first; doubled until they meet


class Squeezes(dict[int, Squeezed]):
    """The turns of a call without marks, made when asked for."""

    def __init__(self, text: NormalText) -> None:
        super().__init__()
        self._text = text

    def __missing__(self, turn: int) -> Squeezed:
        self[turn] = squeeze(self._text.text[self._text.starts[turn] : self._text.ends[turn]])
        return self[turn]


class Alone(dict[int, Scores]):
    """First looks at single turns, but for what the turn before was about, made when asked for."""

    def __init__(self, scorer: LearnedScorer, conversation: Conversation, turns: Squeezes) -> None:
        super().__init__()
        self._scorer, self._conversation, self._turns = scorer, conversation, turns

    def __missing__(self, turn: int) -> Scores:
        if turn:
            _ = self._turns[turn - 1]
        _ = self._turns[turn]
        self[turn] = self._scorer.alone(self._conversation, self._turns, turn)
        return self[turn]


class Nearby:
    """One lexicon's learned entries on one call, asked for single turns. `alone` may be shared by lexicons that have
    the same models."""

    def __init__(
        self,
        scorer: LearnedScorer,
        conversation: Conversation,
        text: NormalText,
        turns: Squeezes,
        alone: Alone,
        written: Callable[[int], Sequence[Mention]],
    ) -> None:
        """`written`: what written entries find in a turn."""
        self._scorer, self._conversation, self._text = scorer, conversation, text
        self._turns, self._alone, self._written = turns, alone, written
        self._handed: dict[int, frozenset[str]] = {}

    def handed_on(self, turn: int) -> frozenset[str]:
        """Of the topics that bear on the next turn those that this one is about."""
        back = _BACK
        while turn not in self._handed:
            self._follow(max(0, turn - back), turn)
            back *= 2
        return self._handed[turn]

    def mentions(self, first: int, last: int) -> list[list[Mention]]:
        """Final mentions of the turns from `first` to `last`, in order."""
        reach = self._scorer.reach
        begin, end = max(0, first - reach), min(len(self._conversation.turns), last + 1 + reach)
        turns = [self._turns[i] for i in range(begin, end)]
        written = [self._written(i) for i in range(begin, end)]
        odds = np.stack([self._odds(i) for i in range(begin, end)])
        scores = self._scorer.second_look(self._conversation, turns, odds, written, begin)
        return [
            self._scorer.turn(self._conversation, self._text, i, self._turns[i], scores[i - begin], written[i - begin])
            for i in range(first, last + 1)
        ]

    def _odds(self, turn: int) -> Scores:
        scores = self._alone[turn]
        if turn:
            handed = self.handed_on(turn - 1)
            scores = scores + sum(weights for topic, weights in self._scorer.following.items() if topic in handed)
        return scores

    def _follow(self, begin: int, turn: int) -> None:
        """Bounds from `begin` on: topics surely handed on, and topics that may be. Where both agree, it is known."""
        surely: frozenset[str] = frozenset()
        perhaps = frozenset(self._scorer.following) if begin else surely
        for i in range(begin, turn + 1):
            if i in self._handed:
                surely = perhaps = self._handed[i]
                continue
            surely, perhaps = self._step(i, surely, perhaps)
            if surely == perhaps:
                self._handed[i] = surely

    def _step(self, i: int, surely: frozenset[str], perhaps: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        low, high = self._alone[i], self._alone[i]
        if i:
            for topic in perhaps:
                weights = self._scorer.following[topic]
                if topic in surely:
                    low, high = low + weights, high + weights
                else:
                    low, high = low + np.minimum(weights, 0), high + np.maximum(weights, 0)
        written = {m.topic for m in self._written(i)}
        if not self._turns[i].text:
            known = frozenset(written & self._scorer.following.keys())
            return known, known
        return self._known(written | self._scorer.leads(low)), self._known(written | self._scorer.leads(high))

    def _known(self, topics: set[str]) -> frozenset[str]:
        return frozenset(topics & self._scorer.following.keys())
