"""How well a tagger finds what people labelled: precision, recall, F1 by topic, over all, and for negated mentions.

A found mention is right when the same turn carries the same topic label; for `negated` the polarity must agree too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.mention import Mention
from speechsvc.errors import SpeechsvcError


class LabelledCallsInvalid(SpeechsvcError):
    """The labelled calls cannot be read: {problem}"""

    code, status = "labelled_calls_invalid", 422
    zh = "标注样本无法读取：{problem}"
    advice, advice_zh = "tests/gold/README.md and docs/workbench.md have the form.", "格式见 docs/workbench.md。"


Label = tuple[int, str]  # turn index, topic id


class Tagger(Protocol):
    """Anything that finds mentions."""

    def tag(self, conversation: Conversation) -> tuple[Mention, ...]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledCall:
    """One call with what a person found in it."""

    conversation: Conversation
    labels: Mapping[Label, str]  # (turn, topic) -> "affirmed" or "negated"
    evidence: Mapping[Label, str]
    contact: str | None = None
    customer_next_step: bool | None = None
    judged: frozenset[Label] | None = None  # places that a person looked at, where it was not the whole call
    aside: bool = False  # of another kind than what is tagged: trained on, never measured


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Counts and what follows from them; a figure without its denominator is None."""

    right: int  # found and labelled
    wrong: int  # found, not labelled
    missed: int  # labelled, not found

    @property
    def precision(self) -> float | None:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def recall(self) -> float | None:
        return self.right / (self.right + self.missed) if self.right + self.missed else None

    @property
    def f1(self) -> float | None:
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """One place where tagger and person differ."""

    call_id: str
    turn: int
    topic: str
    kind: str  # "missed", "wrong" or "polarity"
    text: str  # the turn
    evidence: str  # the person's, or the tagger's where the person has none
    entry: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Figures over a labelled set."""

    calls: int
    turns: int
    micro: Figures
    macro_f1: float | None  # mean over topics that occur in labels
    by_topic: Mapping[str, Figures]
    by_speaker: Mapping[str, Figures]
    by_entry: Mapping[str, tuple[int, int]]  # entry id -> (right, wrong)
    negated: Figures
    heat: Figures  # (call, topic) that the customer affirmed
    free_turns: int  # turns in calls without any label
    free_turns_hit: int  # of these, turns in which something was found
    disagreements: tuple[Disagreement, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON: figures rounded to four digits, no sentences."""
        return {
            "calls": self.calls,
            "turns": self.turns,
            "micro": _figures(self.micro),
            "macro_f1": _rounded(self.macro_f1),
            "negated": _figures(self.negated),
            "heat": _figures(self.heat),
            "free_turns": self.free_turns,
            "free_turns_hit": self.free_turns_hit,
            "by_topic": {topic: _figures(value) for topic, value in self.by_topic.items()},
            "by_speaker": {speaker: _figures(value) for speaker, value in self.by_speaker.items()},
            "by_entry": {entry: {"right": r, "wrong": w} for entry, (r, w) in self.by_entry.items()},
        }


def evaluate(tagger: Tagger, calls: Iterable[LabelledCall]) -> Report:
    """Tags every call and compares."""
    tally = _Tally()
    for call in calls:
        tally.add(call, tagger.tag(call.conversation))
    return tally.report()


def read_labelled_calls(path: Path) -> list[LabelledCall]:
    """JSON Lines as in the gold set: turns with `topics` of `id`, `polarity`, `evidence`. ValueError names the line."""
    calls = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    calls.append(labelled_call(json.loads(line)))
                except (KeyError, TypeError, ValueError) as error:
                    raise ValueError(f"{path.name} line {number}: {error!r}") from error
    return calls


def labelled_call(record: Mapping[str, Any]) -> LabelledCall:
    """One line of the gold set as a value."""
    turns, labels, evidence = [], {}, {}
    for index, turn in enumerate(record["turns"]):
        turns.append(
            Turn(
                speaker=Speaker(turn["speaker"]),
                start=float(turn.get("start", 0.0)),
                end=float(turn.get("end", 0.0)),
                text=turn["text"],
                suspect=tuple(turn.get("suspect", ())),
            )
        )
        for label in turn.get("topics", ()):
            labels[index, label["id"]] = label["polarity"]
            evidence[index, label["id"]] = label.get("evidence", "")
    return LabelledCall(
        conversation=Conversation(call_id=record["call_id"], turns=tuple(turns)),
        labels=labels,
        evidence=evidence,
        contact=record.get("contact"),
        customer_next_step=record.get("customer_next_step"),
        judged=frozenset((turn, topic) for turn, topic in record["judged"]) if "judged" in record else None,
        aside=bool(record.get("aside", False)),
    )


