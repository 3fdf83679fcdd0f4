"""Words: jieba's dictionary and unigram model, asked only about the few characters around a candidate."""

from __future__ import annotations

import logging
import math
import os
import stat
import tempfile
import threading
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import jieba
import numpy as np

from speechsvc.tagging.codes import codes_of

_LONGEST = 6  # characters of a dictionary word that are looked at
_USUAL = 30  # count of a word that is in common use
_AROUND = 4  # characters of context on either side
_LOGS = 5000  # counts whose logarithms are kept
_PAIRS = (1 << 22) - 1  # of three hundred thousand pairs, few share a place
_MULTIPLIER = 40503  # odd, near 2**16 times the golden ratio
_lock = threading.Lock()


class Words:
    """Read-only after construction, hence safe to share between threads."""

    def __init__(self) -> None:
        jieba.setLogLevel(logging.WARNING)
        self.tokenizer = jieba.Tokenizer()
        self.tokenizer.tmp_dir = str(_cache_folder())
        self.tokenizer.initialize()
        self._freq: dict[str, int] = self.tokenizer.FREQ  # with every word all its beginnings, counted 0
        self._log_total = math.log(self.tokenizer.total)
        self._log = [-math.inf, *map(math.log, range(1, _LOGS))]
        self._joined = _pairs(word for word, count in self._freq.items() if count)

    def frequency(self, word: str) -> int:
        """Count in jieba's dictionary; 0 for what it does not know."""
        return self._freq.get(word, 0)

    def log_probability(self, text: str) -> float:
        """Natural logarithm of the likeliest segmentation's probability in everyday Chinese."""
        return self._best(text, None)

    def straddle(self, text: str, start: int, end: int) -> float:
        """How much likelier (in nats) a reading is in which a word crosses an edge of the span; 0 where none can."""
        if not self._may_straddle(text, start, end):
            return 0.0
        low, high = self._open(text, start, end)
        window, span = text[low:high], (start - low, end - low)
        best, path = self._read(window)
        if not any(_crosses(s, e, span) for s, e in path):
            return 0.0
        return best - self._best(window, span)

    def gain(self, text: str, start: int, end: int, literal: str) -> float:
        """How much likelier (in nats) the surroundings become when the span reads `literal`."""
        low, high = _window(text, start, end)
        before, after = text[low:start], text[end:high]
        return self._best(before + literal + after, None) - self._best(text[low:high], None)

    def covering(self, text: str, start: int, end: int, positions: Sequence[int]) -> int:
        """Highest frequency of the longer words that hold one of `positions` (in the likeliest
        reading around the span); 0 where they stand alone."""
        low, high = _window(text, start, end)
        words = [(s + low, e + low) for s, e in self._path(text[low:high]) if e - s > 1]
        return max((self.frequency(text[s:e]) for s, e in words if any(s <= p < e for p in positions)), default=0)

    def cut_at(self, text: str, position: int, edge: int) -> bool:
        """Whether, in the likeliest reading, the word at `position` reaches over `edge` (an offset beside it)."""
        if not self._any_over(text, edge):
            return False
        low, high = _window(text, min(position, edge), max(position + 1, edge))
        return any(s + low <= position < e + low and s + low < edge < e + low for s, e in self._path(text[low:high]))

    def in_pair(self, text: str, position: int) -> bool:
        """Whether the character makes a usual two-character word with either neighbour; a quick look, no reading."""
        before = self._freq.get(text[position - 1 : position + 1], 0) if position else 0
        return before >= _USUAL or self._freq.get(text[position : position + 2], 0) >= _USUAL

    def _open(self, text: str, start: int, end: int) -> tuple[int, int]:
        """The window as far as words may reach over its gaps: beyond, nothing bears on the edges of the span."""
        low, high = _window(text, start, end)
        for place in range(start, low, -1):
            if not self._may_join(text, place):
                low = place
                break
        for place in range(end, high):
            if not self._may_join(text, place):
                high = place
                break
        return low, high

    def _may_straddle(self, text: str, start: int, end: int) -> bool:
        """Whether any word crosses an edge of the span, at most three characters of it outside and three inside."""
        freq, inside, size = self._freq, min(3, end - start - 1), len(text)
        if start and self._may_join(text, start):
            for low in range(start - 1, max(-1, start - 4), -1):
                if text[low : start + 1] in freq:
                    for high in range(start + 1, start + inside + 1):
                        if freq.get(text[low:high]):
                            return True
        if end < size and self._may_join(text, end):
            for low in range(end - 1, end - inside - 1, -1):
                if text[low : end + 1] in freq:
                    for high in range(end + 1, min(end + 3, size) + 1):
                        if freq.get(text[low:high]):
                            return True
        return False

    def _may_join(self, text: str, edge: int) -> bool:
        """Whether the characters on both sides of the edge stand side by side in some word; now and then although they
        do not. A small table that stays in the processor's cache, as the dictionary cannot."""
        pair = (ord(text[edge - 1]) * _MULTIPLIER + ord(text[edge])) & _PAIRS
        return bool(self._joined[pair >> 3] & 1 << (pair & 7))

    def _any_over(self, text: str, edge: int) -> bool:
        """Whether any word reaches over the edge, by at most three characters on either side."""
        if not 0 < edge < len(text) or not self._may_join(text, edge):
            return False
        freq = self._freq
        for low in range(max(0, edge - 3), edge):
            if text[low : edge + 1] in freq and any(freq.get(text[low : edge + inside]) for inside in range(1, 4)):
                return True
        return False

    def _best(self, text: str, span: tuple[int, int] | None) -> float:
        """Log-probability of the best segmentation; with a span, of the best in which no word crosses one edge only."""
        get, logs, total, size = self._freq.get, self._log, self._log_total, len(text)
        best = [0.0] + [-math.inf] * size
        for s in range(size):
            before = best[s]
            for e in range(s + 1, min(size, s + _LONGEST) + 1):
                count = get(text[s:e])
                if (count or e == s + 1) and (span is None or not _crosses(s, e, span)):
                    score = before + (logs[count or 1] if not count or count < _LOGS else math.log(count)) - total
                    if score > best[e]:
                        best[e] = score
                if count is None:
                    break
        return best[-1]

    def _path(self, text: str) -> list[tuple[int, int]]:
        return self._read(text)[1]

    def _read(self, text: str) -> tuple[float, list[tuple[int, int]]]:
        """Log-probability of the best segmentation, and its words; of two as good the one with shorter last words."""
        get, logs, total, size = self._freq.get, self._log, self._log_total, len(text)
        best, back = [0.0] + [-math.inf] * size, [0] * (size + 1)
        for s in range(size):
            before = best[s]
            for e in range(s + 1, min(size, s + _LONGEST) + 1):
                count = get(text[s:e])
                if count or e == s + 1:
                    score = before + (logs[count or 1] if not count or count < _LOGS else math.log(count)) - total
                    if score >= best[e]:
                        best[e], back[e] = score, s
                if count is None:
                    break
        spans, e = [], size
        while e:
            spans.append((back[e], e))
            e = back[e]
        return best[-1], spans[::-1]


