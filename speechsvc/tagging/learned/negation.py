"""Affirmed or negated, learned: from the characters before, in and behind a mention, how the turn before ends and the
next one begins, and what the rules say.

Measured on labelled calls it finds far more of what people set aside than rules alone (docs/lexicon-quality.md), since
they say so in countless ways (放哪儿我不管, 这块你不用给我讲).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.learned import Negation
from speechsvc.domain.mention import Mention, Polarity
from speechsvc.tagging.evaluate import LabelledCall
from speechsvc.tagging.learned.features import grams, squeeze_text
from speechsvc.tagging.learned.solver import solve
from speechsvc.tagging.text import normal_form

Flags = np.ndarray[Any, np.dtype[np.bool_]]
_TURNED = "；学习判断："  # begins what a turned polarity adds to a reason
NEVER_MEASURED = -1  # a fold that is always trained on
_AROUND = 12  # characters on either side
_LENGTHS = (1, 2, 3)
_REGIONS, _BESIDE, _FACT = "nbia", "pq", "f"
_PREVIOUS, _NEXT = 16, 12  # characters: the end of the turn before (要不要导), the beginning of the next (好，那不导)
_SCALE = 1000
_KEPT = 15_000  # features: the heaviest
_FLOOR = 0.75  # of precision: what is wrongly negated is lost to the heatmap
_COST, _EPOCHS, _LEAST_COUNT = 0.02, 6, 3
_LEASTS = range(-600, 101, 25)  # thresholds that are tried


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a topic is spoken of, and what is known of its polarity."""

    turn: int
    start: int  # code points of the turn's text as given
    end: int
    topic: str
    ruled_out: bool  # the written rules say negated
    negated: bool = False  # people say so


class Judge:
    """Applies a model. Read-only."""

    def __init__(self, model: Negation, fixed: frozenset[str]) -> None:
        """`fixed`: entries whose polarity the lexicon's author has fixed."""
        self._model, self._fixed = model, fixed
        names = {
            region: [name[1:] for name in model.weights if name[0] == region] for region in _REGIONS + _BESIDE + _FACT
        }
        self._known = {region: frozenset(found) for region, found in names.items()}

    def with_fixed(self, fixed: frozenset[str]) -> Judge:
        """The same model for other entries."""
        other = copy(self)
        other._fixed = fixed
        return other

    def judged(self, conversation: Conversation, mention: Mention, *, learned: bool) -> Mention:
        """The mention with the polarity that the model gives it, and the words that weighed most."""
        if not learned and (not self._model.written or mention.entry in self._fixed):
            return mention
        mention = unjudged(mention)
        place, weights = place_of(mention), self._model.weights
        seen = [
            region + name
            for region, names in regions(conversation, place).items()
            for name in names & self._known[region]
        ]
        score = self._model.bias + sum(weights[name] for name in seen)
        polarity = Polarity.NEGATED if score >= self._model.least else Polarity.AFFIRMED
        if polarity is mention.polarity:
            return mention
        return replace(mention, polarity=polarity, reason=mention.reason + self._reason(seen, polarity))

    def _reason(self, seen: list[str], polarity: Polarity) -> str:
        if polarity is Polarity.AFFIRMED:
            return f"{_TURNED}这里并非不需要"
        said = [name for name in seen if name[0] in _REGIONS and len(name) > 2 and not set(name) & set("^$")]
        heaviest = max(said, key=lambda name: (self._model.weights[name], name), default="")
        because = f"“{heaviest[1:]}”" if heaviest and self._model.weights[heaviest] > 0 else "整句"
        return f"{_TURNED}{because}表示不需要或不谈"


def unjudged(mention: Mention) -> Mention:
    """As it was before a model turned its polarity."""
    reason, turned, _ = mention.reason.partition(_TURNED)
    if not turned:
        return mention
    affirmed = mention.polarity is Polarity.NEGATED
    return replace(mention, polarity=Polarity.AFFIRMED if affirmed else Polarity.NEGATED, reason=reason)


def place_of(mention: Mention, *, negated: bool = False) -> Place:
    return Place(
        turn=mention.turn,
        start=mention.start_char,
        end=mention.end_char,
        topic=mention.topic,
        ruled_out=mention.polarity is Polarity.NEGATED,
        negated=negated,
    )


