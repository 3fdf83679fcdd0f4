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


def words_right(truth: Sequence[tuple[str, str]], found: Sequence[tuple[str, str]]) -> float:
    """Share of recognised characters whose speaker is right, after the best mapping.

    Both are (speaker, text) in order of time. Recognised characters are aligned with those really said (least edits);
    one that stands for nothing counts for whoever spoke before it.
    """
    real = [(c, speaker) for speaker, text in truth for c in text if _is_word(c)]
    heard = [(c, speaker) for speaker, text in found for c in text if _is_word(c)]
    if not heard or not real:
        return 0.0
    owners = _align([c for c, _ in real], [c for c, _ in heard])
    names, guesses = sorted({s for _, s in real}), sorted({s for _, s in heard})
    table = np.zeros((len(names), len(guesses)), dtype=np.int64)
    for (_, guess), owner in zip(heard, owners, strict=True):
        table[names.index(real[owner][1]), guesses.index(guess)] += 1
    return _best(table) / len(heard)


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


def _align(real: Sequence[str], heard: Sequence[str]) -> list[int]:
    """For each heard character the index of the real one it stands for, or of the last before it."""
    codes = np.array([ord(c) for c in real])
    cost = np.zeros((len(heard) + 1, len(real) + 1), dtype=np.int32)
    steps = np.arange(len(real) + 1, dtype=np.int32)
    cost[0] = steps
    for i, character in enumerate(heard, start=1):
        row = np.empty(len(real) + 1, dtype=np.int32)
        row[0] = i
        row[1:] = np.minimum(cost[i - 1, 1:] + 1, cost[i - 1, :-1] + (codes != ord(character)))
        cost[i] = np.minimum.accumulate(row - steps) + steps
    owners, j = [0] * len(heard), len(real)
    i = len(heard)
    while i:
        if j and cost[i, j] == cost[i - 1, j - 1] + (real[j - 1] != heard[i - 1]):
            i, j = i - 1, j - 1
            owners[i] = j
        elif j and cost[i, j] == cost[i, j - 1] + 1:
            j -= 1
        else:
            i -= 1
            owners[i] = max(0, j - 1)
    return owners