class _Tally:
    """Counts while calls go by: one Counter of right, wrong, missed per view."""

    def __init__(self) -> None:
        self.calls = self.turns = self.free_turns = self.free_turns_hit = 0
        self.counts: Counter[tuple[str, str, str]] = Counter()  # (view, key, outcome)
        self.disagreements: list[Disagreement] = []

    def add(self, call: LabelledCall, mentions: tuple[Mention, ...]) -> None:
        found = {
            (mention.turn, mention.topic): mention
            for mention in mentions
            if not mention.suspect and (call.judged is None or (mention.turn, mention.topic) in call.judged)
        }
        self.calls += 1
        self.turns += len(call.conversation.turns)
        if not call.labels and call.judged is None:
            self.free_turns += len(call.conversation.turns)
            self.free_turns_hit += len({turn for turn, _ in found})
        for key in sorted(found.keys() | call.labels.keys()):
            self._place(call, key, found.get(key))
        self._negated(call, found)
        self._heat(call, found)

    def _place(self, call: LabelledCall, key: Label, mention: Mention | None) -> None:
        labelled = call.labels.get(key)
        outcome = "missed" if mention is None else "right" if labelled else "wrong"
        speaker = call.conversation.turns[key[0]].speaker.value
        for view, name in (("all", ""), ("topic", key[1]), ("speaker", speaker)):
            self.counts[view, name, outcome] += 1
        if mention is not None:
            self.counts["entry", mention.entry, outcome] += 1
        if outcome != "right":
            self._disagree(call, key, outcome, mention)
        elif mention is not None and mention.polarity.value != labelled:
            self._disagree(call, key, "polarity", mention)

    def _disagree(self, call: LabelledCall, key: Label, kind: str, mention: Mention | None) -> None:
        self.disagreements.append(
            Disagreement(
                call_id=call.conversation.call_id,
                turn=key[0],
                topic=key[1],
                kind=kind,
                text=call.conversation.turns[key[0]].text,
                evidence=call.evidence.get(key) or (mention.text if mention else ""),
                entry=mention.entry if mention else None,
            )
        )

    def _negated(self, call: LabelledCall, found: Mapping[Label, Mention]) -> None:
        said = {key for key, polarity in call.labels.items() if polarity == "negated"}
        heard = {key for key, mention in found.items() if mention.polarity.value == "negated"}
        self._sets("negated", said, heard)

    def _heat(self, call: LabelledCall, found: Mapping[Label, Mention]) -> None:
        customer = {i for i, turn in enumerate(call.conversation.turns) if turn.speaker is Speaker.CUSTOMER}
        said = {topic for (turn, topic), polarity in call.labels.items() if turn in customer and polarity == "affirmed"}
        heard = {topic for (turn, topic), m in found.items() if turn in customer and m.counts}
        self._sets("heat", said, heard)

    def _sets(self, view: str, said: set[Any], heard: set[Any]) -> None:
        self.counts[view, "", "right"] += len(said & heard)
        self.counts[view, "", "wrong"] += len(heard - said)
        self.counts[view, "", "missed"] += len(said - heard)

    def report(self) -> Report:
        by_topic = self._view("topic")
        occurring = [f.f1 or 0.0 for f in by_topic.values() if f.right + f.missed]
        return Report(
            calls=self.calls,
            turns=self.turns,
            micro=self._figures("all", ""),
            macro_f1=sum(occurring) / len(occurring) if occurring else None,
            by_topic=by_topic,
            by_speaker=self._view("speaker"),
            by_entry={entry: (f.right, f.wrong) for entry, f in self._view("entry").items()},
            negated=self._figures("negated", ""),
            heat=self._figures("heat", ""),
            free_turns=self.free_turns,
            free_turns_hit=self.free_turns_hit,
            disagreements=tuple(self.disagreements),
        )

    def _view(self, view: str) -> dict[str, Figures]:
        return {name: self._figures(view, name) for name in sorted({n for v, n, _ in self.counts if v == view})}

    def _figures(self, view: str, name: str) -> Figures:
        right, wrong, missed = (self.counts[view, name, outcome] for outcome in ("right", "wrong", "missed"))
        return Figures(right=right, wrong=wrong, missed=missed)


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "right": figures.right,
        "wrong": figures.wrong,
        "missed": figures.missed,
        "precision": _rounded(figures.precision),
        "recall": _rounded(figures.recall),
        "f1": _rounded(figures.f1),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
