"""Adds mentions that no written entry found: a sum of whole-number weights a topic and turn, then a second look in the
light of the turns around, against a threshold. A written mention stays, unless its entry is one that training has seen
and the second look speaks clearly against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.learned import LearnedEntries, Weights
from speechsvc.domain.lexicon import Lexicon
from speechsvc.domain.mention import Mention
from speechsvc.tagging.cues import ANNOUNCEMENT
from speechsvc.tagging.learned.evidence import find_evidence
from speechsvc.tagging.learned.features import (
    BEFORE_LENGTHS,
    SOUND_LENGTHS,
    TEXT_LENGTHS,
    Squeezed,
    after,
    context,
    squeezed_turns,
    unspelled,
)
from speechsvc.tagging.learned.mentions import learned_mention
from speechsvc.tagging.learned.negation import Judge
from speechsvc.tagging.learned.surroundings import SecondLook, Seen
from speechsvc.tagging.learned.trace import LONGEST, Trace
from speechsvc.tagging.text import NormalText

_LEAST_TURNS = 3  # of a call in which a written mention may fall: before, nothing around can speak against it
_SHORT = 10  # turns: in a shorter call little stands around, so a written mention only falls below `_MILD`
_MILD = -2197  # thousandths of a logit: ten percent
NEVER = 2**60  # no score reaches it
_NOTHING_READY: Mapping[str, Mention] = MappingProxyType({})
Index = Mapping[str, int]
Scores = np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a model's scores are compared with, an item a column."""

    least: Scores  # from which score a learned mention is made
    leads: Scores  # from which first score the topic is handed on
    follows: Scores  # bool: whether anything asks if the turn before was about the topic
    gains: Scores  # a row a topic of the turn before: what each column gains