def _pairs(words: Iterable[str]) -> bytes:
    """One bit for each pair of neighbours in a word, at a place that follows from the two code points."""
    codes = codes_of("\n".join(words)).astype(np.uint64)
    bits = np.zeros(_PAIRS + 1, np.uint8)
    bits[(codes[:-1] * np.uint64(_MULTIPLIER) + codes[1:]) & np.uint64(_PAIRS)] = 1  # line ends do no harm
    return np.packbits(bits, bitorder="little").tobytes()


@cache
def _words() -> Words:
    return Words()


def words() -> Words:
    """The one dictionary of the process, loaded at first use (about half a second)."""
    with _lock:
        return _words()


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """A few characters around the span, not across the end of a turn."""
    low, high = max(0, start - _AROUND), min(len(text), end + _AROUND)
    left, right = text.rfind("\n", low, start), text.find("\n", end, high)
    return (low if left < 0 else left + 1), (high if right < 0 else right)


def _crosses(s: int, e: int, span: tuple[int, int]) -> bool:
    start, end = span
    return (s < start < e < end) or (start < s < end < e)


def _cache_folder() -> Path:
    """A folder only we can write: jieba loads its cache with marshal, which must never read another user's file."""
    folder = Path(tempfile.gettempdir()) / f"speechsvc-jieba-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022:
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="speechsvc-jieba-"))
