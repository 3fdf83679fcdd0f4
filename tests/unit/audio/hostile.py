"""Files that are broken, lie, or were built to harm. Each is made here from its format's rules."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from tests.unit.audio.encoders import KINDS
from tests.unit.audio.sounds import tones, wav_header

Make = Callable[[], bytes]


@cache
def real(name: str) -> bytes:
    """A good recording of this kind."""
    with TemporaryDirectory() as folder:
        return KINDS[name].make(Path(folder) / name).read_bytes()


def box(name: bytes, *parts: bytes) -> bytes:
    """An MP4 box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def silent_flac(seconds: int, *, tell_length: bool) -> bytes:
    """Silence at 48 kHz, one hour of it encoded and then repeated: hours in a few hundred kilobytes."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="flac") as out:
        stream = out.add_stream("flac", rate=48_000)
        stream.layout = "mono"
        zeros = np.zeros((1, 48_000 * 600), dtype=np.int16)
        for _ in range(6):
            frame = av.AudioFrame.from_ndarray(zeros, format="s16", layout="mono")
            frame.sample_rate = 48_000
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    data = memory.getvalue()
    first = data.index(b"\xff\xf8", 42)
    return flac_samples(data[:first] + data[first:] * (seconds // 3600), 48_000 * seconds if tell_length else 0)


def flac_samples(data: bytes, count: int) -> bytes:
    """The same FLAC with another number of samples in STREAMINFO (36 bits; 0 for unknown)."""
    changed = bytearray(data)
    changed[21] = (changed[21] & 0xF0) | (count >> 32)
    changed[22:26] = struct.pack(">I", count & 0xFFFF_FFFF)
    return bytes(changed)


def flac_rate(data: bytes, rate: int) -> bytes:
    """The same FLAC with another sample rate in STREAMINFO (20 bits)."""
    changed = bytearray(data)
    changed[18:20] = struct.pack(">H", rate >> 4)
    changed[20] = (changed[20] & 0x0F) | (rate & 15) << 4
    return bytes(changed)


def mp3_frame_count(data: bytes, count: int) -> bytes:
    """The same MP3 with another number of frames in its Xing tag."""
    at = max(data.find(b"Xing"), data.find(b"Info"))
    return data[: at + 8] + struct.pack(">I", count) + data[at + 12 :]


def without_xing(data: bytes) -> bytes:
    """The same MP3 without tags: nothing says how long it is."""
    return data[data.index(b"\xff", max(data.find(b"Xing"), data.find(b"Info")) + 156) :]


def mp4_table(count_box: bytes, entries: bytes, name: bytes, source: str = "stereo.m4a") -> bytes:
    """A real M4A whose sample table `name` is replaced; `count_box` goes before `entries`."""
    return replace_box(real(source), name, box(name, count_box, entries))


def replace_box(data: bytes, name: bytes, new: bytes) -> bytes:
    """Replaces the first box `name` below moov and corrects the sizes of those around it (moov lies last)."""
    path = [b"moov", b"trak", b"mdia", b"minf", *([b"stbl"] if name.startswith(b"st") else []), name]
    starts = []
    at, end = 0, len(data)
    for part in path:
        at = _find(data, at, end, part)
        size = struct.unpack_from(">I", data, at)[0]
        starts.append(at)
        end = at + size
        at += 8
    old_start, old_size = starts[-1], struct.unpack_from(">I", data, starts[-1])[0]
    changed = bytearray(data[:old_start] + new + data[old_start + old_size :])
    for start in starts[:-1]:
        size = struct.unpack_from(">I", data, start)[0]
        struct.pack_into(">I", changed, start, size + len(new) - old_size)
    return bytes(changed)


def _find(data: bytes, at: int, end: int, name: bytes) -> int:
    while at < end:
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == name:
            return at
        at += size
    raise LookupError(name)


def deep_boxes(depth: int) -> bytes:
    """moov in moov in moov ..."""
    length = 8 * depth
    return real("stereo.m4a")[:28] + b"".join(
        struct.pack(">I4s", length - 8 * level, b"moov" if level == 0 else b"trak") for level in range(depth)
    )


def moov_bomb(count: int) -> bytes:
    """Claims `count` samples of one byte, for which an index would have to be built."""
    return mp4_table(struct.pack(">III", 0, 1, count), b"", b"stsz")


def stts_bomb(count: int) -> bytes:
    """One entry that repeats `count` times."""
    return mp4_table(struct.pack(">II", 0, 1), struct.pack(">II", count, 1), b"stts")


def outside_reference(url: str) -> bytes:
    """An M4A whose samples lie in another file, by its data reference."""
    entry = box(b"url ", struct.pack(">I", 0), url.encode() + b"\0")
    return replace_box(real("stereo.m4a"), b"dinf", box(b"dinf", box(b"dref", struct.pack(">II", 0, 1), entry)))


def mac_alias_reference(name: str) -> bytes:
    """The same as QuickTime's alias record, which FFmpeg can follow (it is told not to)."""
    path = name.encode()
    volume, folder = b"\x01v".ljust(28, b"\0"), bytes(12)
    head = bytes(10) + volume + folder + bytes([len(path)]) + path.ljust(63, b"\0") + bytes(16)
    head += struct.pack(">hh", 0, 0) + bytes(16)
    tail = struct.pack(">hH", 2, len(path)) + path + b"\0" * (len(path) % 2) + struct.pack(">hH", -1, 0)
    entry = box(b"alis", struct.pack(">I", 0), head + tail)
    return replace_box(real("stereo.m4a"), b"dinf", box(b"dinf", box(b"dref", struct.pack(">II", 0, 1), entry)))


