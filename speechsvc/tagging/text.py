"""Normalised text of a whole conversation, with the way back to the code points as given.

Width (NFKC), script (traditional to simplified) and case change one code point into one, so offsets stay. Only blanks
beside Chinese characters and hesitations (嗯, 呃) are taken out; those places are remembered.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np
import opencc
from numpy.typing import NDArray

from speechsvc.domain.conversation import Conversation
from speechsvc.tagging.codes import TABLE_SIZE, Codes, codes_of, mapped, table_of, text_of

BREAK = "\n"  # stands between turns; no literal holds it
UNKNOWN = "\ufffd"
STOPS = "。！？!?;；\n"

_DROP = re.compile(r"(?<=[^\x00-\x7f]) +| +(?=[^\x00-\x7f\n])|(?<=\b[a-z]) (?=[a-z]\b)|[嗯呃]+")
_DROP_BEGINS = tuple(map(ord, " 嗯呃"))  # every match of _DROP begins with one of these


@dataclass(frozen=True, kw_only=True, slots=True)
class NormalText:
    """All turns joined by line breaks; offsets `i` below are into `text`."""

    text: str
    codes: Codes  # the same as code points
    starts: tuple[int, ...]  # where each turn begins
    ends: tuple[int, ...]
    origins: tuple[int, ...]  # where each turn begins in the joined original
    cuts: tuple[int, ...]  # offsets before which something was taken out
    cut_total: tuple[int, ...]  # characters taken out up to and with that cut

    def turn_at(self, i: int) -> int:
        """Index of the turn that holds offset `i`."""
        return bisect_right(self.starts, i) - 1

    def original(self, turn: int, start: int, end: int) -> tuple[int, int]:
        """The span as code points of that turn's text as given."""
        origin = self.origins[turn]
        return self._joined(start) - origin, self._joined(end - 1) + 1 - origin

    def _joined(self, i: int) -> int:
        if not self.cuts:
            return i
        cut = bisect_right(self.cuts, i)
        return i + (self.cut_total[cut - 1] if cut else 0)


def normalise(conversation: Conversation) -> NormalText:
    """Joins and normalises; linear in the length of the text."""
    texts = [turn.text for turn in conversation.turns]
    codes = mapped(codes_of(BREAK.join(texts)), _normal_codes())
    lengths = [len(text) for text in texts]
    origins = tuple(accumulate((length + 1 for length in lengths), initial=0))[:-1]
    codes[[origin - 1 for origin in origins[1:]]] = ord(BREAK)
    ends = tuple(origin + length for origin, length in zip(origins, lengths, strict=True))
    text = text_of(codes)
    spans = _fillers(text, codes)
    if spans:
        return _without(spans, codes, origins, ends)
    return NormalText(text=text, codes=codes, starts=origins, ends=ends, origins=origins, cuts=(), cut_total=())


def normal_form(literal: str) -> str:
    """A lexicon literal as it must look to be found in normalised text."""
    return _DROP.sub("", literal.translate(normal_table())).strip() or literal.translate(normal_table()).strip()


@cache
def normal_table() -> str:
    """Code point -> normalised character, for `str.translate`: a string indexes faster than a dictionary."""
    points = [_folded(chr(point)) for point in range(TABLE_SIZE)]
    han = [point for point in range(0x3400, 0xA000) if point < 0x4DC0 or point >= 0x4E00]
    simplified = opencc.OpenCC("t2s").convert("\n".join(points[point] for point in han)).split("\n")
    for point, character in zip(han, simplified, strict=True):
        if len(character) == 1:
            points[point] = character
    return "".join(points)


@cache
def _normal_codes() -> Codes:
    return table_of(normal_table())


def _folded(character: str) -> str:
    """One character for one. Line ends become blanks: a break is ours. Private and surrogate points are unknown."""
    if unicodedata.category(character) in ("Cs", "Co", "Cn"):
        return UNKNOWN
    if character.isspace():
        return " "
    folded = unicodedata.normalize("NFKC", character).lower()
    return sys.intern(folded) if len(folded) == 1 and not folded.isspace() else character


def _fillers(text: str, codes: Codes) -> list[tuple[int, int]]:
    """What `_DROP.finditer` finds, tried only where it can begin."""
    space, first, second = _DROP_BEGINS
    places = np.flatnonzero((codes == space) | (codes == first) | (codes == second)).tolist()
    spans: list[tuple[int, int]] = []
    end = 0
    for place in places:
        if place >= end and (match := _DROP.match(text, place)):
            end = match.end()
            spans.append((place, end))
    return spans


def _without(spans: list[tuple[int, int]], codes: Codes, origins: tuple[int, ...], ends: tuple[int, ...]) -> NormalText:
    kept = np.ones(codes.size + 1, np.bool_)
    for start, end in spans:
        kept[start:end] = False
    places: NDArray[np.intp] = np.cumsum(kept) - kept  # where each character, and the end, comes to stand
    gone = list(accumulate(end - start for start, end in spans))
    left = codes[kept[:-1]]
    return NormalText(
        text=text_of(left),
        codes=left,
        starts=_at(places, origins),
        ends=_at(places, ends),
        origins=origins,
        cuts=_at(places, [start for start, _ in spans]),
        cut_total=tuple(gone),
    )


def _at(places: NDArray[np.intp], offsets: Sequence[int]) -> tuple[int, ...]:
    return tuple(places[list(offsets)].tolist()) if offsets else ()
