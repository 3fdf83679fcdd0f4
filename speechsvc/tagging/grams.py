"""Tables over one to three neighbouring characters of a text, looked up for all places at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from speechsvc.tagging.codes import TABLE_SIZE, Codes

_CELL_BITS = 18
_MASK = (1 << _CELL_BITS) - 1
_MULTIPLIER = 40503  # odd, near 2**16 times the golden ratio


class Table:
    """Each gram has a mask of bits; equal masks share a row number. Two grams that fall into one cell share both masks:
    that does no harm where too much may be let through."""

    def __init__(self, grams: dict[str, int], numbers: dict[int, int], sounds: Codes | None = None) -> None:
        """`numbers`: mask -> row number, added to. `sounds`: the grams are over syllables, this table leads there."""
        classes = _classes(grams)
        self._classes = classes if sounds is None else classes.take(sounds)
        self._cells = [
            _cells({g: mask for g, mask in grams.items() if len(g) == size}, classes, numbers) for size in (1, 2, 3)
        ]

    def look_up(self, codes: Codes, out: NDArray[np.uint32]) -> None:
        """Row numbers of the grams of one, two and three characters that begin at each place."""
        known = self._classes.take(codes, mode="clip")
        single, pairs, triples = self._cells
        out[:, 0] = single.take(known, mode="clip")
        keys = known[:-1] * np.uint32(_MULTIPLIER)
        keys += known[1:]
        out[:-1, 1] = pairs.take(keys & np.uint32(_MASK))
        keys = keys[:-1] * np.uint32(_MULTIPLIER)
        keys += known[2:]
        out[:-2, 2] = triples.take(keys & np.uint32(_MASK))


def _classes(grams: Iterable[str]) -> NDArray[np.uint32]:
    """Code point -> small number; 0 for what no gram holds."""
    points = sorted({_point(character) for gram in grams for character in gram})
    classes = np.zeros(TABLE_SIZE, np.uint32)
    classes[points] = np.arange(1, len(points) + 1)
    return classes


def _point(character: str) -> int:
    """All that lies beyond the table is one."""
    return min(ord(character), TABLE_SIZE - 1)


def _cells(grams: dict[str, int], classes: NDArray[np.uint32], numbers: dict[int, int]) -> NDArray[np.uint32]:
    masks: defaultdict[int, int] = defaultdict(int)
    for gram, mask in grams.items():
        key = 0
        for character in gram:
            key = key * _MULTIPLIER + int(classes[_point(character)])
        masks[key & _MASK] |= mask
    table = np.zeros(_MASK + 1, np.uint32)
    for cell, mask in masks.items():
        table[cell] = numbers.setdefault(mask, len(numbers))
    return table
