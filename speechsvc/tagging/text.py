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
from itertools import accumulate

import opencc

from speechsvc.domain.conversation import Conversation

BREAK = "\n"  # stands between turns; no literal holds it
UNKNOWN = "\ufffd"
STOPS = "。！？!?;；\n"

_DROP = re.compile(r"(?<=[^\x00-\x7f]) +| +(?=[^\x00-\x7f\n])|(?<=\b[a-z]) (?=[a-z]\b)|[嗯呃]+")
_NEEDS_DROP = re.compile(r"[ 嗯呃]")
_TABLE_SIZE = 0x10000


@dataclass(frozen=True, kw_only=True, slots=True)
class NormalText:
    """All turns joined by line breaks; offsets `i` below are into `text`."""

    text: str
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
    table = normal_table()
    parts = [turn.text.translate(table) for turn in conversation.turns]
    text = BREAK.join(parts)
    lengths = [len(part) for part in parts]
    origins = tuple(accumulate((length + 1 for length in lengths), initial=0))[:-1]
    if not _NEEDS_DROP.search(text):
        ends = tuple(origin + length for origin, length in zip(origins, lengths, strict=True))
        return NormalText(text=text, starts=origins, ends=ends, origins=origins, cuts=(), cut_total=())
    return _without_fillers(text, origins, lengths)


def normal_form(literal: str) -> str:
    """A lexicon literal as it must look to be found in normalised text."""
    return _DROP.sub("", literal.translate(normal_table())).strip() or literal.translate(normal_table()).strip()


@cache
def normal_table() -> str:
    """Code point -> normalised character, for `str.translate`: a string indexes faster than a dictionary."""
    points = [_folded(chr(point)) for point in range(_TABLE_SIZE)]
    han = [point for point in range(0x3400, 0xA000) if point < 0x4DC0 or point >= 0x4E00]
    simplified = opencc.OpenCC("t2s").convert("\n".join(points[point] for point in han)).split("\n")
    for point, character in zip(han, simplified, strict=True):
        if len(character) == 1:
            points[point] = character
    return "".join(points)


def _folded(character: str) -> str:
    """One character for one. Line ends become blanks: a break is ours. Private and surrogate points are unknown."""
    if unicodedata.category(character) in ("Cs", "Co", "Cn"):
        return UNKNOWN
    if character.isspace():
        return " "
    folded = unicodedata.normalize("NFKC", character).lower()
    return sys.intern(folded) if len(folded) == 1 and not folded.isspace() else character


def _without_fillers(text: str, origins: tuple[int, ...], lengths: list[int]) -> NormalText:
    spans = [match.span() for match in _DROP.finditer(text)]
    pieces, cuts, totals, last, gone = [], [], [], 0, 0
    for start, end in spans:
        pieces.append(text[last:start])
        cuts.append(start - gone)
        gone += end - start
        totals.append(gone)
        last = end
    pieces.append(text[last:])
    begins = [start for start, _ in spans]

    def moved(i: int) -> int:
        cut = bisect_right(begins, i - 1)
        return i - (totals[cut - 1] if cut else 0)

    return NormalText(
        text="".join(pieces),
        starts=tuple(moved(origin) for origin in origins),
        ends=tuple(moved(origin + length) for origin, length in zip(origins, lengths, strict=True)),
        origins=origins,
        cuts=tuple(cuts),
        cut_total=tuple(totals),
    )
