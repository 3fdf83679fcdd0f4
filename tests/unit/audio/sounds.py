"""Makes recordings of every kind for tests: real encoders write them, nothing is stored in the repository."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

KINDS = {  # name: (container, codec, rate, channels)
    "pcm16.wav": ("wav", "pcm_s16le", 8000, 2),
    "pcm8.wav": ("wav", "pcm_u8", 8000, 1),
    "pcm24.wav": ("wav", "pcm_s24le", 16000, 2),
    "float.wav": ("wav", "pcm_f32le", 48000, 1),
    "alaw.wav": ("wav", "pcm_alaw", 8000, 2),
    "ulaw.wav": ("wav", "pcm_mulaw", 8000, 1),
    "ima-adpcm.wav": ("wav", "adpcm_ima_wav", 8000, 2),
    "ms-adpcm.wav": ("wav", "adpcm_ms", 8000, 1),
    "call.mp3": ("mp3", "libmp3lame", 16000, 2),
    "call.m4a": ("ipod", "aac", 16000, 2),
    "call.aac": ("adts", "aac", 16000, 1),
    "call.ogg": ("ogg", "libopus", 48000, 2),
    "call.flac": ("flac", "flac", 16000, 2),
    "call.webm": ("webm", "libopus", 48000, 1),
    "call.amr": ("amr", "libopencore_amrnb", 8000, 1),
    "call.aiff": ("aiff", "pcm_s16be", 44100, 2),
}
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def tones(rate: int, channels: int, seconds: float) -> npt.NDArray[np.int16]:
    """Shape (samples, channels): another swelling tone on each channel."""
    t = np.arange(int(rate * seconds)) / rate
    columns = [np.sin(2 * np.pi * (300 + 170 * c) * t) * np.sin(2 * np.pi * 1.3 * t + c) for c in range(channels)]
    return (np.stack(columns, axis=1) * 8000).astype(np.int16)


def write_kind(folder: Path, name: str, seconds: float = 4.0) -> Path:
    """A recording called `name`, as `KINDS` describes it."""
    container, codec, rate, channels = KINDS[name]
    path = folder / name
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.layout = LAYOUTS[channels]
        data = tones(rate, channels, seconds).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(data, format="s16", layout=LAYOUTS[channels])
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    return path


def write_wav(path: Path, samples: npt.NDArray[np.int16], rate: int = 8000) -> Path:
    """`samples` of shape (samples, channels) as PCM16 WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def wav_header(*, rate: int = 8000, channels: int = 1, data_bytes: int = 0) -> bytes:
    """A bare RIFF header that promises `data_bytes` of PCM16."""
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", 36 + data_bytes & 0xFFFFFFFF, b"WAVE")
    return riff + struct.pack("<4sI", b"fmt ", 16) + fmt + struct.pack("<4sI", b"data", data_bytes)