class LearnedScorer:
    """Compiled from a model; read-only afterwards."""

    def __init__(self, model: LearnedEntries, fixed: frozenset[str] = frozenset()) -> None:
        """`fixed`: written entries whose polarity is given."""
        around = model.surroundings
        known = [topic for topic in model.topics if topic.least_score is not None or around is not None]
        self._topics = known
        self._least = [topic.least_score for topic in known]
        self._leads = self._least if around is None else [around.scales[topic.id].lead for topic in known]
        weights = [topic.weights for topic in known]
        self._table = Table(weights)
        self._judge = None if model.negation is None else Judge(model.negation, fixed)
        self._weights = [spoken(w) for w in weights]
        self._around = None if around is None else SecondLook(around, [topic.id for topic in known])
        self._doubt = None if around is None else around.doubt
        self._fixed = fixed
        self._doubted = frozenset() if around is None else around.doubted
        self._column = {topic.id: column for column, topic in enumerate(known)}

    def extend(self, conversation: Conversation, text: NormalText, written: Sequence[Mention]) -> tuple[Mention, ...]:
        """The written mentions that stand and the learned ones, in order of turn, then place, then topic."""
        if not conversation.turns:
            return tuple(written)
        by_turn: list[list[Mention]] = [[] for _ in conversation.turns]
        for one in written:
            by_turn[one.turn].append(one)
        return self._extend(conversation, text, by_turn)[0]

    def traced(
        self, conversation: Conversation, text: NormalText, written: Sequence[Mention]
    ) -> tuple[tuple[Mention, ...], Trace | None]:
        """As `extend`, and what a later comparison starts from; none where the models ask about topics without one."""
        if not conversation.turns:
            nothing = np.zeros((0, len(self._topics)), dtype=np.int64)
            return tuple(written), Trace(nothing, nothing.astype(bool), np.zeros(0, dtype=np.int64))
        by_turn: list[list[Mention]] = [[] for _ in conversation.turns]
        for one in written:
            by_turn[one.turn].append(one)
        mentions, turns, scores = self._extend(conversation, text, by_turn)
        lengths = np.array([min(len(turn.text), LONGEST) for turn in turns], dtype=np.int64)
        return mentions, Trace(scores, self._flags(by_turn, 0), lengths) if self.traces else None

    def _extend(
        self, conversation: Conversation, text: NormalText, by_turn: Sequence[Sequence[Mention]]
    ) -> tuple[tuple[Mention, ...], Sequence[Squeezed], Scores]:
        turns = squeezed_turns(text)
        first_look = self._first_look(conversation, turns, by_turn)
        scores = self.second_look(conversation, turns, first_look, by_turn, 0)
        mentions: list[Mention] = []
        for i, turn in enumerate(turns):
            mentions += self.turn(conversation, text, i, turn, scores[i], by_turn[i])
        return tuple(mentions), turns, first_look

    def turn(
        self,
        conversation: Conversation,
        text: NormalText,
        i: int,
        turn: Squeezed,
        scores: Scores,
        written: Sequence[Mention],
        fallen: Iterable[str] = (),
        ready: Mapping[str, Mention] = _NOTHING_READY,
    ) -> list[Mention]:
        """Of one turn, given the scores of the second look.

        `fallen`: topics of written mentions that are left out of `written` because they cannot stand; `ready`: by
        topic the result where it is known already.
        """
        alone = len(conversation.turns) < _LEAST_TURNS
        least = self.doubt_in(len(conversation.turns))
        found = [m for m in written if alone or self._stands(m, scores, least)]
        known = {*fallen, *[m.topic for m in written]}
        kept = [m for topic, m in ready.items() if topic not in known]
        added = self._added(conversation, text, i, turn, scores, {*known, *ready})
        if self._judge:
            found = [ready.get(m.topic) or self._judge.judged(conversation, m, learned=False) for m in found]
            added = [self._judge.judged(conversation, m, learned=True) for m in added]
        return sorted([*found, *added, *kept], key=lambda m: (m.start_char, m.topic)) if added or kept else found

    def judged(self, conversation: Conversation, mention: Mention) -> Mention:
        """A written mention with the polarity that the model gives it."""
        return self._judge.judged(conversation, mention, learned=False) if self._judge else mention

    def doubts(self, mention: Mention) -> bool:
        """Whether a written mention of this entry and topic may fall."""
        return self._doubt is not None and mention.entry in self._doubted and mention.topic in self._column

    def fixed(self, mention: Mention) -> bool:
        """Whether no model judges the mention's polarity."""
        return mention.entry in self._fixed

    def doubt_in(self, turns: int) -> int:
        """The score below which doubted mentions fall in a call of so many turns."""
        if self._doubt is None:
            return -NEVER
        return self._doubt if turns >= _SHORT else min(self._doubt, _MILD)

    @property
    def columns(self) -> Mapping[str, int]:
        """Of each topic with a model, in a trace and in scores."""
        return self._column

    @cached_property
    def traces(self) -> bool:
        """Whether columns tell all that the models ask about written mentions."""
        return self.following.keys() <= self._column.keys()

    @cached_property
    def limits(self) -> Limits:
        return Limits(
            least=_thresholds(self._least),
            leads=_thresholds(self._leads),
            follows=np.array([topic in self.following for topic in self._column], dtype=bool),
            gains=np.array(
                [self.following.get(topic, np.zeros(len(self._topics), dtype=np.int64)) for topic in self._column],
                dtype=np.int64,
            ).reshape(len(self._topics), len(self._topics)),
        )

    def with_thresholds(self, model: LearnedEntries) -> LearnedScorer:
        """The same models with the thresholds of `model`; shares the tables. Only where there is a second look, which
        knows every topic."""
        other = copy(self)
        other.__dict__.pop("limits", None)
        topics = {topic.id: topic for topic in model.topics}
        other._topics = [topics[topic.id] for topic in self._topics]
        other._least = [topic.least_score for topic in other._topics]
        return other

    def looked_at_twice(self, several: Sequence[Seen]) -> list[Scores]:
        """The second look at turns in a row of many calls; where the models have none, the first one's scores."""
        if self._around is None:
            return [seen.scores for seen in several]
        return self._around.scores_of_many(several)

    def with_fixed(self, fixed: frozenset[str]) -> LearnedScorer:
        """The same models for a lexicon that gives the polarity of other entries; shares the tables."""
        other = copy(self)
        other._fixed = fixed
        other._judge = None if self._judge is None else self._judge.with_fixed(fixed)
        return other

    @property
    def reach(self) -> int:
        """How many turns on either side bear on a turn's result, beside the one before."""
        return 0 if self._around is None else self._around.reach

    def alone(self, conversation: Conversation, turns: Mapping[int, Squeezed], i: int) -> Scores:
        """The first look at a turn, but for what the turn before was about; `turns` holds it and the one before."""
        seen = self._table.turn_rows(turns[i])
        if i:
            seen += self._table.before_rows(turns[i - 1])
        return self._table.total(seen + self._table.context_rows(context(conversation, i, len(turns[i].text), ())))

    @cached_property
    def following(self) -> Mapping[str, Scores]:
        """What a turn's scores gain by the topic of the turn before."""
        return self._table.following()

    def leads(self, scores: Scores) -> set[str]:
        """Topics that a turn with these scores hands on to the next."""
        return {t.id for t, lead, s in zip(self._topics, self._leads, scores, strict=True) if _at(s, lead)}

    def second_look(
        self,
        conversation: Conversation,
        turns: Sequence[Squeezed],
        scores: Scores,
        written: Sequence[Sequence[Mention]],
        first: int,
    ) -> Scores:
        """Of turns in a row, of which the outer ones, as far as `reach`, lack what stands around them."""
        if self._around is None:
            return scores
        some = conversation.turns[first : first + len(turns)]
        lengths = [len(turn.text) for turn in turns]
        return self._around.scores(Seen.of(some, lengths, scores, self._flags(written, first)))

    def _flags(self, written: Sequence[Sequence[Mention]], first: int) -> Scores:
        """Which topics written entries found, turns by columns."""
        found = np.zeros((len(written), len(self._topics)), dtype=bool)
        for mention in (m for turn in written for m in turn):
            if (column := self._column.get(mention.topic)) is not None:
                found[mention.turn - first, column] = True
        return found

    def _first_look(
        self, conversation: Conversation, turns: Sequence[Squeezed], written: Sequence[Sequence[Mention]]
    ) -> Scores:
        """Each turn by itself and the one before, in order, since what the turn before was about is a feature."""
        rows: list[Scores] = []
        before: set[str] = set()
        for i, turn in enumerate(turns):
            seen = self._table.turn_rows(turn)
            if i:
                seen += self._table.before_rows(turns[i - 1])
            facts = context(conversation, i, len(turn.text), sorted(before))
            rows.append(self._table.total(seen + self._table.context_rows(facts)))
            before = {m.topic for m in written[i]}
            if turn.text:
                before |= self.leads(rows[-1])
        return np.stack(rows)

    def _stands(self, mention: Mention, scores: Scores, least: int) -> bool:
        """A written mention falls only where its entry was there in training and the second look speaks against it."""
        return not self.doubts(mention) or bool(scores[self._column[mention.topic]] >= least)

    def _added(
        self,
        conversation: Conversation,
        text: NormalText,
        i: int,
        turn: Squeezed,
        scores: Scores,
        known: set[str],
    ) -> list[Mention]:
        likely = [
            (topic, int(score), weights)
            for topic, least, score, weights in zip(self._topics, self._least, scores, self._weights, strict=True)
            if _at(score, least) and topic.id not in known
        ]
        if conversation.turns[i].suspect:  # words that may be invented teach nothing
            return []
        if not likely or not turn.text or ANNOUNCEMENT.search(text.text, text.starts[i], text.ends[i]):
            return []
        made = []
        for topic, score, weights in likely:
            evidence = find_evidence(text, i, turn, weights)
            made.append(learned_mention(conversation, text, i, topic, score, evidence))
        return made


