"""From the old lexicon's mentions in a call to the new one's, turn by turn, starting where changed entries match.

With the trace that the old lexicon's analysis left, learned entries are asked in numbers, many calls at once: `steps`
hands out what the second look must judge and goes on when it is told. Without one, the turns around are looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.lexicon import Lexicon, Topic
from speechsvc.domain.mention import MatchKind, Mention
from speechsvc.tagging.closure import closure
from speechsvc.tagging.learned.nearby import Alone, Nearby, Squeezes
from speechsvc.tagging.learned.negation import unjudged
from speechsvc.tagging.learned.ripple import differing, follow, runs, stretches
from speechsvc.tagging.learned.scorer import LearnedScorer, fixed_entries, learned_scorer
from speechsvc.tagging.learned.surroundings import Seen
from speechsvc.tagging.learned.trace import Array, Trace
from speechsvc.tagging.some_turns import SomeTurns
from speechsvc.tagging.tagger import LexiconTagger
from speechsvc.tagging.text import NormalText


class Taggers:
    """Of the old and the new lexicon, compiled when first needed; they have the same learned models."""

    def __init__(self, old: Lexicon, new: Lexicon, topics: frozenset[str], *, homophones: bool) -> None:
        self._lexicons, self._topics, self._homophones = (old, new), topics, homophones

    @cached_property
    def whole(self) -> tuple[LexiconTagger, LexiconTagger]:
        old, new = self._lexicons
        return LexiconTagger(old, homophones=self._homophones), LexiconTagger(new, homophones=self._homophones)

    @cached_property
    def few(self) -> tuple[LexiconTagger, LexiconTagger]:
        """Written entries of the topics that may differ, and of all topics that decide what these find."""
        topics = _deciding(self._topics, *self._lexicons)
        old, new = (replace(x.written, topics=_of(x, topics)) for x in self._lexicons)
        return LexiconTagger(old, homophones=self._homophones), LexiconTagger(new, homophones=self._homophones)

    @cached_property
    def learned(self) -> tuple[LearnedScorer, LearnedScorer] | None:
        old, new = self._lexicons
        scorer = learned_scorer(old)
        return None if scorer is None else (scorer, scorer.with_fixed(fixed_entries(new)))

    @cached_property
    def steering(self) -> tuple[LearnedScorer, LearnedScorer]:
        """For lexicons whose models differ in their thresholds alone."""
        old, new = self.learned, self._lexicons[1].learned
        assert old is not None
        assert new is not None
        return old[1], old[1].with_thresholds(new)


class _Turn(NamedTuple):
    """A turn's written mentions of the topics that may differ, by either lexicon."""

    old: list[Mention]
    new: list[Mention]

    @property
    def topics_differ(self) -> bool:
        return {m.topic for m in self.old} != {m.topic for m in self.new}


Steps = Generator[list[Seen], list[Array], tuple[tuple[Mention, ...], Trace | None]]


