"""Recombines what people say: samples word sequences from our conversations mixed with a table of common word pairs.

A speech model that reads only a few hundred thousand characters learns them by heart. Sampled text keeps true
neighbours (量词, 称呼, verb and object) but never the same sentence twice.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path

START, END = "<s>", "</s>"
_MARKS = ("，", "。", "？")


class Table:
    """Next words with their weights, by context."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._cumulated: dict[tuple[str, ...], tuple[list[str], list[float]]] = {}

    def add(self, context: tuple[str, ...], word: str, weight: float = 1.0) -> None:
        self._counts[context][word] += weight

    def draw(self, context: tuple[str, ...], rng: random.Random) -> str | None:
        """A next word, or None where the context is unknown."""
        if context not in self._counts:
            return None
        if context not in self._cumulated:
            words = self._counts[context]
            self._cumulated[context] = (list(words), list(accumulate(words.values())))
        words, sums = self._cumulated[context]
        return words[min(bisect_right(sums, rng.random() * sums[-1]), len(words) - 1)]


class Sampler:
    """Word sequences: mostly ours by two words, then by one, else the general pairs, else any word."""

    def __init__(
        self, sentences: Iterable[Sequence[str]], pairs: Table, singles: tuple[list[str], list[float]]
    ) -> None:
        self._two, self._one, self._pairs, self._singles = Table(), Table(), pairs, singles
        for words in sentences:
            line = [START, START, *words, END]
            for a, b, c in zip(line, line[1:], line[2:], strict=False):
                self._two.add((a, b), c)
                self._one.add((b,), c)

    def sentence(self, rng: random.Random, longest: int = 44) -> str:
        """One utterance with its marks."""
        line = [START, START]
        length = 0
        while length < longest:
            word = self._next(line[-2], line[-1], rng)
            if word == END:
                break
            line.append(word)
            length += len(word)
        return "".join(line[2:])

    def _next(self, a: str, b: str, rng: random.Random) -> str:
        turn = rng.random()
        word = None
        if turn < 0.45 or b in (START, *_MARKS):
            word = self._two.draw((a, b), rng)
        if word is None and turn < 0.70:
            word = self._one.draw((b,), rng)
        if word is None and turn < 0.96:
            word = self._pairs.draw((b,), rng) or self._one.draw((b,), rng)
        return word or rng.choices(self._singles[0], cum_weights=self._singles[1])[0]


def general_pairs(file: Path, characters: frozenset[str]) -> tuple[Table, tuple[list[str], list[float]]]:
    """Word pairs and single words of libpinyin's `interpolation2.text`, those that our characters can write.

    Counts are flattened, so that rare words are heard too.
    """
    table, words, sums = Table(), [], []
    total, seen = 0.0, set()
    for line in file.open(encoding="utf-8"):
        parts = line.split()
        if len(parts) < 5 or parts[0] != "\\item":
            continue
        count = float(parts[-1])
        names = parts[2:-2:2] if len(parts) == 7 else parts[2:3]
        if any(not characters.issuperset(name) for name in names):
            continue
        if len(names) == 2:
            table.add((names[0],), names[1], count**0.8)
        elif names[0] not in seen and len(names[0]) <= 4:
            seen.add(names[0])
            total += min(count, 20_000) ** 0.6
            words.append(names[0])
            sums.append(total)
    return table, (words, sums)
