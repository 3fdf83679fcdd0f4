"""Decodes an untrusted recording in a confined child process and maps its samples without loading them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from speechsvc.audio import decoder_child
from speechsvc.audio.declared import looks_like_audio, looks_like_text, promised_seconds
from speechsvc.audio.endings import ends_properly
from speechsvc.audio.errors import (
    DecodeLimitReached,
    DecoderUnavailable,
    RecordingEmpty,
    RecordingNoAudioStream,
    RecordingNotAudio,
    RecordingTooLong,
    RecordingUndecodable,
    RecordingUnsupported,
)
from speechsvc.audio.headers import hides_sound
from speechsvc.domain.media import RawFormat
from speechsvc.errors import SpeechsvcError, StorageFull

RATE = decoder_child.RATE
_BYTES_PER_SAMPLE = 2
_MEDIA_TYPES = {
    "wav": "audio/wav",
    "w64": "audio/x-w64",
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mov": "audio/mp4",
    "matroska": "audio/webm",
    "amr": "audio/amr",
    "au": "audio/basic",
    "aiff": "audio/aiff",
    "caf": "audio/x-caf",
    "asf": "audio/x-ms-wma",
    "alaw": "audio/PCMA",
    "mulaw": "audio/PCMU",
    "s16le": "audio/L16",
}
_HARMLESS = frozenset({"length_wrong", "extra_tracks"})  # warnings about a recording that was read whole


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodeLimits:
    """What one recording may cost."""

    max_seconds: float = 4 * 3600.0  # of audio
    memory_bytes: int = 1 << 30  # address space of the child
    base_seconds: float = 20.0  # of processor time for any file
    seconds_per_megabyte: float = 2.0  # more for large files; four hours of AMR are 9 to 23 MB and take 25 to 36 s
    patience: float = 4.0  # wall clock over processor time: the machine may have other work

    def seconds_for(self, size: int) -> float:
        """Most processor time for a file of `size` bytes, in seconds."""
        return self.base_seconds + self.seconds_per_megabyte * size / 1e6

    @property
    def output_bytes(self) -> int:
        """Largest PCM file: two channels of int16 at 16 kHz, and a little more than the longest call."""
        return int((self.max_seconds + 10) * RATE) * 2 * _BYTES_PER_SAMPLE


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DecodedAudio:
    """A decoded recording: int16 samples at 16 kHz, mapped from a file that lives as long as its folder."""

    samples: npt.NDArray[np.int16]  # shape (samples, channels)
    duration: float  # seconds decoded
    declared: float | None  # seconds the file promised; None where its format promises nothing
    media_type: str
    codec: str
    source_rate: int  # Hz, before resampling
    partial: bool  # the recording ends before its promised length, or parts were damaged
    warnings: tuple[str, ...] = ()  # "truncated", "damaged_parts", "length_wrong", "extra_tracks"

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])

    def channel(self, index: int) -> npt.NDArray[np.int16]:
        """One channel, shape (samples,): a view, nothing is loaded."""
        return self.samples[:, index]


def decode(path: Path, workdir: Path, limits: DecodeLimits | None = None, raw: RawFormat | None = None) -> DecodedAudio:
    """Decodes `path` into a file under `workdir`, a folder of its own that the caller removes afterwards.

    `raw` is what the sender declared; it counts only if the file has no header of a known format.
    Raises RecordingEmpty, RecordingNotAudio, RecordingNoAudioStream, RecordingUnsupported, RecordingTooLong,
    RecordingUndecodable, DecodeLimitReached, DecoderUnavailable or StorageFull.
    """
    limits = limits or DecodeLimits()
    if path.stat().st_size == 0:
        raise RecordingEmpty
    output = workdir / "samples.pcm"
    hints: dict[str, Any] = {"ignore_length": hides_sound(path)}
    report = _run_child(path, output, limits, hints)
    if report.get("reason") == "not_audio" and raw is not None and not _known(path):
        report = _run_child(path, output, limits, {"raw": asdict(raw)})
    return conclude(path, output, report | hints, limits)


def conclude(path: Path, output: Path, report: dict[str, Any], limits: DecodeLimits) -> DecodedAudio:
    """What the child's report on `path` means; its samples lie in `output`. Raises what `decode` raises."""
    if not report.get("ok"):
        if report.get("reason") == "not_audio" and looks_like_audio(path):
            raise RecordingUndecodable
        raise _refusal(report, limits)
    return _decoded(path, output, report)


