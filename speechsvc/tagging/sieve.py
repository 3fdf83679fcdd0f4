"""Which patterns can match where: for every stretch of the text, the patterns of which all required parts stand there.

Patterns begin with words so common that an automaton would report more than one a character. Instead every required
part has a bit, and each of its alternatives a row of bits, found by its rarest three characters; the rows of a stretch
are joined by `or`, the parts of a pattern by `and`. All of it is array work, whatever the number of patterns. It may
let through too much (three characters stand for a longer alternative, order and gaps do not matter), never too little.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from speechsvc.tagging.codes import Codes
from speechsvc.tagging.features import Feature, Kind
from speechsvc.tagging.grams import Grams
from speechsvc.tagging.syllables import syllable_table

PIECE = 64  # characters: longer turns are cut into pieces, and a piece looks at its neighbours
_LONGEST_WHOLE = 96  # characters of a turn that is one piece
_LANES = 4  # required parts of a pattern that are looked at, the rarest first
_WORD = 64  # bits
_MOST_KEPT = 8 << 20  # bytes


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
    following: list[int]  # those that count only behind a mention in the turn before


class Sieve:
    """Made once for a lexicon, read-only then."""

    def __init__(self, checks: Iterable[tuple[int, Sequence[Check]]], following: frozenset[int]) -> None:
        """`checks`: rule number and its checks, at least one each, the rarest first. `following`: see `Possible`."""
        ordered = sorted(((rule, tuple(given[:_LANES])) for rule, given in checks), key=lambda item: -len(item[1]))
        self._rules = [(rule, rule in following) for rule, _ in ordered]
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
        self._kept = threading.local()
        self._far = self._row(far)
        self._fill(masks, padding)

    def possible(self, codes: Codes, starts: Sequence[int], ends: Sequence[int]) -> list[Possible]:
        """In order of place. `starts` and `ends`: the turns, which no pattern crosses."""
        turns, lows, highs = _pieces(starts, ends) if self._rules else ([], [], [])
        if not turns:
            return []
        seen = self._seen(codes, lows)
        joined = [] if lows is starts else [low > starts[turn] for turn, low in zip(turns, lows, strict=True)]
        if any(joined):
            self._look_around(seen, np.array(joined))
        left = seen[:, : self._widths[0]].copy()
        for offset, width in self._lanes[1:]:
            left[:, :width] &= seen[:, offset : offset + width]
        found: dict[int, Possible] = {}
        for piece, number in _bits(left):
            rule, following = self._rules[number]
            if piece not in found:
                found[piece] = Possible(turns[piece], lows[piece], highs[piece], [], [])
            (found[piece].following if following else found[piece].rules).append(rule)
        return list(found.values())

    def _seen(self, codes: Codes, lows: Sequence[int]) -> NDArray[np.uint64]:
        """For each piece the bits of all that stands in it."""
        rows = self._grams.rows(codes)
        flat = rows.reshape(-1)
        wanted = flat != 0
        begins = np.array(lows) * rows.shape[1]
        wanted[begins] = True  # so that each piece has a row, be it the empty one
        places = wanted.nonzero()[0]
        found = self._buffer(places.size)
        self._masks.take(flat.take(places), axis=0, out=found, mode="clip")
        return np.bitwise_or.reduceat(found, places.searchsorted(begins), axis=0)

    def _buffer(self, rows: int) -> NDArray[np.uint64]:
        """Memory that each thread keeps: asking the system for it anew costs more than the work done in it."""
        kept = getattr(self._kept, "rows", None)
        if kept is None or len(kept) < rows:
            kept = np.empty((rows + rows // 2, self._words), np.uint64)
            if kept.nbytes <= _MOST_KEPT:
                self._kept.rows = kept
        return kept[:rows]

    def _look_around(self, seen: NDArray[np.uint64], joined: NDArray[np.bool_]) -> None:
        """Pieces of one turn see what stands in the pieces beside; parts that may be farther off count as seen."""
        alone = seen.copy()
        before, behind = joined[:, None], np.append(joined[1:], False)[:, None]
        seen[1:] |= np.where(before[1:], alone[:-1], 0)
        seen[:-1] |= np.where(behind[:-1], alone[1:], 0)
        seen |= np.where(before | behind, self._far, 0)

    def _fill(self, masks: dict[Feature, int], padding: int) -> None:
        texts = {kind: {f.text: bits for f, bits in masks.items() if f.kind is kind} for kind in Kind}
        self._grams = Grams(((texts[Kind.CHARACTERS], None), (texts[Kind.SOUNDS], syllable_table())))
        self._masks = np.stack([self._row(bits | padding) for bits in self._grams.masks])

    def _row(self, bits: int) -> NDArray[np.uint64]:
        return np.frombuffer(bits.to_bytes(self._words * 8, "little"), "<u8").astype(np.uint64)


def _pieces(starts: Sequence[int], ends: Sequence[int]) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """Turn, begin and end of each piece: the turns, long ones cut, empty ones left out."""
    if all(0 < end - start <= _LONGEST_WHOLE for start, end in zip(starts, ends, strict=True)):
        return range(len(starts)), starts, ends
    turns, lows, highs = [], [], []
    for turn, (low, end) in enumerate(zip(starts, ends, strict=True)):
        while low < end:
            high = low + PIECE if end - low > _LONGEST_WHOLE else end
            turns.append(turn)
            lows.append(low)
            highs.append(high)
            low = high
    return turns, lows, highs


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
