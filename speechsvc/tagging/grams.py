"""Tables over one to three neighbouring characters, and syllables, of a text: looked up for all places at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from speechsvc.tagging.codes import TABLE_SIZE, Codes

LONGEST = 3  # characters of a gram
_CELL_BITS = 17
_CELLS = 1 << _CELL_BITS
_MASK = np.uint32(_CELLS - 1)
_MULTIPLIER = 40503  # odd, near 2**16 times the golden ratio


class Grams:
    """Each gram has a mask of bits; equal masks share a row number. Two grams that fall into one cell share both masks:
    that does no harm where too much may be let through. Several kinds of grams are looked up in the same steps."""

    def __init__(self, kinds: Sequence[tuple[dict[str, int], Codes | None]]) -> None:
        """For each kind its grams with their masks, and the table that leads from a code point to what they are over;
        none for code points themselves."""
        self.kinds = len(kinds)
        numbers = {0: 0}
        classes, cells = [], []
        for grams, over in kinds:
            own = _classes(grams)
            classes.append(own if over is None else own.take(over))
            cells.append([_cells(grams, own, size, numbers) for size in range(1, LONGEST + 1)])
        self.masks = list(numbers)  # by row number; row 0 is empty
        small = np.uint16 if len(numbers) <= np.iinfo(np.uint16).max else np.uint32
        self._classes = np.stack(classes)
        self._cells = [np.concatenate(tables).astype(small) for tables in zip(*cells, strict=True)]
        self._offsets = (np.arange(self.kinds, dtype=np.uint32) << _CELL_BITS)[:, None]  # where a kind's cells begin

    def rows(self, codes: Codes) -> NDArray[np.unsignedinteger]:
        """Row numbers of all grams that begin at a place: [place, kind * LONGEST + length - 1]."""
        found = np.zeros((codes.size, self.kinds, LONGEST), self._cells[0].dtype)
        known = self._classes.take(codes, axis=1, mode="clip")
        keys = known
        for size in range(1, LONGEST + 1):
            if size > 1:
                keys = keys[:, :-1] * np.uint32(_MULTIPLIER)
                keys += known[:, size - 1 :]
            if keys.shape[1]:
                cells = (keys & _MASK) + self._offsets
                found[: keys.shape[1], :, size - 1] = self._cells[size - 1].take(cells).T
        return found.reshape(codes.size, -1)


def _classes(grams: Iterable[str]) -> NDArray[np.uint32]:
    """Code point -> small number; 0 for what no gram holds."""
    points = sorted({_point(character) for gram in grams for character in gram})
    classes = np.zeros(TABLE_SIZE, np.uint32)
    classes[points] = np.arange(1, len(points) + 1)
    return classes


def _point(character: str) -> int:
    """All that lies beyond the table is one."""
    return min(ord(character), TABLE_SIZE - 1)


def _cells(
    grams: dict[str, int], classes: NDArray[np.uint32], size: int, numbers: dict[int, int]
) -> NDArray[np.uint32]:
    """Cell -> row number, for the grams of that many characters; `numbers` (mask -> row number) is added to."""
    masks: defaultdict[int, int] = defaultdict(int)
    for gram, mask in grams.items():
        if len(gram) == size:
            key = 0
            for character in gram:
                key = key * _MULTIPLIER + int(classes[_point(character)])
            masks[key % _CELLS] |= mask
    table = np.zeros(_CELLS, np.uint32)
    for cell, mask in masks.items():
        table[cell] = numbers.setdefault(mask, len(numbers))
    return table
