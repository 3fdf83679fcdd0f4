"""How wrong speaker turns are: diarization error rate, and the share of words that are given to the right speaker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

STEP = 0.01  # seconds

Span = tuple[float, float, str]  # start and end in seconds, speaker


@dataclass(frozen=True, kw_only=True, slots=True)
class DiarizationError:
    """Shares of the reference's speech; overlaps count once a speaker."""

    missed: float
    false_alarm: float
    confusion: float

    @property
    def rate(self) -> float:
        return self.missed + self.false_alarm + self.confusion


def diarization_error(truth: Sequence[Span], found: Sequence[Span], *, collar: float = 0.0) -> DiarizationError:
    """With the best one-to-one mapping of speakers. `collar` seconds on each side of a true boundary are left out.

    As NIST defines it: a moment with two speakers counts twice, so overlap that is not found is missed speech.
    """
    end = max((b for _, b, _ in [*truth, *found]), default=0.0)
    count = int(end / STEP) + 2
    real, guess = _grid(truth, count), _grid(found, count)
    kept = np.ones(count, dtype=bool)
    for a, b, _ in truth if collar else ():
        for edge in (a, b):
            kept[max(0, round((edge - collar) / STEP)) : max(0, round((edge + collar) / STEP))] = False
    reals = np.stack([*real.values()])[:, kept] if real else np.zeros((0, int(kept.sum())), dtype=bool)
    guesses = np.stack([*guess.values()])[:, kept] if guess else np.zeros((0, int(kept.sum())), dtype=bool)
    n_real, n_guess = reals.sum(axis=0), guesses.sum(axis=0)
    right = _best(reals.astype(np.int64) @ guesses.T.astype(np.int64))
    total = max(1, int(n_real.sum()))
    both = int(np.minimum(n_real, n_guess).sum())
    return DiarizationError(
        missed=float(np.maximum(n_real - n_guess, 0).sum()) / total,
        false_alarm=float(np.maximum(n_guess - n_real, 0).sum()) / total,
        confusion=(both - right) / total,
    )


def words_right(truth: Sequence[Span], heard: Sequence[Heard]) -> float:
    """Share of recognised characters that were heard while the speaker they are given to spoke, after the best mapping.

    A segment's characters are spread evenly over the speech it was recognised from (`Heard.speech`); so wrong words do
    not count, wrong speakers do. Where two speak at once, either is right.
    """
    at = [(when, h.speaker) for h in heard for when in h.times()]
    names, guesses = sorted({s for *_, s in truth}), sorted({s for _, s in at})
    if not at or not names:
        return 0.0
    right = np.zeros((len(names), len(guesses)), dtype=np.int64)
    for when, guess in at:
        for who in {s for start, end, s in truth if start - 0.1 <= when <= end + 0.1}:
            right[names.index(who), guesses.index(guess)] += 1
    return _best(right) / len(at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One recognised segment."""

    speaker: str
    text: str
    speech: tuple[tuple[float, float], ...]  # the speaker's own stretches under it, seconds

    def times(self) -> list[float]:
        """The middle of each Chinese character."""
        count = sum(map(_is_word, self.text))
        total = sum(end - start for start, end in self.speech)
        if not total:
            return [-1.0] * count
        found = []
        for i in range(count):
            left = (i + 0.5) / count * total
            for start, end in self.speech:
                if left <= end - start:
                    found.append(start + left)
                    break
                left -= end - start
        return found


def _is_word(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _grid(spans: Iterable[Span], count: int) -> dict[str, npt.NDArray[np.bool_]]:
    grid: dict[str, npt.NDArray[np.bool_]] = {}
    for start, end, speaker in spans:
        row = grid.setdefault(speaker, np.zeros(count, dtype=bool))
        row[max(0, round(start / STEP)) : max(0, round(end / STEP))] = True
    return grid


def _best(table: npt.NDArray[np.int64]) -> int:
    """The largest sum of cells with at most one in each row and column; few speakers, so all mappings are tried."""
    if table.shape[0] > table.shape[1]:
        table = table.T
    rows, columns = table.shape
    if not rows:
        return 0
    return max(int(sum(table[i, p[i]] for i in range(rows))) for p in permutations(range(columns), rows))
