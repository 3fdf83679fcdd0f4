"""How long a file says it is, where its format makes that a promise: WAV, FLAC, MP4, WebM, tagged MP3 and the like.

MP3 without an Xing tag, ADTS and AMR only let one guess from the file size; a guess must not mark a call as partial.
"""

from __future__ import annotations

from pathlib import Path

from speechsvc.audio.headers import read_asf, read_caf, read_w64, read_wav

_PROMISING = ("flac", "mov", "mp4", "matroska", "webm", "aiff", "au")
_BY_BYTES = {"wav": read_wav, "w64": read_w64, "caf": read_caf, "asf": read_asf}


def promised_seconds(path: Path, container: str, declared: float | None, decoded: float) -> float | None:
    """Seconds promised by the file at `path`, or None if its format promises nothing.

    `container`, `declared` and `decoded` seconds are what the decoder reported.
    """
    names = container.split(",")
    for name in names:
        if name in _BY_BYTES:
            return _promised_by_bytes(path, name, decoded)
    if "mp3" in names:
        return declared if _has_frame_count(path) else None
    return declared if any(name in _PROMISING for name in names) else None


def _promised_by_bytes(path: Path, name: str, decoded: float) -> float | None:
    """By bytes, because the byte rate in headers of compressed WAVs is often wrong or zero."""
    header = _BY_BYTES[name](path)
    if header is None or header.data_bytes is None:
        return None
    available = path.stat().st_size - header.data_offset
    if available <= 0:
        return None
    return decoded * max(1.0, header.data_bytes / available)


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


def looks_like_text(path: Path) -> bool:
    """Whether the first bytes are text in UTF-8: raw sound never is, and a page saved by mistake always."""
    with path.open("rb") as file:
        head = file.read(512)
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character cut in two at the end says nothing
            return False
        text = head[: error.start].decode("utf-8")
    return bool(text) and all(character.isprintable() or character in "\r\n\t" for character in text)
