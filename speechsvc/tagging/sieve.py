"""Which patterns can match where: for every stretch of the text, the patterns of which all required parts stand there.

Patterns begin with words so common that an automaton would report more than one a character. Instead every required
part has a bit, and each of its alternatives a row of bits, found by its rarest three characters; the rows of a stretch
are joined by `or`, the parts of a pattern by `and`. All of it is array work, whatever the number of patterns. It may
let through too much (three characters stand for a longer alternative, order and gaps do not matter), never too little.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import sub
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from speechsvc.tagging.codes import Codes
from speechsvc.tagging.features import Feature, Kind
from speechsvc.tagging.grams import PER_PLACE, Grams
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


class Pieces(NamedTuple):
    """Stretches that are looked at as one: the turns, long ones cut, empty ones left out."""

    turns: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]


class Following:
    """Patterns that count only behind certain topics in the turn before. There are many, and mentions before few turns:
    so worked out only for the turns that are asked about."""

    __slots__ = ("_behind", "_bytes", "_pieces", "_rules", "_size")

    def __init__(
        self, pieces: Pieces, bits: NDArray[np.uint64], rules: Sequence[int], behind: Mapping[str, int]
    ) -> None:
        """`bits`: for each piece one for each of `rules`; `behind`: for each topic those of the patterns it allows."""
        self._pieces, self._rules, self._behind = pieces, rules, behind
        self._bytes, self._size = bits.astype("<u8").tobytes(), bits.shape[1] * _WORD // 8

    @property
    def waits(self) -> bool:
        """Whether there is any such pattern."""
        return bool(self._behind)

    def at(self, turn: int, topics: Iterable[str]) -> list[Possible]:
        """Stretches of the turn in which such a pattern may have its anchor, behind a turn about these topics."""
        turns, starts, ends = self._pieces
        allowed = 0
        for topic in topics:
            allowed |= self._behind.get(topic, 0)
        if not allowed:
            return []
        found = []
        for piece in range(bisect_left(turns, turn), bisect_right(turns, turn)):
            bits = int.from_bytes(self._bytes[piece * self._size : (piece + 1) * self._size], "little") & allowed
            if bits:
                rules: list[int] = []
                while bits:
                    lowest = bits & -bits
                    rules.append(self._rules[lowest.bit_length() - 1])
                    bits ^= lowest
                found.append(Possible(turn, starts[piece], ends[piece], rules))
        return found


_NO_PIECES = Pieces((), (), ())
_NO_FOLLOWING = Following(_NO_PIECES, np.empty((0, 0), np.uint64), (), {})


class Sieve:
    """Made once for a lexicon, read-only then."""

    def __init__(self, checks: Iterable[tuple[int, Sequence[Check]]], following: Mapping[int, Collection[str]]) -> None:
        """`checks`: rule number and its checks, at least one each, the rarest first. `following`: those that count only
        behind a mention, and of which topics."""
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
        self._kept = threading.local()
        self._far = self._row(far)
        waiting = sum(1 << number for number, rule in enumerate(self._rules) if rule in following)
        self._alone = ~self._row(waiting)[: self._widths[0]]
        self._behind: dict[str, int] = {}  # topic -> bits of the patterns that may count behind it
        for number, rule in enumerate(self._rules):
            for topic in following.get(rule, ()):
                self._behind[topic] = self._behind.get(topic, 0) | 1 << number
        self._fill(masks, padding)

    def possible(
        self, codes: Codes, starts: Sequence[int], ends: Sequence[int], first: int = 0
    ) -> tuple[list[Possible], Following]:
        """Patterns in order of place, and those that count only behind a mention. `codes`: of the whole text; `starts`
        and `ends`: some turns in a row, the number of the first; no pattern crosses a turn."""
        pieces = _pieces(starts, ends, first) if self._rules else _NO_PIECES
        if not pieces.turns:
            return [], _NO_FOLLOWING
        seen = self._seen(codes[starts[0] : ends[-1] + 1], np.array(pieces.starts) - starts[0])
        if pieces.starts is not starts:
            joined = [low > starts[turn - first] for turn, low in zip(pieces.turns, pieces.starts, strict=True)]
            if any(joined):
                self._look_around(seen, np.array(joined))
        left = seen[:, : self._widths[0]]
        for offset, width in self._lanes[1:]:
            left[:, :width] &= seen[:, offset : offset + width]
        return self._at_once(left & self._alone, pieces), Following(pieces, left, self._rules, self._behind)

    def _at_once(self, bits: NDArray[np.uint64], pieces: Pieces) -> list[Possible]:
        """The patterns whose bits are set, by piece."""
        flat = bits.reshape(-1)
        places = flat.nonzero()[0]
        width, numbers = bits.shape[1], self._rules
        turns, starts, ends = pieces
        found: list[Possible] = []
        rules: list[int] = []
        last = -1
        for place, word in zip(places.tolist(), flat.take(places).tolist(), strict=True):
            piece = place // width
            if piece != last:
                last, rules = piece, []
                found.append(Possible(turns[piece], starts[piece], ends[piece], rules))
            first = place % width * _WORD - 1
            while word:
                lowest = word & -word
                rules.append(numbers[first + lowest.bit_length()])
                word ^= lowest
        return found

    def _seen(self, codes: Codes, lows: NDArray[np.intp]) -> NDArray[np.uint64]:
        """For each piece the bits of all that stands in it."""
        rows = self._grams.rows(codes)
        wanted = rows != 0
        begins = lows * PER_PLACE
        wanted[begins] = True  # so that each piece has a row, be it the empty one
        places = wanted.nonzero()[0]
        found = self._buffer(places.size)
        self._masks.take(rows.take(places), axis=0, out=found, mode="clip")
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
        self._grams = Grams(texts[Kind.CHARACTERS], texts[Kind.SOUNDS], syllable_table())
        self._masks = np.stack([self._row(bits | padding) for bits in self._grams.masks])

    def _row(self, bits: int) -> NDArray[np.uint64]:
        return np.frombuffer(bits.to_bytes(self._words * 8, "little"), "<u8").astype(np.uint64)


def _pieces(starts: Sequence[int], ends: Sequence[int], first: int) -> Pieces:
    lengths = list(map(sub, ends, starts))
    if min(lengths, default=0) > 0 and max(lengths) <= _LONGEST_WHOLE:
        return Pieces(range(first, first + len(starts)), starts, ends)
    turns, lows, highs = [], [], []
    for turn, (low, end) in enumerate(zip(starts, ends, strict=True), first):
        while low < end:
            high = low + PIECE if end - low > _LONGEST_WHOLE else end
            turns.append(turn)
            lows.append(low)
            highs.append(high)
            low = high
    return Pieces(turns, lows, highs)
