"""How long a file says it is, where its format makes that a promise: WAV, FLAC, MP4, WebM, tagged MP3, finished Ogg.

MP3 without an Xing tag, ADTS and AMR only let one guess from the file size; a guess must not mark a call as partial.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PROMISING = ("flac", "mov", "mp4", "matroska", "webm", "w64", "aiff", "caf")
_STREAMED = 0x7FFF_F000  # writers that cannot seek back leave 0 or nearly 2 or 4 GiB as the size


@dataclass(frozen=True, kw_only=True, slots=True)
class WavHeader:
    """What a RIFF header says about the samples that follow."""

    rate: int  # Hz
    channels: int
    data_bytes: int | None  # as declared; None when the writer did not know
    data_offset: int  # bytes from the beginning of the file


def promised_seconds(path: Path, container: str, declared: float | None, decoded: float) -> float | None:
    """Seconds promised by the file at `path`, or None if its format promises nothing.

    `container`, `declared` and `decoded` seconds are what the decoder reported.
    """
    names = container.split(",")
    if "wav" in names:
        return _promised_by_wav(path, decoded)
    if "mp3" in names:
        return declared if _has_frame_count(path) else None
    return declared if any(name in _PROMISING for name in names) else None


def _promised_by_wav(path: Path, decoded: float) -> float | None:
    """By bytes, because the byte rate in headers of compressed WAVs is often wrong or zero."""
    header = read_wav_header(path)
    if header is None or header.data_bytes is None:
        return None
    available = path.stat().st_size - header.data_offset
    if available <= 0:
        return None
    return decoded * max(1.0, header.data_bytes / available)


def ends_properly(path: Path, container: str) -> bool:
    """False for an Ogg file whose last page lacks the end-of-stream flag: its tail was cut off."""
    if "ogg" not in container.split(","):
        return True
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 70_000))  # a page is at most 65 307 bytes
        tail = file.read()
    page = tail.rfind(b"OggS")
    return page >= 0 and len(tail) > page + 5 and bool(tail[page + 5] & 4)


def read_wav_header(path: Path) -> WavHeader | None:
    """Parses RIFF and RF64 headers; None if it is not one or lacks `fmt ` or `data`."""
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            return None
        return _walk_chunks(file)


def _walk_chunks(file: BinaryIO) -> WavHeader | None:
    fmt: tuple[int, ...] | None = None
    long_size: int | None = None
    for _ in range(64):  # a real header has a handful of chunks
        chunk = file.read(8)
        if len(chunk) < 8:
            return None
        name, size = struct.unpack("<4sI", chunk)
        if name == b"data":
            return _header(fmt, long_size if size == 0xFFFF_FFFF else size, file.tell())
        body = file.read(min(size, 64))
        if name == b"fmt " and len(body) >= 16:
            fmt = struct.unpack("<HHIIHH", body[:16])
        if name == b"ds64" and len(body) >= 16:
            long_size = int(struct.unpack("<QQ", body[:16])[1])
        file.seek(size - len(body) + size % 2, 1)
    return None


def _header(fmt: tuple[int, ...] | None, size: int | None, offset: int) -> WavHeader | None:
    if fmt is None:
        return None
    known = size if size is not None and (0 < size < _STREAMED or size > 0xFFFF_FFFF) else None
    return WavHeader(rate=fmt[2], channels=fmt[1], data_bytes=known, data_offset=offset)


def _has_frame_count(path: Path) -> bool:
    """Whether the first MPEG frame is an Xing, Info or VBRI tag, which counts the frames."""
    with path.open("rb") as file:
        head = file.read(10)
        skip = 0
        if head[:3] == b"ID3" and len(head) == 10:
            skip = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        file.seek(skip)
        frame = file.read(2048)
    return any(tag in frame for tag in (b"Xing", b"Info", b"VBRI"))


def looks_like_audio(path: Path) -> bool:
    """Whether the first bytes are those of an audio file, so that one that cannot be opened is damaged, not foreign."""
    with path.open("rb") as file:
        head = file.read(16)
    starts = (b"RIFF", b"RF64", b"OggS", b"fLaC", b"ID3", b"#!AMR", b"\x1a\x45\xdf\xa3", b"FORM", b"caff", b".snd")
    return head.startswith(starts) or head[4:8] == b"ftyp"
