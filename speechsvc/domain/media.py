"""What a sound file is, told by its first bytes; a file's name is never believed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_PCM = 1
_BROWSER_TYPES = frozenset({"audio/wav", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/flac", "audio/webm"})


def sniff(head: bytes) -> str | None:
    """Media type from at least the first 40 bytes; None if unknown. A WAV that is not PCM is "audio/x-wav"."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav" if int.from_bytes(head[20:22], "little") == _PCM else "audio/x-wav"
    if head[:4] == b"OggS":
        return "audio/ogg"
    if head[:4] == b"fLaC":
        return "audio/flac"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "audio/webm"
    if head[4:8] == b"ftyp":
        return "audio/mp4"
    if head[:5] == b"#!AMR":
        return "audio/amr"
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 in (0xE2, 0xE4, 0xE6)):
        return "audio/mpeg"
    return None


def plays_in_browsers(media_type: str | None) -> bool:
    return media_type in _BROWSER_TYPES


class RawCodec(StrEnum):
    """Codings of sound that may come without any header."""

    ALAW = "alaw"  # G.711 a-law
    ULAW = "ulaw"  # G.711 u-law
    S16LE = "s16le"  # linear PCM, 16 bit, little-endian


@dataclass(frozen=True, kw_only=True, slots=True)
class RawFormat:
    """What the sender says about a recording without a header, which nothing in the file could tell."""

    codec: RawCodec
    rate: int  # Hz
    channels: int = 1  # 1 or 2, interleaved