class NewResults:
    """One call, or the trusted or suspect part of one."""

    def __init__(
        self,
        taggers: Taggers,
        topics: frozenset[str],
        conversation: Conversation,
        text: NormalText,
        trace: Trace | None = None,
    ) -> None:
        """`trace`: what the old lexicon's analysis left of these turns."""
        self._topics, self._conversation, self._text = topics, conversation, text
        self._few = [SomeTurns(tagger, conversation, text, at_once=1) for tagger in taggers.few]
        self._taggers, self._learned = taggers, taggers.learned
        self._trace = trace

    @cached_property
    def _whole(self) -> list[SomeTurns]:
        return [SomeTurns(tagger, self._conversation, self._text) for tagger in self._taggers.whole]

    def steps(self, touched: Iterable[int], mentions: Sequence[Mention]) -> Steps:
        """`mentions`: all of the old lexicon; the result: all of the new one, and the trace that goes with them."""
        by_turn: defaultdict[int, list[Mention]] = defaultdict(list)
        for mention in mentions:
            by_turn[mention.turn].append(mention)
        written = self._written(touched, by_turn)
        if not written:
            return tuple(mentions), self._trace
        if self._learned is None or all(map(self._stays_in_place, written.values())):
            self._replace(written, by_turn)
        elif self._trace is None:
            self._ask_around(written, by_turn)
        else:
            self._trace = yield from self._from_trace(self._trace, written, by_turn)
        return tuple(mention for turn in sorted(by_turn) for mention in by_turn[turn]), self._trace

    def _written(self, touched: Iterable[int], by_turn: Mapping[int, list[Mention]]) -> dict[int, _Turn]:
        """Turns in which written entries find something else."""
        found: dict[int, _Turn] = {}
        ahead = sorted(touched, reverse=True)
        while ahead:
            turn = ahead.pop()
            if turn in found:
                continue
            one = self._turn(turn, found, by_turn)
            if [self._decides(m, 0) for m in one.old] != [self._decides(m, 1) for m in one.new]:
                found[turn] = one
                if turn + 1 < len(self._conversation.turns):
                    ahead.append(turn + 1)
        return found

    def _turn(self, turn: int, found: Mapping[int, _Turn], by_turn: Mapping[int, list[Mention]]) -> _Turn:
        old, new = self._few
        was = self._stored(turn, by_turn)
        before = self._stored(turn - 1, by_turn)
        if before is None:
            now = new.at(turn)
        else:
            if turn - 1 in found:
                before = [m for m in before if m.topic not in self._topics] + found[turn - 1].new
            now = new.behind(turn, before)
        was = old.at(turn) if was is None else was
        return _Turn(*([m for m in some if m.topic in self._topics] for some in (was, now)))

    def _stored(self, turn: int, by_turn: Mapping[int, list[Mention]]) -> list[Mention] | None:
        """The old lexicon's written mentions of the turn; none where that cannot be told from what is stored."""
        if turn < 0:
            return []
        if self._trace is None or self._learned is None:
            return None
        found = [unjudged(m) for m in by_turn.get(turn, ()) if m.match is not MatchKind.LEARNED]
        stood, columns = {m.topic for m in found}, self._learned[0].columns
        if any(topic not in stood for topic, column in columns.items() if self._trace.written[turn, column]):
            return None  # one fell
        return found

    def _decides(self, mention: Mention, which: int) -> object:
        """What is found and why, and whether a model may turn its polarity."""
        return mention.finding, mention.reason, self._learned is not None and self._learned[which].fixed(mention)

    def _replace(self, written: dict[int, _Turn], by_turn: dict[int, list[Mention]]) -> None:
        for turn, (old, new) in written.items():
            stood = {m.topic for m in by_turn[turn]}
            was = {m.topic: m for m in old}
            kept = [m for m in by_turn[turn] if m.topic not in was]
            again = [self._judged(m) for m in new if self._stands(m, was.get(m.topic), stood)]
            by_turn[turn] = sorted([*kept, *again], key=_in_order)

    def _judged(self, mention: Mention) -> Mention:
        return self._learned[1].judged(self._conversation, mention) if self._learned else mention

    def _stays_in_place(self, turn: _Turn) -> bool:
        """Whether no learned entry can tell the difference, and no score is needed to know which mentions stand."""
        assert self._learned is not None
        was = {m.topic: m for m in turn.old}
        return not turn.topics_differ and all(
            self._learned[0].doubts(was[m.topic]) or not self._learned[1].doubts(m) for m in turn.new
        )

    def _stands(self, mention: Mention, was: Mention | None, stood: set[str]) -> bool:
        """Doubted entries of a topic stand or fall together: by the topic's score."""
        if self._learned is None or was is None or not self._learned[1].doubts(mention):
            return True
        return was.topic in stood

    def _from_trace(
        self, old: Trace, written: dict[int, _Turn], by_turn: dict[int, list[Mention]]
    ) -> Generator[list[Seen], list[Array], Trace]:
        """Turns whose scores differ where it matters, and those in which written entries find something else."""
        assert self._learned is not None
        scorer = self._learned[1]
        new, moved = follow(scorer, old, {turn: self._flags(old, turn, one) for turn, one in written.items()})
        some = runs(scorer, self._conversation.turns, old, new, moved, written)
        looks = yield [seen for run in some for seen in (run.old, run.new)]
        turns = Squeezes(self._text)
        for run, was, now in zip(some, looks[::2], looks[1::2], strict=True):
            again = differing(scorer, run, was, now, len(self._conversation.turns)) | {
                t for t in written if run.first <= t <= run.last
            }
            for turn in again:
                scores = now[turn - run.begin]
                found = self._written_at(turn, written, by_turn, new.written[turn], scores)
                fallen = {topic for topic, column in scorer.columns.items() if new.written[turn, column]}
                same = scores == was[turn - run.begin]
                ready = self._ready(by_turn[turn], written.get(turn), {m.topic: m for m in found}, same)
                by_turn[turn] = scorer.turn(
                    self._conversation, self._text, turn, turns[turn], scores, found, fallen, ready
                )
        return new

    def _flags(self, old: Trace, turn: int, one: _Turn) -> Array:
        """What written entries of the new lexicon find in the turn."""
        assert self._learned is not None
        flags: Array = old.written[turn].copy()
        columns = self._learned[1].columns
        for value, some in ((False, one.old), (True, one.new)):
            flags[[columns[m.topic] for m in some if m.topic in columns]] = value
        return flags

    def _ready(
        self, stored: Sequence[Mention], one: _Turn | None, found: Mapping[str, Mention], same: Array
    ) -> dict[str, Mention]:
        """Results of the old lexicon that are the new one's too, judged as they are; `same`: by column, whether the
        second look's scores are."""
        assert self._learned is not None
        columns = self._learned[1].columns
        before = {m.topic: m for m in one.old} if one else {}
        ready: dict[str, Mention] = {}
        for m in stored:
            new = found.get(m.topic)
            if m.match is MatchKind.LEARNED:
                stays = new is None and bool(same[columns[m.topic]])
            elif one is None or m.topic not in self._topics:
                stays = new is not None
            else:
                was = before.get(m.topic)
                stays = new is not None and was is not None and self._decides(was, 0) == self._decides(new, 1)
            if stays:
                ready[m.topic] = m
        return ready

    def _written_at(
        self, turn: int, written: dict[int, _Turn], by_turn: dict[int, list[Mention]], flags: Array, scores: Array
    ) -> list[Mention]:
        """The new lexicon's written mentions of the turn that may stand."""
        assert self._learned is not None
        scorer = self._learned[1]
        replaced = self._topics if turn in written else frozenset()
        found = [m for m in by_turn[turn] if m.match is not MatchKind.LEARNED and m.topic not in replaced]
        if turn in written:
            found += written[turn].new
        there = {m.topic for m in found}
        stand = flags & (scores >= scorer.doubt_in(len(self._conversation.turns)))
        if any(stand[column] and topic not in there for topic, column in scorer.columns.items()):
            found += [m for m in self._whole[1].at(turn) if m.topic not in there]  # it had fallen and stands again
        return sorted(found, key=_in_order)

    def _ask_around(self, written: dict[int, _Turn], by_turn: dict[int, list[Mention]]) -> None:
        """Learned entries of the turns around, as far as other topics in a turn bear on them."""
        assert self._learned is not None
        turns = Squeezes(self._text)
        alone = Alone(self._learned[1], self._conversation, turns)
        old, new = (
            Nearby(scorer, self._conversation, self._text, turns, alone, some.at)
            for scorer, some in zip(self._learned, self._whole, strict=True)
        )
        last = len(self._conversation.turns) - 1
        moved = {turn for turn, one in written.items() if one.topics_differ}
        for turn in sorted(moved):
            while turn < last and old.handed_on(turn) != new.handed_on(turn):
                turn += 1
                moved.add(turn)
        reach = self._learned[1].reach
        around = {t for turn in moved for t in range(max(0, turn - reach), min(last, turn + reach) + 1)}
        for first, final in stretches(around | written.keys()):
            for turn, found in enumerate(new.mentions(first, final), first):
                by_turn[turn] = found


def _in_order(mention: Mention) -> tuple[int, str]:
    return mention.start_char, mention.topic


def _deciding(topics: frozenset[str], *lexicons: Lexicon) -> frozenset[str]:
    """These topics and those whose mentions, in the same turn or the one before, their entries ask about, and so on."""
    asks: defaultdict[str, set[str]] = defaultdict(set)
    for lexicon in lexicons:
        for topic in lexicon.topics:
            for c in (entry.conditions for entry in topic.entries):
                asks[topic.id].update(c.previous, c.before, c.after)
    return closure(topics, asks)


def _of(lexicon: Lexicon, topics: frozenset[str]) -> tuple[Topic, ...]:
    return tuple(topic for topic in lexicon.topics if topic.id in topics)