def _thresholds(values: Sequence[int | None]) -> Scores:
    return np.array([NEVER if value is None else value for value in values], dtype=np.int64)


def _at(score: Any, least: int | None) -> bool:
    return least is not None and bool(score >= least)


def learned_scorer(lexicon: Lexicon) -> LearnedScorer | None:
    """None for a lexicon without learned entries."""
    return LearnedScorer(lexicon.learned, fixed_entries(lexicon)) if lexicon.learned else None


def fixed_entries(lexicon: Lexicon) -> frozenset[str]:
    """Entries whose polarity the author has given."""
    return frozenset(e.id for topic in lexicon.topics for e in topic.entries if e.polarity is not None)


class Table:
    """Weights of several models side by side: a row a feature, a column a model. Whole numbers: no order matters."""

    def __init__(self, models: Sequence[Weights]) -> None:
        self._rows: list[dict[int, int]] = []
        self._text = self._index([m.text for m in models], str)
        self._sounds = self._index([m.sounds for m in models], unspelled)
        self._before = self._index([m.before for m in models], str)
        self._context = self._index([m.context for m in models], str)
        self._bias = np.array([m.bias for m in models], dtype=np.int64)
        self._weights = np.zeros((len(self._rows), len(models)), dtype=np.int32)
        for row, columns in enumerate(self._rows):
            for column, weight in columns.items():
                self._weights[row, column] = weight

    def turn_rows(self, turn: Squeezed) -> list[int]:
        """Of what the turn says."""
        return _rows(self._text, turn.text, TEXT_LENGTHS) + _rows(self._sounds, turn.sounds, SOUND_LENGTHS)

    def before_rows(self, turn: Squeezed) -> list[int]:
        """Of what the turn before said."""
        return _rows(self._before, turn.text, BEFORE_LENGTHS)

    def context_rows(self, facts: Iterable[str]) -> list[int]:
        return [row for fact in facts if (row := self._context.get(fact)) is not None]

    def following(self) -> dict[str, Scores]:
        """Rows of "the turn before was about this topic", by topic."""
        begin = after("")
        return {
            fact.removeprefix(begin): self._weights[row].astype(np.int64)
            for fact, row in self._context.items()
            if fact.startswith(begin)
        }

    def total(self, rows: list[int]) -> Scores:
        return np.asarray(self._weights[rows].sum(axis=0, dtype=np.int64) + self._bias)

    def _index(self, models: Sequence[Mapping[str, int]], spelling: Any) -> Index:
        index: dict[str, int] = {}
        for column, weights in enumerate(models):
            for name, weight in weights.items():
                row = index.setdefault(spelling(name), len(self._rows))
                if row == len(self._rows):
                    self._rows.append({})
                self._rows[row][column] = weight
        return index


def spoken(weights: Weights) -> Mapping[str, int]:
    """What the turn's own characters and syllables weigh; syllables by their codes, which no text holds."""
    return {**weights.text, **{unspelled(name): weight for name, weight in weights.sounds.items()}}


def _rows(index: Index, text: str, lengths: Iterable[int]) -> list[int]:
    get = index.get
    found = {get(text[i : i + n]) for n in lengths for i in range(len(text) - n + 1)}
    found.discard(None)
    return list(found)  # type: ignore[arg-type]
