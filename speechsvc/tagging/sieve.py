"""Which patterns can match where: for every stretch of the text, the patterns of which all required parts stand there.

Patterns begin with words so common that an automaton would report more than one a character. Instead every required
part has a bit, and each of its alternatives a row of bits, found by its rarest three characters; the rows of a stretch
are joined by `or`, the parts of a pattern by `and`. All of it is array work, whatever the number of patterns. It may
let through too much (three characters stand for a longer alternative, order and gaps do not matter), never too little.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from speechsvc.tagging.codes import Codes
from speechsvc.tagging.features import LONGEST, Feature, Kind
from speechsvc.tagging.grams import Table
from speechsvc.tagging.syllables import syllable_table

PIECE = 64  # characters: longer turns are cut into pieces, and a piece looks at its neighbours
_LONGEST_WHOLE = 96  # characters of a turn that is one piece
_LANES = 4  # required parts of a pattern that are looked at, the rarest first
_WORD = 64  # bits


class Check(NamedTuple):
    """One thing that must stand near a match: any of these features, at most `reach` characters from its anchor."""

    features: frozenset[Feature]
    reach: int


class Possible(NamedTuple):
    """A stretch of a turn, and the patterns that may have their anchor in it."""

    turn: int
    start: int
    end: int
    rules: list[int]


class Sieve:
    """Made once for a lexicon, read-only then."""

    def __init__(self, checks: Iterable[tuple[int, Sequence[Check]]]) -> None:
        """`checks`: rule number and its checks, at least one each, the rarest first."""
        ordered = sorted(((rule, tuple(given[:_LANES])) for rule, given in checks), key=lambda item: -len(item[1]))
        self._rules = [rule for rule, _ in ordered]
        counts = [sum(len(given) > lane for _, given in ordered) for lane in range(_LANES)]
        self._widths = [-(-count // _WORD) for count in counts]
        offsets = [sum(self._widths[:lane]) for lane in range(_LANES + 1)]
        self._lanes = [(offset, width) for offset, width in zip(offsets, self._widths, strict=False) if width]
        masks: defaultdict[Feature, int] = defaultdict(int)
        far = padding = 0
        for number, (_, given) in enumerate(ordered):
            for lane, check in enumerate(given):
                bit = 1 << (offsets[lane] * _WORD + number)
                far |= bit if check.reach > PIECE else 0
                for feature in check.features:
                    masks[feature] |= bit
        for lane in range(1, _LANES):  # patterns with fewer parts than lanes
            for number in range(counts[lane], self._widths[lane] * _WORD):
                padding |= 1 << (offsets[lane] * _WORD + number)
        self._words = offsets[_LANES]
        self._far = self._row(far)
        self._fill(masks, padding)

    def possible(self, codes: Codes, starts: Sequence[int], ends: Sequence[int]) -> list[Possible]:
        """In order of place. `starts` and `ends`: the turns, which no pattern crosses."""
        pieces = _pieces(starts, ends) if self._rules else []
        if not pieces:
            return []
        seen = self._seen(codes, [piece.start for piece in pieces])
        if len(pieces) > len({piece.turn for piece in pieces}):
            joined = [piece.start > starts[piece.turn] for piece in pieces]
            self._look_around(seen, np.array(joined))
        left = seen[:, : self._widths[0]].copy()
        for offset, width in self._lanes[1:]:
            left[:, :width] &= seen[:, offset : offset + width]
        for piece, number in _bits(left):
            pieces[piece].rules.append(self._rules[number])
        return [piece for piece in pieces if piece.rules]

    def _seen(self, codes: Codes, lows: list[int]) -> NDArray[np.uint64]:
        """For each piece the bits of all that stands in it."""
        rows = np.zeros((codes.size, 2 * LONGEST), np.uint32)
        self._characters.look_up(codes, rows[:, :LONGEST])
        self._sounds.look_up(codes, rows[:, LONGEST:])
        flat = rows.reshape(-1)
        wanted = flat != 0
        begins = np.array(lows) * (2 * LONGEST)
        wanted[begins] = True  # so that each piece has a row, be it the empty one
        places = np.flatnonzero(wanted)
        found = self._masks.take(flat[places], axis=0)
        return np.bitwise_or.reduceat(found, np.searchsorted(places, begins), axis=0)

    def _look_around(self, seen: NDArray[np.uint64], joined: NDArray[np.bool_]) -> None:
        """Pieces of one turn see what stands in the pieces beside; parts that may be farther off count as seen."""
        alone = seen.copy()
        before, behind = joined[:, None], np.append(joined[1:], False)[:, None]
        seen[1:] |= np.where(before[1:], alone[:-1], 0)
        seen[:-1] |= np.where(behind[:-1], alone[1:], 0)
        seen |= np.where(before | behind, self._far, 0)

    def _fill(self, masks: dict[Feature, int], padding: int) -> None:
        numbers: dict[int, int] = {0: 0}  # bits -> row; row 0 is empty
        texts = {kind: {f.text: bits for f, bits in masks.items() if f.kind is kind} for kind in Kind}
        self._characters = Table(texts[Kind.CHARACTERS], numbers)
        self._sounds = Table(texts[Kind.SOUNDS], numbers, syllable_table())
        self._masks = np.stack([self._row(bits | padding) for bits in numbers])

    def _row(self, bits: int) -> NDArray[np.uint64]:
        return np.frombuffer(bits.to_bytes(self._words * 8, "little"), "<u8").astype(np.uint64)


def _pieces(starts: Sequence[int], ends: Sequence[int]) -> list[Possible]:
    """The turns, long ones cut; empty ones left out."""
    pieces = []
    for turn, (start, end) in enumerate(zip(starts, ends, strict=True)):
        low = start
        while end - low > _LONGEST_WHOLE:
            pieces.append(Possible(turn, low, low + PIECE, []))
            low += PIECE
        if end > low:
            pieces.append(Possible(turn, low, end, []))
    return pieces


def _bits(rows: NDArray[np.uint64]) -> list[tuple[int, int]]:
    """Row and number of every bit that is set."""
    flat = rows.reshape(-1)
    words = np.flatnonzero(flat)
    if not words.size:
        return []
    bits = np.unpackbits(flat[words].astype("<u8").view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    which, bit = np.nonzero(bits)
    word = words[which]
    width = rows.shape[1]
    return list(zip((word // width).tolist(), ((word % width) * _WORD + bit).tolist(), strict=True))
