"""What the candidate index knows: in which turns of which calls two characters, or two syllables, follow each other.

Toneless, confusable syllables as the homophone scan uses them, so that what only sounds like an entry is never missed;
characters, so that entries without homophones name few turns. Syllables have code points of their own; characters
without a reading (Latin, digits) are their own syllables. A feature is `first << 16 | second`; `first << 16` alone asks
for one unit, and each turn's last unit is followed by its break, so that every unit begins a pair.

A block holds up to BLOCK calls. Its turns are numbered through; where they are more than SLOTS, two or more turns in a
row share a number. Postings: for each first unit one piece of bytes with, for each second one, either the turns'
numbers (two bytes each) or, where many turns have it, one bit a number. HEAD says how many turns each call has.
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

BLOCK = 384  # calls in a block: of up to 170 turns each, every turn has its own number
SLOTS = 0xFFFF  # numbers for its turns
HEAD = -1  # first unit under which a block keeps the turns of its calls
FORMAT = "3"  # raise it when features or postings change their meaning
_BITMAP = (SLOTS + 1) // 8  # bytes
_MANY = _BITMAP // 2  # turns from which a bitmap is no longer than their numbers
_BREAK = ord(BREAK)

Mask = NDArray[np.uint8]  # one bit a number of the block
Places = Mapping[int, tuple[int, ...]]  # call's place -> turns


@cache
def index_version() -> str:
    """Of the tables that decide features: blocks made with other ones are not asked."""
    tables = normal_table() + syllables("".join(map(chr, range(0x3400, 0xA000))))
    return f"{FORMAT}-{hashlib.sha256(tables.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def call_features(conversation: Conversation) -> bytes:
    """How many turns; then every feature with its turn, `feature << 32 | turn`, sorted. Eight bytes each."""
    text = normalise(conversation).text
    keys = [_keys(units) for units in (text, syllables(text))] if conversation.turns else []
    found = np.unique(np.concatenate(keys)) if keys else np.empty(0, np.uint64)
    return np.concatenate((np.array([len(conversation.turns)], np.uint64), found)).tobytes()


def _keys(text: str) -> NDArray[np.uint64]:
    units = np.append(_units(text), _BREAK).astype(np.uint64)
    breaks = units == _BREAK
    turns = np.cumsum(breaks) - breaks  # of each unit
    inside = ~breaks[:-1]
    pairs = units[:-1] << np.uint64(16) | units[1:]
    return np.asarray(pairs[inside] << np.uint64(32) | turns[:-1][inside].astype(np.uint64))


def text_features(text: str) -> tuple[int, ...]:
    """Features of every turn in whose text, or syllables, this string stands: all its pairs, or its only unit."""
    units = _units(text)
    if units.size < 2:
        return tuple(int(unit) << 16 for unit in units)
    return tuple(sorted(set((units[:-1] << 16 | units[1:]).tolist())))


def pack_block(features: Sequence[bytes]) -> dict[int, bytes]:
    """Postings by first unit; a call's place is its index in `features`. Raises ValueError beyond BLOCK calls."""
    if len(features) > BLOCK:
        raise ValueError(f"a block holds {BLOCK} calls")
    calls = [np.frombuffer(one, np.uint64) for one in features]
    turns = np.array([int(one[0]) for one in calls], np.int64)
    together = _together(turns)
    every = np.sort(np.concatenate(_numbered(calls, turns, together))) if calls else np.empty(0, np.uint64)
    every = every[np.append(True, every[1:] != every[:-1])] if every.size else every
    numbers = (every & np.uint64(0xFFFF)).astype("<u2")
    kinds, starts = np.unique(every >> np.uint64(32), return_index=True)
    lists = np.split(numbers, starts[1:]) if kinds.size else []
    by_first: dict[int, list[tuple[int, NDArray[Any]]]] = {}
    for kind, found in zip(kinds.tolist(), lists, strict=True):
        by_first.setdefault(kind >> 16, []).append((kind & 0xFFFF, found))
    head = np.append(together, turns).astype("<u4").tobytes()
    return {HEAD: head} | {first: _pack_postings(found) for first, found in by_first.items()}