def regions(conversation: Conversation, place: Place) -> dict[str, set[str]]:
    """What stands near the mention: anywhere (n), before (b), inside (i), after (a) it; in the turns before (p) and
    behind (q); and facts (f)."""
    turn = conversation.turns[place.turn]
    cut = (turn.text[: place.start], turn.text[place.start : place.end], turn.text[place.end :])
    before, inside, after = (squeeze_text(normal_form(piece)) for piece in cut)
    text = f"^{before}{inside}{after}$"
    start = 1 + len(before)
    end = start + len(inside)
    low, high = max(0, start - _AROUND), min(len(text), end + _AROUND)
    found: dict[str, set[str]] = {region: set() for region in _REGIONS}
    for n in _LENGTHS:
        last = high - n + 1
        found["b"].update([text[i : i + n] for i in range(low, start - n + 1)])
        found["i"].update([text[i : i + n] for i in range(max(low, start - n + 1), min(end, last))])
        found["a"].update([text[i : i + n] for i in range(end, last)])
    found["n"] = found["b"] | found["i"] | found["a"]
    previous, following = _said(conversation, place.turn - 1), _said(conversation, place.turn + 1)
    found["p"] = set(grams(previous[-_PREVIOUS:] + "$", _LENGTHS[1:]))
    found["q"] = set(grams("^" + following[:_NEXT], _LENGTHS))
    found["f"] = {place.topic, turn.speaker.value, f"size{min(4, len(text) // 6)}"} | (
        {"rules"} if place.ruled_out else set()
    )
    return found


def _said(conversation: Conversation, turn: int) -> str:
    """Without marks; nothing where there is no such turn."""
    inside = 0 <= turn < len(conversation.turns)
    return squeeze_text(normal_form(conversation.turns[turn].text)) if inside else ""


def train_negation(
    calls: Sequence[LabelledCall], places: Sequence[Sequence[Place]], folds: Sequence[int], seed: int
) -> tuple[Negation | None, dict[str, float]]:
    """The model, and precision and recall of `negated` on calls not seen, by itself and by the rules.

    `places` of each call: labelled evidence, and what the lexicon found there, with the label's polarity.
    """
    rows = [
        (fold, place, _names(call, place))
        for call, fold, own in zip(calls, folds, places, strict=True)
        for place in own
    ]
    measured = np.array([fold != NEVER_MEASURED for fold, _, _ in rows], dtype=bool)
    truth = np.array([place.negated for _, place, _ in rows], dtype=bool)[measured]
    if truth.sum() < 2 or truth.all():
        return None, {}
    scores = np.zeros(len(rows), dtype=np.int64)
    for fold in sorted({fold for fold, _, _ in rows} - {NEVER_MEASURED}):
        weights = _solve([(p, f) for other, p, f in rows if other != fold], seed)
        for i, (own, _, features) in enumerate(rows):
            if own == fold:
                scores[i] = weights.bias + sum(weights.weights.get(feature, 0) for feature in features)
    scores = scores[measured]
    least = max(_LEASTS, key=lambda value: (_precise(truth, scores >= value), _f1(truth, scores >= value), value))
    model = replace(_solve([(p, f) for _, p, f in rows], seed), least=least)
    ruled = np.array([place.ruled_out for _, place, _ in rows], dtype=bool)[measured]
    return model, _shares(truth, scores >= least, "") | _shares(truth, ruled, "rules_")


def _names(call: LabelledCall, place: Place) -> list[str]:
    found = regions(call.conversation, place)
    return sorted(region + name for region, names in found.items() for name in names)


def _solve(rows: Sequence[tuple[Place, list[str]]], seed: int) -> Negation:
    counts = Counter(feature for _, features in rows for feature in features)
    names = sorted(name for name, count in counts.items() if count >= _LEAST_COUNT)
    index = {name: i for i, name in enumerate(names)}
    seen = [np.array(sorted(index[f] for f in features if f in index), dtype=np.int64) for _, features in rows]
    signs = np.array([[1 if place.negated else -1] for place, _ in rows])
    weights = np.rint(solve(seen, signs, len(names), cost=_COST, epochs=_EPOCHS, seed=seed) * _SCALE).astype(np.int64)
    heavy = np.argsort(-np.abs(weights[:-1, 0]), kind="stable")[:_KEPT]
    kept = {names[i]: int(weights[i, 0]) for i in sorted(heavy) if weights[i, 0]}
    return Negation(bias=int(weights[-1, 0]), weights=kept, least=0)


def _precise(truth: Flags, found: Flags) -> bool:
    return bool(found.any()) and float((truth & found).sum()) >= _FLOOR * float(found.sum())


def _f1(truth: Flags, found: Flags) -> float:
    return 2 * float((truth & found).sum()) / max(1.0, float(truth.sum() + found.sum()))


def _shares(truth: Flags, found: Flags, prefix: str) -> dict[str, float]:
    right = float((truth & found).sum())
    return {
        f"{prefix}precision": round(right / max(1.0, float(found.sum())), 4),
        f"{prefix}recall": round(right / max(1.0, float(truth.sum())), 4),
    }
