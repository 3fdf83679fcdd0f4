"""What the candidate index knows of a call: which characters and syllables it holds, and which two follow each other.

Toneless, confusable syllables as the homophone scan uses them, so that what only sounds like an entry is never missed;
characters, so that entries without homophones name few calls. Syllables have code points of their own; characters
without a reading (Latin, digits) are their own syllables. A feature is `first << 16 | second`, or `first << 16` alone.

A block holds the features of up to BLOCK calls as postings: for each first unit one piece of bytes with, for each
second one, either the calls' places (two bytes each) or, where many calls have it, one bit a call.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speechsvc.domain.conversation import Conversation
from speechsvc.tagging.syllables import syllables
from speechsvc.tagging.text import BREAK, normal_table, normalise

BLOCK = 4096  # calls in a block
FORMAT = "2"  # raise it when features or postings change their meaning
_BITMAP = BLOCK // 8  # bytes
_MANY = _BITMAP // 2  # calls from which a bitmap is no longer than their places
_BREAK = ord(BREAK)

Mask = NDArray[np.uint8]  # one bit a call of the block


@cache
def index_version() -> str:
    """Of the tables that decide features: blocks made with other ones are not asked."""
    tables = normal_table() + syllables("".join(map(chr, range(0x3400, 0xA000))))
    return f"{FORMAT}-{hashlib.sha256(tables.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def call_features(conversation: Conversation) -> bytes:
    """All features of the call, sorted, four bytes each."""
    text = normalise(conversation).text
    features = [part for units in (text, syllables(text)) for part in _singles_and_pairs(units)]
    found: NDArray[np.uint32] = np.unique(np.concatenate(features))
    return found.tobytes()


def _singles_and_pairs(text: str) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Features of units, and of neighbours in one turn."""
    units = _units(text)
    inside = units != _BREAK
    return units[inside] << 16, (units[:-1] << 16 | units[1:])[inside[:-1] & inside[1:]]


def text_features(text: str) -> tuple[int, ...]:
    """Features that every call has in whose text, or syllables, this string stands: all its pairs, or its only one."""
    units = _units(text)
    if units.size < 2:
        return tuple(int(unit) << 16 for unit in units)
    return tuple(sorted(set((units[:-1] << 16 | units[1:]).tolist())))


def pack_block(features: Sequence[bytes]) -> dict[int, bytes]:
    """Postings by first syllable; a call's place is its index in `features`. Raises ValueError beyond BLOCK calls."""
    if len(features) > BLOCK:
        raise ValueError(f"a block holds {BLOCK} calls")
    keys = [_keys(place, one) for place, one in enumerate(features)]
    every = np.sort(np.concatenate(keys)) if keys else np.empty(0, dtype=np.uint64)
    places = (every & np.uint64(0xFFFF)).astype("<u2")
    kinds, starts = np.unique(every >> np.uint64(16), return_index=True)
    lists = np.split(places, starts[1:]) if kinds.size else []
    by_first: dict[int, list[tuple[int, NDArray[Any]]]] = {}
    for kind, calls in zip(kinds.tolist(), lists, strict=True):
        by_first.setdefault(kind >> 16, []).append((kind & 0xFFFF, calls))
    return {first: _pack_postings(found) for first, found in by_first.items()}


def calls_with(features: Iterable[int], postings: Mapping[int, bytes]) -> Mask:
    """The calls of a block that have all of these features."""
    mask: Mask = np.full(_BITMAP, 0xFF, dtype=np.uint8)
    for feature in features:
        mask &= _calls(postings.get(feature >> 16), feature & 0xFFFF)
    return mask


def no_calls() -> Mask:
    return np.zeros(_BITMAP, dtype=np.uint8)


def places(mask: Mask) -> frozenset[int]:
    """The places of a mask's calls."""
    return frozenset(np.flatnonzero(np.unpackbits(mask, bitorder="little")).tolist())


def _units(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2").astype(np.uint32)


def _keys(place: int, features: bytes) -> NDArray[np.uint64]:
    return np.frombuffer(features, dtype=np.uint32).astype(np.uint64) << np.uint64(16) | np.uint64(place)


def _pack_postings(found: list[tuple[int, NDArray[Any]]]) -> bytes:
    seconds = np.array([second for second, _ in found], dtype="<u2")
    counts = np.array([len(calls) for _, calls in found], dtype="<u2")
    head = np.array([len(found)], dtype="<u2")
    return b"".join((head.tobytes(), seconds.tobytes(), counts.tobytes(), *(_pack_calls(calls) for _, calls in found)))


def _pack_calls(calls: NDArray[Any]) -> bytes:
    return calls.tobytes() if len(calls) < _MANY else _bitmap(calls).tobytes()


def _bitmap(calls: NDArray[Any]) -> Mask:
    bits = np.zeros(BLOCK, dtype=np.uint8)
    bits[calls] = 1
    return np.packbits(bits, bitorder="little")


def _calls(postings: bytes | None, second: int) -> Mask:
    if postings is None:
        return no_calls()
    size = int(np.frombuffer(postings, dtype="<u2", count=1)[0])
    seconds = np.frombuffer(postings, dtype="<u2", count=size, offset=2)
    at = int(np.searchsorted(seconds, second))
    if at == size or seconds[at] != second:
        return no_calls()
    counts = np.frombuffer(postings, dtype="<u2", count=size, offset=2 + 2 * size).astype(np.int64)
    lengths = np.where(counts < _MANY, 2 * counts, _BITMAP)
    offset = 2 + 4 * size + int(lengths[:at].sum())
    if counts[at] < _MANY:
        return _bitmap(np.frombuffer(postings, dtype="<u2", count=int(counts[at]), offset=offset))
    return np.frombuffer(postings, dtype=np.uint8, count=_BITMAP, offset=offset)
