"""The program that touches untrusted audio: run as a child, it decodes one file to 16 kHz int16 PCM and reports.

Started by `decode.py` with one JSON argument. It has no stdin, a folder of its own, limits on memory, CPU time,
file size and open files, and (where the system allows) no network. It knows the standard library and PyAV only,
so that it starts fast and a flaw in a codec finds neither settings nor secrets in its memory.

Reports one JSON object on stdout: `{"ok": true, ...}` or `{"ok": false, "reason": ..., ...}`.
"""

from __future__ import annotations

import ctypes
import errno
import io
import json
import os
import struct
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

# Demuxers a call system writes. Playlists (concat, hls, dash, sdp) can name other files and stay out;
# headerless formats (alaw, s16le ...) would be guessed wrong and stay out too.
FORMATS = "wav,w64,mp3,aac,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,amr,au,aiff,caf,asf"
RAW = {"alaw": "alaw", "ulaw": "mulaw", "s16le": "s16le"}  # only where the sender declares them
RATE = 16_000
MIN_RATE, MAX_RATE = 8_000, 48_000
MAX_CHANNELS = 2
TIMED = frozenset(
    {"flac", "ogg", "mov", "mp4", "matroska", "webm"}
)  # formats whose time stamps are stored, not guessed
SPARSE = frozenset({"mov", "mp4", "matroska", "webm"})
GROUP = 16_384  # samples resampled in one go: a frame of AMR holds 160, and each call costs as much as its decoding
LEAST_GAP, MOST_GAP, MOST_LOST = 0.1, 600.0, 10.0  # seconds of silence put in for one gap or damaged packet


