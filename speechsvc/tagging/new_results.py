"""From the old lexicon's mentions in a call to the new one's, turn by turn, starting where changed entries match."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.lexicon import Lexicon
from speechsvc.domain.mention import Mention
from speechsvc.tagging.learned.nearby import Alone, Nearby, Squeezes
from speechsvc.tagging.learned.scorer import LearnedScorer
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
        """Written entries of the topics that may differ, and of those whose matches in a turn they ask about."""
        old, new = (_with_neighbours(lexicon.written, self._topics) for lexicon in self._lexicons)
        return LexiconTagger(old, homophones=self._homophones), LexiconTagger(new, homophones=self._homophones)

    @cached_property
    def learned(self) -> tuple[LearnedScorer, LearnedScorer] | None:
        old, new = (tagger.learned for tagger in self.whole) if self._lexicons[1].learned else (None, None)
        return (old, new) if old and new else None


class _Turn(NamedTuple):
    """A turn's written mentions of the topics that may differ, by either lexicon."""

    old: list[Mention]
    new: list[Mention]

    @property
    def topics_differ(self) -> bool:
        return {m.topic for m in self.old} != {m.topic for m in self.new}


class NewResults:
    """One call, or the trusted or suspect part of one."""

    def __init__(self, taggers: Taggers, topics: frozenset[str], conversation: Conversation, text: NormalText) -> None:
        self._topics, self._conversation, self._text = topics, conversation, text
        self._few = [SomeTurns(tagger, conversation, text) for tagger in taggers.few]
        self._taggers, self._learned = taggers, taggers.learned

    @cached_property
    def _whole(self) -> list[SomeTurns]:
        return [SomeTurns(tagger, self._conversation, self._text) for tagger in self._taggers.whole]

    def of(self, touched: Iterable[int], mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """`mentions`: all of the old lexicon; the result: all of the new one."""
        by_turn: defaultdict[int, list[Mention]] = defaultdict(list)
        for mention in mentions:
            by_turn[mention.turn].append(mention)
        written = self._written(touched)
        if written:
            self._replace(written, by_turn)
        return tuple(mention for turn in sorted(by_turn) for mention in by_turn[turn])

    def _written(self, touched: Iterable[int]) -> dict[int, _Turn]:
        """Turns in which written entries find something else."""
        found: dict[int, _Turn] = {}
        ahead = sorted(touched, reverse=True)
        while ahead:
            turn = ahead.pop()
            if turn in found:
                continue
            one = self._turn(turn)
            if [self._decides(m, 0) for m in one.old] != [self._decides(m, 1) for m in one.new]:
                found[turn] = one
                if turn + 1 < len(self._conversation.turns):
                    ahead.append(turn + 1)
        return found

    def _turn(self, turn: int) -> _Turn:
        asked = self._whole if any(few.depends(turn) for few in self._few) else self._few
        old, new = ([m for m in one.at(turn) if m.topic in self._topics] for one in asked)
        return _Turn(old, new)

    def _decides(self, mention: Mention, which: int) -> object:
        """What is found and why, and whether a model may turn its polarity."""
        return mention.finding, mention.reason, self._learned is not None and self._learned[which].fixed(mention)

    def _replace(self, written: dict[int, _Turn], by_turn: dict[int, list[Mention]]) -> None:
        if self._learned is not None and not all(map(self._stays_in_place, written.values())):
            return self._ask_around(written, by_turn)
        for turn, (old, new) in written.items():
            stood = {m.topic for m in by_turn[turn]}
            was = {m.topic: m for m in old}
            kept = [m for m in by_turn[turn] if m.topic not in was]
            again = [self._judged(m) for m in new if self._stands(m, was.get(m.topic), stood)]
            by_turn[turn] = sorted([*kept, *again], key=lambda m: (m.start_char, m.topic))
        return None

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
        for first, final in _runs(around | written.keys()):
            for turn, found in enumerate(new.mentions(first, final), first):
                by_turn[turn] = found


def _runs(turns: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Stretches of neighbouring numbers: first and last."""
    first = last = None
    for turn in sorted(turns):
        if last is not None and turn == last + 1:
            last = turn
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = turn
    if first is not None and last is not None:
        yield first, last


def _with_neighbours(lexicon: Lexicon, topics: frozenset[str]) -> Lexicon:
    """These topics, and those whose matches in the same turn their entries ask about."""
    asked = {
        name
        for topic in lexicon.topics
        if topic.id in topics
        for entry in topic.entries
        for name in (*entry.conditions.before, *entry.conditions.after)
    }
    return replace(lexicon, topics=tuple(t for t in lexicon.topics if t.id in topics or t.id in asked))
