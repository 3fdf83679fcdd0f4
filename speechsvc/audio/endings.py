"""Whether a file ends where a recorder would end it, in formats that promise no length."""

from __future__ import annotations

import mmap
from pathlib import Path

_AMR = {  # bytes of a frame with its header byte, by frame type
    b"#!AMR\n": (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1),
    b"#!AMR-WB\n": (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1),
}
_MOST_FRAMES = 4_000_000  # 22 hours of AMR
_BITRATES = {  # kbit/s of layer III by MPEG version 1 and 2 (2.5 has those of 2)
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
_MP3_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8000)}
_MP3_TAIL = 8192  # bytes; holds several frames, of which the longest has 1441
_PAGE = 65_307  # bytes, the largest Ogg page


def ends_properly(path: Path, container: str) -> bool:
    """False for Ogg without its last page, and for AMR and MP3 that end within a frame: the tail was cut off."""
    names = container.split(",")
    if "ogg" in names:
        return _ogg_ends(path)
    if "mp3" in names:
        return _mp3_ends(path)
    return _amr_ends(path) if "amr" in names else True


def _ogg_ends(path: Path) -> bool:
    """The last page carries the end-of-stream flag and is all there."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _PAGE - 4096))
        tail = file.read()
    page = tail.rfind(b"OggS")
    if page < 0 or len(tail) < page + 27 or not tail[page + 5] & 4:
        return False
    sizes = tail[page + 27 : page + 27 + tail[page + 26]]
    return len(sizes) == tail[page + 26] and len(tail) >= page + 27 + len(sizes) + sum(sizes)


def _amr_ends(path: Path) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = [magic for magic in _AMR if data[: len(magic)] == magic]
        if not found:
            return True
        sizes, at, length = _AMR[found[0]], len(found[0]), len(data)
        for _ in range(_MOST_FRAMES):
            if at >= length:
                break
            at += sizes[(data[at] >> 3) & 15]
        return at <= length


def _mp3_ends(path: Path) -> bool:
    """Follows the last frames to the end of the file; tags may stand behind them."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _MP3_TAIL))
        tail = file.read()
    for start in range(len(tail) - 4):
        end, frames = _follow(tail, start)
        if frames >= 3:
            return end <= len(tail)
    return True


def _follow(data: bytes, at: int) -> tuple[int, int]:
    """Where the frames that begin at `at` end, and how many they are."""
    frames = 0
    while (length := _mp3_frame(data, at)) is not None:
        at, frames = at + length, frames + 1
    return at, frames


def _mp3_frame(data: bytes, at: int) -> int | None:
    """Bytes of the layer III frame at `at`; None if there is none."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
        return None
    version, rate = (data[at + 1] >> 3) & 3, (data[at + 2] >> 2) & 3
    if version == 1 or rate == 3:
        return None
    kilobits = _BITRATES[1 if version == 3 else 2][data[at + 2] >> 4]
    size = (144_000 if version == 3 else 72_000) * kilobits // _MP3_RATES[version][rate]
    return size + ((data[at + 2] >> 1) & 1) if size else None
