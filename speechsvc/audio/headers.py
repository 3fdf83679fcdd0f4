"""What a file's own header says about the sound that follows, in formats whose demuxer tells too little.

Read from untrusted bytes: every walk is bounded, and whatever makes no sense gives None.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_STREAMED = 0x7FFF_F000  # writers that cannot seek back leave 0 or nearly 2 or 4 GiB as the size
_MOST_CHUNKS = 64  # a real header has a handful
_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_W64_DATA = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """Where the sound lies in the file, as its header says."""

    data_offset: int  # bytes from the beginning of the file
    data_bytes: int | None  # as declared; None when the writer did not know


def read_wav(path: Path) -> Extent | None:
    """RIFF and RF64; None without `fmt ` or `data`."""
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            return None
        return _walk_riff(file)


def read_w64(path: Path) -> Extent | None:
    """Sony Wave64: chunks of a GUID and a size that counts its own 24 bytes, aligned to 8."""

    def parse(head: bytes) -> tuple[bool, int]:
        size = int(struct.unpack("<Q", head[16:])[0])
        return head[:16] == _W64_DATA, (size + 7) // 8 * 8 - 24

    return _walk(path, start=40, begins=_W64_RIFF, header=24, parse=parse)


def read_caf(path: Path) -> Extent | None:
    """Apple's Core Audio Format; the size of `data` may be -1."""

    def parse(head: bytes) -> tuple[bool, int]:
        return head[:4] == b"data", int(struct.unpack(">q", head[4:])[0])

    return _walk(path, start=8, begins=b"caff", header=12, parse=parse)


def read_asf(path: Path) -> Extent | None:
    """ASF (WMA) says the size of the whole file; one that was broadcast does not know it."""
    with path.open("rb") as file:
        head = file.read(30)
        body = file.read(65_536)
    at = body.find(_ASF_FILE)
    if head[:16] != _ASF_HEADER or at < 0 or len(body) < at + 92:
        return None
    size, flags = struct.unpack_from("<Q", body, at + 40)[0], struct.unpack_from("<I", body, at + 88)[0]
    return Extent(data_offset=0, data_bytes=None if flags & 1 else int(size))


def hides_sound(path: Path) -> bool:
    """Whether a WAV holds much more than its header declares: the recorder died before it wrote the final length.

    More than the declared `data` may also be further chunks (tags); those begin with a name.
    """
    header = read_wav(path)
    if header is None or header.data_bytes is None:
        return False
    end = header.data_offset + header.data_bytes + header.data_bytes % 2
    size = path.stat().st_size - end
    if size < 8:
        return False
    with path.open("rb") as file:
        file.seek(end)
        following = file.read(8)
    named = all(32 <= byte < 127 for byte in following[:4]) and int.from_bytes(following[4:], "little") <= size
    return not named and size > 800  # 50 ms of the slowest PCM


def _walk_riff(file: BinaryIO) -> Extent | None:
    known_format = False
    long_size: int | None = None
    for _ in range(_MOST_CHUNKS):
        chunk = file.read(8)
        if len(chunk) < 8:
            return None
        name, size = struct.unpack("<4sI", chunk)
        if name == b"data":
            return _riff_data(long_size if size == 0xFFFF_FFFF else size, file.tell()) if known_format else None
        body = file.read(min(size, 64))
        known_format = known_format or (name == b"fmt " and len(body) >= 16)
        if name == b"ds64" and len(body) >= 16:
            long_size = int(struct.unpack("<QQ", body[:16])[1])
        file.seek(size - len(body) + size % 2, 1)
    return None


def _riff_data(size: int | None, offset: int) -> Extent:
    known = size if size is not None and (0 < size < _STREAMED or size > 0xFFFF_FFFF) else None
    return Extent(data_offset=offset, data_bytes=known)


def _walk(
    path: Path, *, start: int, begins: bytes, header: int, parse: Callable[[bytes], tuple[bool, int]]
) -> Extent | None:
    """`parse` tells from a chunk's `header` bytes whether it holds the sound, and how long its body is."""
    length = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(begins)) != begins:
            return None
        at = start
        for _ in range(_MOST_CHUNKS):
            file.seek(at)
            head = file.read(header)
            if len(head) < header:
                return None
            found, size = parse(head)
            if found:
                return Extent(data_offset=at + header, data_bytes=size if size > 0 else None)
            if size < 0 or at + header + size > length:
                return None
            at += header + size
    return None
