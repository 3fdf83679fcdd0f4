"""The agreed next step as it counts: by the phrases in short talk, by the learned model on top of them in all other.

Every finding keeps its evidence. Where phrases and model agree, it is the phrases'; where only the model says yes, the
customer's stretch that weighs most; where only the phrases say yes, their words and what speaks against them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from speechsvc.domain.analysis import NextStep, TurnEvidence
from speechsvc.domain.conversation import Conversation, Speaker
from speechsvc.tagging.next_step import Reading, Said, proposes, read_next_step, turn_evidence
from speechsvc.tagging.next_step_features import AGENT, CUSTOMER, FIELDS, LENGTHS, features_of, part_grams, parts_of
from speechsvc.tagging.next_step_model import NextStepModel, bundled_model
from speechsvc.tagging.words import words

LEAST_STRETCHES = 8  # in shorter talk the phrases see all there is, and the model has seen too little of its kind
_MOST_PHRASES = 3
_LEAST_PHRASE = 2  # characters
_SIXTHS = 6  # every n-gram length divides it
_NUMERALS = frozenset("零〇幺一二两三四五六七八九十百千万")


class NextStepJudge:
    """Deterministic and safe to share between threads."""

    def __init__(self, *, learned: bool = True, model: NextStepModel | None = None) -> None:
        """`learned` False: the phrases alone. Raises NextStepModelInvalid."""
        self._model = (model or bundled_model()) if learned else None

    @property
    def version(self) -> str:
        """Part of the engine's version."""
        return "off" if self._model is None else self._model.digest[:8]

    def find(self, conversation: Conversation) -> NextStep:
        """The next step with its evidence."""
        reading = read_next_step(conversation)
        if self._model is None or not _is_talk(reading):
            return reading.step
        found = _Found(reading, self._model)
        if found.agreed == reading.step.agreed:
            return reading.step
        return found.yes() if found.agreed else found.no()


def _is_talk(reading: Reading) -> bool:
    """Long enough, and at its end both speak."""
    both = all(parts_of(reading.said, side) for side in (AGENT, CUSTOMER))
    return both and len(reading.said) >= LEAST_STRETCHES


class _Found:
    """What the model says of one conversation, and why."""

    def __init__(self, reading: Reading, model: NextStepModel) -> None:
        self._reading, self._model = reading, model
        self._features = features_of(reading)
        self.agreed = model.score(self._features) > 0

    def yes(self) -> NextStep:
        """Agreed, though no phrase is known for it: the customer's heaviest stretch, with what stands around it."""
        customer = parts_of(self._reading.said, CUSTOMER)
        here = max(customer, key=lambda s: (self._weight(s), s.stretch.turns[0]))
        around = self._around(here)
        return NextStep(
            agreed=True,
            has_time=any(part.has("time") for part in around),
            has_owner=any(part.has("owner") for part in around),
            evidence=tuple(self._evidence(part, here) for part in around),
        )

    def no(self) -> NextStep:
        """Not agreed, though phrases look like it: their words, and the customer's stretch that weighs most against."""
        against = min(parts_of(self._reading.said, CUSTOMER), key=lambda s: (self._weight(s), -s.stretch.turns[0]))
        why = turn_evidence(against.stretch, _reason("speaks against an agreement", self._phrases(against, -1)))
        found = {e.turn: replace(e, reason=f"not counted ({e.reason})") for e in self._reading.step.evidence}
        if why.turn in found:
            why = replace(why, reason=f"{found[why.turn].reason}, {why.reason}")
        found[why.turn] = why
        return NextStep(agreed=False, evidence=tuple(found[turn] for turn in sorted(found)))

    def _around(self, here: Said) -> Sequence[Said]:
        """With the salesperson's proposal before and answer after."""
        said = self._reading.said
        at = said.index(here)
        before = [s for s in said[max(0, at - 1) : at] if s.stretch.speaker is not Speaker.CUSTOMER and proposes(s)]
        after = [s for s in said[at + 1 : at + 2] if s.stretch.speaker is not Speaker.CUSTOMER]
        return [*before, here, *after]

    def _evidence(self, part: Said, here: Said) -> TurnEvidence:
        if part is not here:
            return turn_evidence(part.stretch, "salesperson's words on it")
        return turn_evidence(
            part.stretch, _reason("customer agrees, learned from judged calls", self._phrases(here, 1))
        )

    def _weight(self, part: Said) -> int:
        """What a stretch adds to the score."""
        return sum(self._share(name, part_grams(part)) for name in self._fields(part))

    def _share(self, name: str, grams: frozenset[str]) -> int:
        return self._model.share(name, grams, len(self._features.fields[name]))

    def _fields(self, part: Said) -> Iterator[str]:
        return (name for name in FIELDS if any(part is one for one in parts_of(self._reading.said, name)))

    def _phrases(self, part: Said, sign: int) -> list[str]:
        """The words that weigh most for (1) or against (-1), as spoken, heaviest first."""
        found, at = [], 0
        shares = self._shares(part.plain.text)
        for word in words().tokenizer.cut(part.plain.text, HMM=False):
            weight = sign * sum(shares[at : at + len(word)])
            if weight > 0 and len(word) >= _LEAST_PHRASE and _is_quotable(word):
                found.append((-weight, at, at + len(word)))
            at += len(word)
        places, heaviest = part.plain.places, sorted(found)[:_MOST_PHRASES]
        return [part.plain.original[places[low] : places[high - 1] + 1] for _, low, high in heaviest]

    def _shares(self, text: str) -> list[int]:
        """What each character weighs with the customer: every n-gram's weight, spread over its characters."""
        weights = self._model.fields[CUSTOMER]
        shares = [0] * len(text)
        for n in LENGTHS:
            for start in range(len(text) - n + 1):
                weight = weights.get(text[start : start + n], 0)
                for i in range(start, start + n):
                    shares[i] += weight * _SIXTHS // n
        return shares


def _is_quotable(word: str) -> bool:
    """Words, never a piece of a number, an address or an account: reasons are not masked as quotes are."""
    return not any(c.isascii() for c in word) and sum(c in _NUMERALS for c in word) <= 1


def _reason(what: str, phrases: Sequence[str]) -> str:
    return f"{what}: {', '.join(phrases)}" if phrases else what