def _known(path: Path) -> bool:
    """Whether the file is something else than sound without a header."""
    return looks_like_audio(path) or looks_like_text(path)


def _run_child(path: Path, output: Path, limits: DecodeLimits, hints: dict[str, Any]) -> dict[str, Any]:
    seconds = limits.seconds_for(path.stat().st_size)
    job = {
        "input": str(path.resolve()),
        "output": str(output.resolve()),
        "max_seconds": limits.max_seconds,
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": int(seconds) + 1,
        "output_bytes": limits.output_bytes,
    }
    # A clean environment keeps settings and secrets out of the child; the import path is ours, wherever we run from.
    environment = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-P", "-s", str(Path(decoder_child.__file__)), json.dumps(job | hints)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=output.parent,
            env=environment,
            timeout=(seconds + 5) * limits.patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DecodeLimitReached(resource="time", resource_zh="时间") from error
    except OSError as error:
        raise DecoderUnavailable from error
    return report_of(done)


def report_of(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """The child's report, or what its death says."""
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = None
    if isinstance(report, dict):
        return report
    by_signal = {-9: "killed", -24: "time", -25: "too_long", -11: "undecodable", -6: "undecodable", -7: "undecodable"}
    if done.returncode in by_signal:
        return {"ok": False, "reason": by_signal[done.returncode]}
    return {"ok": False, "reason": "unavailable" if done.returncode == 1 else "undecodable"}


def _refusal(report: dict[str, Any], limits: DecodeLimits) -> SpeechsvcError:
    match report.get("reason"):
        case "empty":
            return RecordingEmpty()
        case "not_audio":
            return RecordingNotAudio()
        case "no_audio_stream":
            return RecordingNoAudioStream()
        case "unsupported":
            return _unsupported(str(report.get("property")), report.get("value"))
        case "too_long":
            return RecordingTooLong(limit_minutes=round(limits.max_seconds / 60))
        case "memory" | "killed":
            return DecodeLimitReached(resource="memory", resource_zh="内存")
        case "time":
            return DecodeLimitReached(resource="time", resource_zh="时间")
        case "disk_full":
            return StorageFull()
        case "unavailable":
            return DecoderUnavailable()
        case _:
            return RecordingUndecodable()


def _unsupported(name: str, value: Any) -> RecordingUnsupported:
    allowed = {
        "channels": ("声道数", f"1-{decoder_child.MAX_CHANNELS}"),
        "sample_rate": ("采样率", f"{decoder_child.MIN_RATE}-{decoder_child.MAX_RATE} Hz"),
        "codec": ("编码", "PCM, G.711, GSM, ADPCM, MP3, AAC, AMR, Opus, Vorbis, FLAC"),
    }
    chinese, limits = allowed.get(name, (name, "-"))
    return RecordingUnsupported(property=name.replace("_", " "), property_zh=chinese, value=value, allowed=limits)


def _decoded(path: Path, output: Path, report: dict[str, Any]) -> DecodedAudio:
    channels, count = int(report["channels"]), int(report["samples"])
    samples = np.memmap(output, dtype="<i2", mode="r", shape=(count, channels))
    duration = count / RATE
    container = str(report["container"])
    promised = promised_seconds(path, container, report["declared"], duration)
    warnings = _warnings(path, container, promised, duration, report)
    return DecodedAudio(
        samples=samples,
        duration=duration,
        declared=promised,
        media_type=_MEDIA_TYPES.get(container.split(",")[0], "application/octet-stream"),
        codec=str(report["codec"]),
        source_rate=int(report["rate"]),
        partial=bool(set(warnings) - _HARMLESS),
        warnings=warnings,
    )


def _warnings(
    path: Path, container: str, promised: float | None, decoded: float, report: dict[str, Any]
) -> tuple[str, ...]:
    """`truncated`: more than 2 % or 1 s is missing (and more than an encoder's padding, 0.1 s)."""
    missing = (promised or 0.0) - decoded
    short = missing > 0.1 and (missing > 1.0 or missing > 0.02 * (promised or 0.0))
    found = []
    if short or not ends_properly(path, container):
        found.append("truncated")
    if report["lost_seconds"] > 0.1:
        found.append("damaged_parts")
    if report.get("ignore_length"):
        found.append("length_wrong")
    if report["audio_streams"] > 1:
        found.append("extra_tracks")
    return tuple(found)