def id3(*frames: bytes, size: int | None = None) -> bytes:
    """An ID3v2.4 tag; `size` lies."""
    body = b"".join(frames)
    length = len(body) if size is None else size
    return b"ID3\x04\x00\x00" + bytes((length >> shift) & 0x7F for shift in (21, 14, 7, 0)) + body


def id3_frame(name: bytes, body: bytes, flags: int = 0) -> bytes:
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return name + size + struct.pack(">H", flags) + body


def zipped_id3_frame(megabytes: int) -> bytes:
    """A compressed text frame that unpacks to much more."""
    length = megabytes << 20
    packed = zlib.compress(b"\0" + b"a" * length, 9)
    announced = bytes((length >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return id3_frame(b"TXXX", announced + packed, flags=0x0009)


def cover(width: int = 64, height: int = 64) -> bytes:
    """A PNG; a wide and high one claims gigabytes when unpacked and is small as a file."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = b"\0" + bytes(width * 3)
    packer = zlib.compressobj(9)
    pixels = b"".join([*(packer.compress(row) for _ in range(min(height, 600))), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def picture_frame(picture: bytes) -> bytes:
    return id3_frame(b"APIC", b"\0image/png\0\x03\0" + picture)


def video_only(container: str) -> bytes:
    memory = io.BytesIO()
    with av.open(memory, "w", format=container) as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(3):
            out.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        out.mux(stream.encode(None))
    return memory.getvalue()


def with_video(samples_first: bool) -> bytes:
    """Speech beside a picture track, as video calls are stored."""
    memory = io.BytesIO()
    sound = tones(48_000, 1, 4.0)
    with av.open(memory, "w", format="matroska") as out:
        kinds = ("audio", "video") if samples_first else ("video", "audio")
        streams = {}
        for kind in kinds:
            streams[kind] = (
                out.add_stream("libopus", rate=48_000) if kind == "audio" else out.add_stream("mpeg4", rate=10)
            )
        streams["audio"].layout = "mono"
        streams["video"].width = streams["video"].height = 64
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 48_000
        for _ in range(40):
            out.mux(streams["video"].encode(av.VideoFrame(64, 64, "yuv420p")))
        out.mux(streams["video"].encode(None))
        out.mux(streams["audio"].encode(frame))
        out.mux(streams["audio"].encode(None))
    return memory.getvalue()


def two_tracks() -> bytes:
    """Two mono sound tracks in one file."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="matroska") as out:
        streams = [out.add_stream("pcm_s16le", rate=8000) for _ in range(2)]
        for stream in streams:
            stream.layout = "mono"
        for number, stream in enumerate(streams):
            frame = av.AudioFrame.from_ndarray(
                tones(8000, 2, 4.0)[:, number].reshape(1, -1).copy(), format="s16", layout="mono"
            )
            frame.sample_rate = 8000
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    return memory.getvalue()


def wav_of(fmt: bytes, data: bytes = bytes(64_000)) -> bytes:
    """A WAV with this `fmt ` chunk."""
    body = b"WAVE" + struct.pack("<4sI", b"fmt ", len(fmt)) + fmt + struct.pack("<4sI", b"data", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wav_format(
    *, tag: int = 1, channels: int = 1, rate: int = 8000, byte_rate: int = 16_000, align: int = 2, bits: int = 16
) -> bytes:
    return struct.pack("<HHIIHH", tag, channels, rate, byte_rate, align, bits)


def many_chunks(count: int) -> bytes:
    """A WAV whose sound comes after `count` empty chunks."""
    data = tones(8000, 1, 1.0).tobytes()
    head = wav_header(data_bytes=len(data))
    return head[:12] + struct.pack("<4sI", b"junk", 0) * count + head[12:] + data


def adts_that_changes(times: int) -> bytes:
    """AAC whose sample rate and channel count change from piece to piece."""
    pieces = []
    for rate, channels in ((8000, 1), (16_000, 2), (44_100, 1), (48_000, 2)):
        memory = io.BytesIO()
        with av.open(memory, "w", format="adts") as out:
            stream = out.add_stream("aac", rate=rate)
            stream.layout = "mono" if channels == 1 else "stereo"
            frame = av.AudioFrame.from_ndarray(
                tones(rate, channels, 0.2).reshape(1, -1), format="s16", layout="mono" if channels == 1 else "stereo"
            )
            frame.sample_rate = rate
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        pieces.append(memory.getvalue())
    return b"".join(pieces) * times


def many_ogg_streams(count: int) -> bytes:
    """An Ogg file that opens `count` logical streams before anything else."""
    opus = b"OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"
    pages = []
    for serial in range(count):
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, 2, 0, serial, 0, 0, 1) + bytes([len(opus)]) + opus
        pages.append(head[:22] + struct.pack("<I", _ogg_crc(head)) + head[26:])
    return b"".join(pages)


@cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        crc = value << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C1_1DB7 if crc & 0x8000_0000 else 0)
        table.append(crc & 0xFFFF_FFFF)
    return tuple(table)


def _ogg_crc(page: bytes) -> int:
    table, crc = _crc_table(), 0
    for byte in page:
        crc = (crc << 8 & 0xFFFF_FFFF) ^ table[crc >> 24 ^ byte]
    return crc


def tiny_opus_packets(seconds: int) -> bytes:
    """Ogg/Opus of 2.5 ms packets, each two bytes of silence: as many packets a byte as Opus allows."""
    head = b"OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"
    tags = b"OpusTags" + struct.pack("<I", 1) + b"x" + struct.pack("<I", 0)
    pages = [_page(2, 0, 0, [head]), _page(0, 0, 1, [tags])]
    packet = bytes([0xE0, 0xFF])  # CELT, 2.5 ms, mono, one frame
    for number in range(seconds * 400 // 255):
        pages.append(_page(0, (number + 1) * 255 * 120, number + 2, [packet] * 255))
    return b"".join(pages)


def _page(flags: int, position: int, number: int, packets: list[bytes]) -> bytes:
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, position, 1, number, 0, len(packets))
    page = head + bytes(map(len, packets)) + b"".join(packets)
    return page[:22] + struct.pack("<I", _ogg_crc(page)) + page[26:]


def archive() -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("call.wav", real("pcm16.wav"))
    return memory.getvalue()


def tarball() -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as file:
        info = tarfile.TarInfo("call.wav")
        info.size = len(real("pcm16.wav"))
        file.addfile(info, io.BytesIO(real("pcm16.wav")))
    return memory.getvalue()


def gzipped() -> bytes:
    return gzip.compress(real("pcm16.wav"))
