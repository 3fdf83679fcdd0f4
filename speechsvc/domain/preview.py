"""What a draft would change: mentions gained and lost, scores, cells of the heatmap. Sums of any number of calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from speechsvc.domain.conversation import Conversation, Speaker
from speechsvc.domain.facts import TopicFact, topic_facts
from speechsvc.domain.mention import Mention

MOST_FOLLOWUPS = 200  # follow-ups that are named; all are counted
MOST_CELLS = 20_000  # cells of the heatmap that are told apart; changes beyond them are only counted


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionChanges:
    """Place by place: at most one mention a topic and turn."""

    gained: tuple[Mention, ...] = ()
    lost: tuple[Mention, ...] = ()
    turned: tuple[tuple[Mention, Mention], ...] = ()  # before and after, of another polarity
    moved: tuple[tuple[Mention, Mention], ...] = ()  # the same polarity, by another entry or other words

    def __bool__(self) -> bool:
        return bool(self.gained or self.lost or self.turned or self.moved)

    @property
    def counting(self) -> bool:
        """Whether anything that scores and heatmaps look at changed."""
        return bool(self.gained or self.lost or self.turned)

    def by(self, speaker: Speaker) -> bool:
        """Whether anything that counts changed in what this speaker says."""
        single = (*self.gained, *self.lost, *(before for before, _ in self.turned))
        return any(mention.speaker is speaker for mention in single)


def changes(before: Sequence[Mention], after: Sequence[Mention]) -> MentionChanges:
    """Both in full, of one call."""
    was = {(m.turn, m.topic): m for m in before}
    becomes = {(m.turn, m.topic): m for m in after}
    both = [(was[k], becomes[k]) for k in was if k in becomes and was[k].finding != becomes[k].finding]
    return MentionChanges(
        gained=tuple(m for k, m in becomes.items() if k not in was),
        lost=tuple(m for k, m in was.items() if k not in becomes),
        turned=tuple((a, b) for a, b in both if a.polarity is not b.polarity),
        moved=tuple((a, b) for a, b in both if a.polarity is b.polarity),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreChange:
    """A call's score before and after, and whether each counts (60 and more, unless the rubric says otherwise)."""

    before: int
    after: int
    counted: bool
    counts: bool

    @property
    def crosses(self) -> str | None:
        if self.counted == self.counts:
            return None
        return "up" if self.counts else "down"

    @classmethod
    def between(cls, before: tuple[int, bool], after: tuple[int, bool]) -> ScoreChange:
        """From two totals, each with whether it counts."""
        return cls(before=before[0], after=after[0], counted=before[1], counts=after[1])


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowupChange:
    """An open follow-up whose score would change."""

    followup_id: str  # external
    salesperson_id: str | None
    score: ScoreChange


