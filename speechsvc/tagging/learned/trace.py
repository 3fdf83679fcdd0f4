"""What the first look left of a call, kept beside its analysis: a preview of another lexicon with the same models
starts from these numbers and reads no word that the change does not touch.

A row a turn, a column a topic with a model, in the models' order: the linear models' scores, whether a written entry
found the topic (also where the mention fell later), and how long the turn is.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_HEAD = struct.Struct("<BIH")  # format, turns, columns
_FORMATS: dict[int, Any] = {1: np.int16, 2: np.int32}  # by format: what holds a score
LONGEST = 60  # characters of a turn beyond which nothing looks at its length


@dataclass(frozen=True, slots=True)
class Trace:
    """Of one call, or of some of its turns."""

    scores: Array  # turns by columns, whole numbers
    written: Array  # the same shape, bool
    lengths: Array  # by turn: characters without marks, LONGEST at most; 0: nothing said

    def rows(self, turns: Sequence[int] | None) -> Trace:
        """Of these turns; none: of all."""
        if turns is None:
            return self
        some = list(turns)
        return Trace(self.scores[some], self.written[some], self.lengths[some])


def joined(parts: Sequence[tuple[Trace, Sequence[int] | None]]) -> Trace:
    """One trace of traces of parts, each with the places of its turns in the whole."""
    if len(parts) == 1 and parts[0][1] is None:
        return parts[0][0]
    order = np.argsort(np.concatenate([np.asarray(turns, dtype=np.intp) for _, turns in parts]))
    return Trace(
        *(
            np.concatenate([getattr(trace, name) for trace, _ in parts])[order]
            for name in ("scores", "written", "lengths")
        )
    )


def pack_trace(trace: Trace) -> bytes:
    """About two bytes for each character spoken."""
    turns, columns = trace.scores.shape
    small = not trace.scores.size or int(np.abs(trace.scores).max()) < 2**15
    scores = trace.scores.astype(_FORMATS[1 if small else 2])
    # high and low bytes apart: the high ones repeat
    body = b"".join(
        (
            trace.lengths.astype(np.uint8).tobytes(),
            np.packbits(trace.written).tobytes(),
            scores.view(np.uint8).reshape(turns * columns, scores.itemsize).T.tobytes(),
        )
    )
    return _HEAD.pack(1 if small else 2, turns, columns) + zlib.compress(body)


def unpack_trace(data: bytes) -> Trace | None:
    """None where it is of a form that is not known here."""
    kind, turns, columns = _HEAD.unpack_from(data)
    if kind not in _FORMATS:
        return None
    body = np.frombuffer(zlib.decompress(data[_HEAD.size :]), np.uint8)
    size = turns * columns
    flags = turns + -(-size // 8)
    itemsize = np.dtype(_FORMATS[kind]).itemsize
    scores = np.ascontiguousarray(body[flags:].reshape(itemsize, size).T).view(_FORMATS[kind]).reshape(turns, columns)
    return Trace(
        scores.astype(np.int64),
        np.unpackbits(body[turns:flags], count=size).astype(np.bool_).reshape(turns, columns),
        body[:turns].astype(np.int64),
    )
