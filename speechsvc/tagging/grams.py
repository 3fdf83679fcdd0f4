"""Tables over one to three neighbouring characters, and syllables, of a text: looked up for all places at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from speechsvc.tagging.codes import TABLE_SIZE, Codes

LONGEST = 3  # characters of a gram
PER_PLACE = 2 * LONGEST  # grams that begin at a place: by characters and by syllables, of each length
_CELL_BITS = 19
_CELLS = 1 << _CELL_BITS
_MULTIPLIER = 40503  # odd, near 2**16 times the golden ratio
_TIMES, _MASK = np.array(_MULTIPLIER, np.uint64), np.array(_CELLS - 1, np.uint32)  # arrays: quicker than plain numbers
_HALF = 32  # bits of a key: one half is over characters, the other over syllables

Keys = NDArray[np.uint64]


class Grams:
    """Each gram has a mask of bits; equal masks share a row number. Two grams that fall into one cell share both masks:
    that does no harm where too much may be let through. Grams of characters and of syllables are looked up in the same
    steps, as the two halves of one number; carries from the lower half follow from the characters as all else does."""

    def __init__(self, characters: Mapping[str, int], sounds: Mapping[str, int], syllables: Codes) -> None:
        """Masks of grams of characters and of syllables; `syllables` leads from a character to its syllable."""
        heard = _classes(sounds, 1)
        high = _classes(characters, int(heard.max()) + 1).astype(np.uint64) << np.uint64(_HALF)
        self._classes: Keys = high | heard.take(syllables)
        masks: defaultdict[int, int] = defaultdict(int)  # by cell
        for gram, mask in characters.items():
            masks[_cell(_key([int(self._classes[_point(c)]) for c in gram]) >> _HALF)] |= mask
        for gram, mask in sounds.items():
            masks[_cell(_key([int(heard[_point(c)]) for c in gram]))] |= mask
        numbers = {0: 0}
        table = np.zeros(_CELLS, np.uint32)
        for cell, mask in masks.items():
            table[cell] = numbers.setdefault(mask, len(numbers))
        self.masks = list(numbers)  # by row number; row 0 is empty
        self._rows = table.astype(np.uint16) if len(numbers) <= np.iinfo(np.uint16).max else table

    def rows(self, codes: Codes) -> NDArray[np.unsignedinteger]:
        """Row numbers of all grams that begin at a place: PER_PLACE for the first, then for the second, and so on."""
        known = self._classes.take(codes, mode="clip")
        keys = np.zeros((codes.size, LONGEST), np.uint64)
        keys[:, 0] = known
        for size in range(1, LONGEST):
            longer = keys[:-size, size]
            np.multiply(keys[: codes.size - size, size - 1], _TIMES, out=longer)
            longer += known[size:]
        cells = keys.view(np.uint32).reshape(-1)
        cells &= _MASK
        return self._rows.take(cells)


def _classes(grams: Mapping[str, int], first: int) -> NDArray[np.uint32]:
    """Code point -> number: `first` for what no gram holds, then one each."""
    points = sorted({_point(character) for gram in grams for character in gram})
    classes = np.full(TABLE_SIZE, first, np.uint32)
    classes[points] = np.arange(first + 1, first + 1 + len(points))
    return classes


def _point(character: str) -> int:
    """All that lies beyond the table is one."""
    return min(ord(character), TABLE_SIZE - 1)


def _key(classes: list[int]) -> int:
    """As `Grams.rows` reckons it, in 64 bits."""
    key = 0
    for one in classes:
        key = (key * _MULTIPLIER + one) & 0xFFFF_FFFF_FFFF_FFFF
    return key


def _cell(half: int) -> int:
    return half & (_CELLS - 1)