@dataclass(kw_only=True, slots=True)
class PreviewTally:
    """Counts so far. Plain JSON in `to_dict`, so that another process can go on from there."""

    seen: int = 0  # calls in the range that were dealt with
    looked_at: int = 0  # of these, whose words were read
    changed: int = 0  # of these, with any change
    gained: int = 0
    lost: int = 0
    turned: int = 0
    moved: int = 0
    scores_changed: int = 0
    crossed_up: int = 0  # calls whose score would reach the line from which it counts
    crossed_down: int = 0
    followups_changed: int = 0  # open follow-ups; the same three figures
    followups_up: int = 0
    followups_down: int = 0
    followups: list[dict[str, Any]] = field(default_factory=list)  # those that cross; MOST_FOLLOWUPS at most
    cells_left_out: int = 0
    entries: dict[str, list[int]] = field(default_factory=dict)  # entry -> [gained, lost]
    topics: dict[str, list[int]] = field(default_factory=dict)  # topic -> [gained, lost, turned]
    rows: dict[str, list[Any]] = field(default_factory=dict)  # row key -> [label, effective calls]
    cells: dict[str, dict[str, list[float]]] = field(default_factory=dict)  # row -> topic -> see `CELL`

    def count_row(self, key: str, label: str, calls: int) -> None:
        row = self.rows.setdefault(key, [label, 0])
        row[1] += calls

    def add(self, found: MentionChanges) -> None:
        self.changed += 1
        self.gained += len(found.gained)
        self.lost += len(found.lost)
        self.turned += len(found.turned)
        self.moved += len(found.moved)
        replaced = (*found.turned, *found.moved)
        for at, mentions in enumerate(
            ((*found.gained, *(b for _, b in replaced)), (*found.lost, *(a for a, _ in replaced)))
        ):
            for mention in mentions:
                self.entries.setdefault(mention.entry, [0, 0])[at] += 1
        for at, mentions in enumerate((found.gained, found.lost, tuple(b for _, b in found.turned))):
            for mention in mentions:
                self.topics.setdefault(mention.topic, [0, 0, 0])[at] += 1

    def add_score(self, found: ScoreChange) -> None:
        self.scores_changed += found.before != found.after
        self.crossed_up += found.crosses == "up"
        self.crossed_down += found.crosses == "down"

    def add_followup(self, found: FollowupChange) -> None:
        crosses = found.score.crosses
        self.followups_changed += 1
        self.followups_up += crosses == "up"
        self.followups_down += crosses == "down"
        if crosses is not None and len(self.followups) < MOST_FOLLOWUPS:
            named = {"followup_id": found.followup_id, "salesperson_id": found.salesperson_id}
            self.followups.append(
                named | {"before": found.score.before, "after": found.score.after, "crosses": crosses}
            )

    def add_cells(self, row: str, before: Mapping[str, TopicFact], after: Mapping[str, TopicFact]) -> None:
        """Facts of one speaker by topic."""
        for topic in sorted(before.keys() | after.keys()):
            was, becomes = before.get(topic), after.get(topic)
            if was == becomes:
                continue
            cell = self._cell(row, topic)
            cell[0] += becomes is not None and was is None
            cell[1] += was is not None and becomes is None
            cell[2] += (becomes.mentions if becomes else 0) - (was.mentions if was else 0)
            cell[3] += (becomes.seconds if becomes else 0.0) - (was.seconds if was else 0.0)

    def merge(self, other: PreviewTally) -> None:
        """Adds what another one counted of other calls; its rows are not looked at."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.followups += other.followups[: MOST_FOLLOWUPS - len(self.followups)]
        for mine, more in ((self.entries, other.entries), (self.topics, other.topics)):
            for key, counts in more.items():
                mine[key] = [a + b for a, b in zip(mine.get(key, [0] * len(counts)), counts, strict=True)]
        for row, topics in other.cells.items():
            for topic, cell in topics.items():
                own = self._cell(row, topic)
                own[:] = [a + b for a, b in zip(own, cell, strict=True)]

    def _cell(self, row: str, topic: str) -> list[float]:
        topics = self.cells.get(row)
        if topics is None and len(self.cells) >= MOST_CELLS // 10:
            self.cells_left_out += 1
            return [0, 0, 0, 0.0]
        return self.cells.setdefault(row, {}).setdefault(topic, [0, 0, 0, 0.0])

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PreviewTally:
        return cls(**{k: v for k, v in data.items() if k in cls.__slots__})


_SUMS = (
    "seen", "looked_at", "changed", "gained", "lost", "turned", "moved", "scores_changed", "crossed_up", "crossed_down",
    "cells_left_out", "followups_changed", "followups_up", "followups_down",
)  # fmt: skip


def facts_of(
    conversation: Conversation, mentions: Sequence[Mention], speaker: Speaker = Speaker.CUSTOMER
) -> dict[str, TopicFact]:
    """What the heatmap counts of this speaker, by topic."""
    return {f.topic: f for f in topic_facts(conversation, mentions) if f.speaker == speaker.value}


def moved_cells(tally: PreviewTally, limit: int) -> tuple[list[dict[str, Any]], int]:
    """The cells that move most, and how many move at all. `share_change` is of the row's effective calls."""
    found = [
        {
            "row_key": key,
            "row_label": tally.rows.get(key, [key, 0])[0],
            "topic": topic,
            "calls_gained": int(cell[0]),
            "calls_lost": int(cell[1]),
            "share_change": round((cell[0] - cell[1]) / max(1, tally.rows.get(key, [key, 0])[1]), 4),
            "mentions_change": int(cell[2]),
            "seconds_change": round(cell[3], 1),
        }
        for key, topics in tally.cells.items()
        for topic, cell in topics.items()
    ]
    found.sort(key=lambda c: (-abs(c["calls_gained"] - c["calls_lost"]), -abs(c["mentions_change"]), c["row_key"]))
    return found[:limit], len(found)