class Refused(Exception):
    """The file cannot be used; `reason` and details go to the parent."""

    def __init__(self, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.report = {"ok": False, "reason": reason, **details}


class _Unnamed:
    """A file without a name: FFmpeg can neither guess by extension nor resolve a neighbour's path."""

    def __init__(self, raw: BinaryIO) -> None:
        self.read, self.seek, self.tell = raw.read, raw.seek, raw.tell


def main(argument: str) -> int:
    job = json.loads(argument)
    _warm_up()
    with open(job["input"], "rb") as source, open(job["output"], "wb") as sink:
        _confine(job["memory_bytes"], job["cpu_seconds"], job["output_bytes"])
        report = _outcome(source, sink, job["max_seconds"], job)
    sys.stdout.write(json.dumps(report))
    return 0


def _outcome(source: BinaryIO, sink: BinaryIO, max_seconds: float, hints: dict[str, Any]) -> dict[str, Any]:
    """Every way a decode can end, as a report; only a killed process ends without one."""
    try:
        report = decode(source, sink, max_seconds, hints)
        sink.flush()
    except Refused as refused:
        return refused.report
    except MemoryError:
        return {"ok": False, "reason": "memory"}
    except OSError as error:  # FFmpeg's errors with an errno are OSErrors too
        reason = {errno.ENOSPC: "disk_full", errno.EFBIG: "too_long", errno.ENOMEM: "memory"}.get(error.errno or 0)
        return {"ok": False, "reason": reason or "undecodable", "detail": type(error).__name__}
    except Exception as error:  # whatever a codec raises, the parent gets a typed answer
        return {"ok": False, "reason": "undecodable", "detail": type(error).__name__}
    return report


def decode(source: BinaryIO, sink: BinaryIO, max_seconds: float, hints: dict[str, Any] | None = None) -> dict[str, Any]:
    """Writes interleaved little-endian int16 at 16 kHz, channel count unchanged; returns what was found.

    `hints`: `raw`, what the sender declared about sound without a header ({"codec", "rate", "channels"});
    `ignore_length`, true for a WAV that goes on behind its declared end.
    Resampling equals `faster_whisper.decode_audio(split_stereo=True)`: the same resampler, once a channel.
    """
    with _open(source, hints or {}) as container:
        if not container.streams.audio:
            raise Refused("no_audio_stream" if len(container.streams) else "undecodable")
        stream = container.streams.audio[0]
        channels = _check(stream.codec_context)
        declared = _declared(container, stream)
        if declared is not None and declared > max_seconds * 1.02 + 1:
            raise Refused("too_long")
        writer = _Writer(sink, channels, max_seconds)
        damaged = _pump(container, stream, writer)
        writer.finish()
        if not writer.heard:  # silence that stands in for what is lost is no recording
            raise Refused("undecodable" if damaged else "empty")
        return {
            "ok": True,
            "container": container.format.name,
            "codec": stream.codec_context.name,
            "rate": stream.codec_context.rate,
            "channels": channels,
            "declared": declared,
            "samples": writer.samples,
            "lost_seconds": writer.lost_seconds,
            "damaged_packets": damaged,
            "audio_streams": len(container.streams.audio),
        }


def _open(source: BinaryIO, hints: dict[str, Any]) -> Any:
    options = {"format_whitelist": FORMATS, "protocol_whitelist": ""}
    raw = hints.get("raw")
    kind = None
    if raw:
        kind = RAW[raw["codec"]]
        layout = "mono" if raw["channels"] == 1 else "stereo"
        options |= {"format_whitelist": kind, "sample_rate": str(raw["rate"]), "ch_layout": layout}
    if hints.get("ignore_length"):
        options["ignore_length"] = "1"
    try:
        return av.open(_Unnamed(source), mode="r", format=kind, options=options, metadata_errors="ignore")
    except (MemoryError, Refused):
        raise
    except Exception as error:
        raise Refused("not_audio", detail=type(error).__name__) from error


def _check(context: Any) -> int:
    """Channel count of a stream we accept."""
    if context is None:
        raise Refused("unsupported", property="codec", value="unknown")
    _check_rate(context.rate)
    channels = int(context.layout.nb_channels)
    if not 1 <= channels <= MAX_CHANNELS:
        raise Refused("unsupported", property="channels", value=channels)
    return channels


def _check_rate(rate: int | None) -> None:
    if rate is None or not MIN_RATE <= rate <= MAX_RATE:
        raise Refused("unsupported", property="sample_rate", value=rate or 0)


def _declared(container: Any, stream: Any) -> float | None:
    """Seconds the file says it lasts. What that is worth depends on the format: the parent judges."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return float(container.duration) / av.time_base if container.duration is not None else None


def _pump(container: Any, stream: Any, writer: _Writer) -> int:
    """Decodes packet by packet, and returns how many were damaged.

    A damaged packet becomes silence of its length, and so does a gap in the time stamps, so that later times stay
    true. A gap is normal in WebM and MP4 (codecs send nothing in silence) and a loss elsewhere.
    """
    names = set(container.format.name.split(","))
    timed, sparse = bool(names & TIMED), bool(names & SPARSE)
    base = float(stream.time_base) if stream.time_base else 0.0
    first: float | None = None
    damaged = 0
    for packet in _packets(container, stream):
        if packet is None:
            damaged += 1
            break
        if timed and packet.pts is not None:
            first = packet.pts * base if first is None else first
            gap = packet.pts * base - first - writer.seconds
            if gap > LEAST_GAP:
                writer.silence(min(gap, MOST_GAP), lost=not sparse)
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, EOFError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise
            damaged += 1
            writer.silence(min(float(packet.duration or 0) * base, MOST_LOST), lost=True)
            continue
        for frame in frames:
            writer.write(frame)
    return damaged


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """Packets of one stream; None, then the end, where the container itself breaks off."""
    packets = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except StopIteration:
            return
        except (av.error.FFmpegError, EOFError) as error:
            if isinstance(error, MemoryError):
                raise
            yield None
            return


class _Writer:
    """Resamples frames in groups and writes them as they come; no more than a group is ever held."""

    def __init__(self, sink: BinaryIO, channels: int, max_seconds: float) -> None:
        self.samples = 0  # written, a channel
        self.heard = False  # whether any of them came from the file
        self.lost_seconds = 0.0
        self._sink = sink
        self._channels = channels
        self._most = int((max_seconds + 1) * RATE)
        self._resampler: AudioResampler | None = None
        self._waiting = AudioFifo()
        self._shape: tuple[Any, ...] = ()

    def write(self, frame: AudioFrame) -> None:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:  # the first frame, or a file whose format changes midway
            _check_rate(frame.sample_rate)
            self.finish()
            layout = "mono" if self._channels == 1 else "stereo"
            self._resampler, self._shape = AudioResampler(format="s16", layout=layout, rate=RATE), shape
        frame.pts = None  # time stamps of odd files jump; samples follow one another
        self._waiting.write(frame)
        if self._waiting.samples >= GROUP:
            self._drain()

    @property
    def seconds(self) -> float:
        waiting = self._waiting.samples / self._shape[2] if self._waiting.samples else 0.0
        return self.samples / RATE + waiting

    def silence(self, seconds: float, *, lost: bool) -> None:
        """Stands in for `seconds` that hold no sound, or whose sound is lost."""
        self._drain()
        count = int(seconds * RATE)
        self.lost_seconds += count / RATE if lost else 0.0
        self._put(bytes(count * self._channels * 2), count)

    def finish(self) -> None:
        self._drain()
        if self._resampler is not None:
            self._emit(self._resampler.resample(None))
            self._resampler, self._waiting = None, AudioFifo()

    def _drain(self) -> None:
        if self._resampler is None or not self._waiting.samples:
            return
        frame = self._waiting.read()
        if frame is not None:
            frame.pts = None
            self._emit(self._resampler.resample(frame))

    def _emit(self, frames: list[AudioFrame]) -> None:
        for frame in frames:
            self.heard = self.heard or frame.samples > 0
            self._put(bytes(frame.planes[0])[: frame.samples * self._channels * 2], frame.samples)

    def _put(self, data: bytes, samples: int) -> None:
        self.samples += samples
        if self.samples > self._most:
            raise Refused("too_long")
        self._sink.write(data)


def _warm_up() -> None:
    """Decodes a moment of silence, so that PyAV imports what it needs while files can still be opened."""
    silence = bytes(1600)
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 1636, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", 1600
    )
    decode(io.BytesIO(header + silence), io.BytesIO(), 10.0)


def _confine(memory_bytes: int, cpu_seconds: int, output_bytes: int) -> None:
    """Best effort, strictest first: macOS ignores some limits, containers may forbid the network namespace."""
    _leave_network()
    try:
        import resource
    except ImportError:
        return
    highest = max(_open_descriptors(), default=7)
    limits = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": cpu_seconds,
        "RLIMIT_FSIZE": output_bytes,
        "RLIMIT_AS": memory_bytes,
        "RLIMIT_NOFILE": highest + 1,  # both files are open: no third one can be
    }
    for name, value in limits.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        try:
            hard = resource.getrlimit(kind)[1]
            ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (ceiling, ceiling))
        except (ValueError, OSError):
            continue


def _open_descriptors() -> list[int]:
    try:
        listed = [int(name) for name in os.listdir("/dev/fd") if name.isdigit()]
    except OSError:
        return []
    return [number for number in listed if _is_open(number)]  # the listing's own one is closed again


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _leave_network() -> None:
    if not sys.platform.startswith("linux"):
        return
    new_user_namespace, new_network_namespace = 0x10000000, 0x40000000
    try:
        ctypes.CDLL(None).unshare(new_user_namespace | new_network_namespace)
    except (OSError, AttributeError):
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
