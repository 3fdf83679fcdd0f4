"""Normalised text of a whole conversation, with the way back to the code points as given.

Width (NFKC), script (traditional to simplified) and case change one code point into one, so offsets stay. Only blanks
beside Chinese characters and hesitations (嗯, 呃) are taken out; those places are remembered.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

import numpy as np
import opencc
from numpy.typing import NDArray

from speechsvc.domain.conversation import Conversation
from speechsvc.tagging.codes import TABLE_SIZE, Codes, codes_of, mapped, table_of, text_of

BREAK = "\n"  # stands between turns; no literal holds it
UNKNOWN = "\ufffd"
STOPS = "。！？!?;；\n"

_DROP = re.compile(r"(?<=[^\x00-\x7f]) +| +(?=[^\x00-\x7f\n])|(?<=\b[a-z]) (?=[a-z]\b)|[嗯呃]+")
_DROP_BEGINS = " 嗯呃"  # every match of _DROP begins with one of these
_BREAK_CODE = ord(BREAK)


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
        if not self.cuts:
            return start - origin, end - origin
        return self._joined(start) - origin, self._joined(end - 1) + 1 - origin

    def _joined(self, i: int) -> int:
        cut = bisect_right(self.cuts, i)
        return i + (self.cut_total[cut - 1] if cut else 0)


def normalise(conversation: Conversation) -> NormalText:
    """Joins and normalises; linear in the length of the text."""
    turns = conversation.turns
    joined = BREAK.join([turn.text for turn in turns])
    if joined.count(BREAK) >= max(1, len(turns)):  # breaks inside turns are blanks
        joined = BREAK.join([turn.text.replace(BREAK, " ") for turn in turns])
    codes = mapped(codes_of(joined), _joined_codes())
    starts, ends = _turns(codes, len(turns))
    text = text_of(codes)
    spans = _fillers(text, codes)
    if spans:
        return _without(spans, text, codes, starts)
    return NormalText(text=text, codes=codes, starts=starts, ends=ends, origins=starts, cuts=(), cut_total=())


def _turns(codes: Codes, count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where the turns begin and end: between the breaks."""
    if not count:
        return (), ()
    breaks = (codes == _BREAK_CODE).nonzero()[0]
    return (0, *(breaks + 1).tolist()), (*breaks.tolist(), codes.size)


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
def _joined_codes() -> Codes:
    """The same for joined turns: breaks stay."""
    table = table_of(normal_table())
    table[_BREAK_CODE] = _BREAK_CODE
    return table


@cache
def _drop_begins() -> NDArray[np.bool_]:
    """By code point."""
    begins = np.zeros(TABLE_SIZE, np.bool_)
    begins[[ord(character) for character in _DROP_BEGINS]] = True
    return begins


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
    spans: list[tuple[int, int]] = []
    end = 0
    for place in _drop_begins().take(codes, mode="clip").nonzero()[0].tolist():
        if place >= end and (match := _DROP.match(text, place)):
            end = match.end()
            spans.append((place, end))
    return spans


def _without(spans: list[tuple[int, int]], text: str, codes: Codes, origins: tuple[int, ...]) -> NormalText:
    kept = np.ones(codes.size, np.bool_)
    pieces: list[str] = []
    cuts: list[int] = []
    total: list[int] = []
    gone = last = 0
    for start, end in spans:
        kept[start:end] = False
        pieces.append(text[last:start])
        cuts.append(start - gone)
        gone += end - start
        total.append(gone)
        last = end
    left = codes[kept]
    starts, ends = _turns(left, len(origins))
    return NormalText(
        text="".join(pieces) + text[last:],
        codes=left,
        starts=starts,
        ends=ends,
        origins=origins,
        cuts=tuple(cuts),
        cut_total=tuple(total),
    )