def _together(turns: NDArray[np.int64]) -> int:
    """How many turns in a row share a number, so that the numbers suffice."""
    together = 1
    while int((-(-turns // together)).sum()) > SLOTS:
        together += 1
    return together


def _numbered(calls: Sequence[NDArray[np.uint64]], turns: NDArray[np.int64], together: int) -> list[NDArray[np.uint64]]:
    """The calls' features with the numbers of their turns in the block."""
    used = -(-turns // together)
    firsts = np.cumsum(used) - used
    low = np.uint64(0xFFFFFFFF)
    return [
        (one[1:] & ~low) | ((one[1:] & low) // np.uint64(together) + np.uint64(first))
        for one, first in zip(calls, firsts.tolist(), strict=True)
    ]


def turns_with(features: Iterable[int], postings: Mapping[int, bytes]) -> Mask:
    """The numbers of a block that have all of these features."""
    mask: Mask = np.full(_BITMAP, 0xFF, dtype=np.uint8)
    for feature in features:
        mask &= _found(postings.get(feature >> 16), feature & 0xFFFF)
    return mask


def no_turns() -> Mask:
    return np.zeros(_BITMAP, dtype=np.uint8)


def places(mask: Mask, postings: Mapping[int, bytes]) -> Places:
    """The calls and turns of a mask's numbers."""
    head = np.frombuffer(postings[HEAD], "<u4").astype(np.int64)
    together, turns = int(head[0]), head[1:]
    used = -(-turns // together)
    ends = np.cumsum(used)
    numbers = np.flatnonzero(np.unpackbits(mask, bitorder="little"))
    numbers = numbers[numbers < (ends[-1] if ends.size else 0)]
    calls = np.searchsorted(ends, numbers, side="right")
    begins = (numbers - (ends - used)[calls]) * together
    found: dict[int, tuple[int, ...]] = {}
    for call, begin in zip(calls.tolist(), begins.tolist(), strict=True):
        found[call] = found.get(call, ()) + tuple(range(begin, min(begin + together, int(turns[call]))))
    return found


def _units(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2").astype(np.uint32)


def _pack_postings(found: list[tuple[int, NDArray[Any]]]) -> bytes:
    seconds = np.array([second for second, _ in found], dtype="<u2")
    counts = np.array([len(numbers) for _, numbers in found], dtype="<u2")
    head = np.array([len(found)], dtype="<u2")
    return b"".join(
        (head.tobytes(), seconds.tobytes(), counts.tobytes(), *(_pack_list(numbers) for _, numbers in found))
    )


def _pack_list(numbers: NDArray[Any]) -> bytes:
    return numbers.tobytes() if len(numbers) < _MANY else _bitmap(numbers).tobytes()


def _bitmap(numbers: NDArray[Any]) -> Mask:
    bits = np.zeros(SLOTS + 1, dtype=np.uint8)
    bits[numbers] = 1
    return np.packbits(bits, bitorder="little")


def _found(postings: bytes | None, second: int) -> Mask:
    """The turns with this second unit; with 0, all of the first one."""
    if postings is None:
        return no_turns()
    size = int(np.frombuffer(postings, dtype="<u2", count=1)[0])
    seconds = np.frombuffer(postings, dtype="<u2", count=size, offset=2)
    counts = np.frombuffer(postings, dtype="<u2", count=size, offset=2 + 2 * size).astype(np.int64)
    lengths = np.where(counts < _MANY, 2 * counts, _BITMAP)
    offsets = 2 + 4 * size + np.cumsum(lengths) - lengths
    if not second:
        return _any(postings, counts, offsets)
    at = int(np.searchsorted(seconds, second))
    if at == size or seconds[at] != second:
        return no_turns()
    return _list(postings, int(counts[at]), int(offsets[at]))


def _any(postings: bytes, counts: NDArray[np.int64], offsets: NDArray[np.int64]) -> Mask:
    """The turns of any of the lists: those between two bitmaps lie in one piece."""
    many = np.flatnonzero(counts >= _MANY).tolist()
    pieces: list[NDArray[Any]] = []
    begin = int(offsets[0]) if counts.size else len(postings)
    found = no_turns()
    for at in many:
        end = int(offsets[at])
        pieces.append(np.frombuffer(postings, dtype="<u2", count=(end - begin) // 2, offset=begin))
        found |= _list(postings, int(counts[at]), end)
        begin = end + _BITMAP
    pieces.append(np.frombuffer(postings, dtype="<u2", count=(len(postings) - begin) // 2, offset=begin))
    return found | _bitmap(np.concatenate(pieces))


def _list(postings: bytes, count: int, offset: int) -> Mask:
    if count < _MANY:
        return _bitmap(np.frombuffer(postings, dtype="<u2", count=count, offset=offset))
    return np.frombuffer(postings, dtype=np.uint8, count=_BITMAP, offset=offset)
