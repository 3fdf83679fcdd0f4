"""Real speech in every format of call systems, made by real encoders; AMR-WB, which none of them writes, is stored.

`fixtures/speech.flac` is four seconds of a bundled sample call (espeak-ng, 8 kHz); `fixtures/speech.amrwb` the same,
encoded once at 12.65 kbit/s with vo-amrwbenc 0.1.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile
from av.audio.resampler import AudioResampler

FIXTURES = Path(__file__).parent / "fixtures"
RATE = 16_000  # Hz, what everything is decoded to
_PIECE = 1024  # samples handed to an encoder in one go; PCM containers get packets of this size
LAYOUTS = {1: "mono", 2: "stereo"}

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One way to store speech."""

    name: str
    write: Callable[[Path, Kind, Samples], None]  # gets int16 at `rate`, shape (samples, channels)
    container: str
    codec: str
    rate: int = 8000  # Hz, of the sound that goes in
    channels: int = 1
    media_type: str = "audio/wav"
    decoded_rate: int | None = None  # Hz, where the codec has a rate of its own
    alike: float = 0.97  # least correlation with the source; telephone codecs keep the spectrum, not the waveform

    def make(self, path: Path) -> Path:
        """Writes the speech, four seconds, to `path`."""
        self.write(path, self, speech(self.rate, self.channels))
        return path


@cache
def speech(rate: int, channels: int) -> Samples:
    """Four seconds, shape (samples, channels); the right channel is the left one backwards, a sound of its own."""
    stored, stored_rate = soundfile.read(FIXTURES / "speech.flac", dtype="int16")
    one = resampled(stored, stored_rate, rate)
    return np.stack([one, one[::-1]][:channels], axis=1)


def resampled(samples: Samples, rate: int, to: int) -> Samples:
    """One channel, shape (samples,)."""
    if rate == to:
        return samples
    resampler = AudioResampler(format="s16", layout="mono", rate=to)
    frames = [*resampler.resample(_frame(samples[:, None], rate)), *resampler.resample(None)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def likeness(heard: npt.NDArray[np.int16], said: npt.NDArray[np.int16], most_shift: int = RATE // 4) -> float:
    """Highest correlation, -1 to 1, of two sounds at 16 kHz when one may lag behind the other; shape (samples,)."""
    size = 1 << (len(heard) + len(said) - 1).bit_length()
    a, b = (np.fft.rfft(x.astype(np.float64) - x.mean(), size) for x in (heard, said))
    both = np.fft.irfft(a * np.conj(b), size)
    near = np.concatenate([both[: most_shift + 1], both[-most_shift:]])
    return float(near.max() / (len(heard) ** 0.5 * heard.std() * len(said) ** 0.5 * said.std()))


def write_with_av(path: Path, kind: Kind, samples: Samples) -> None:
    with av.open(str(path), "w", format=kind.container) as out:
        stream = out.add_stream(kind.codec, rate=kind.rate)
        stream.layout = LAYOUTS[kind.channels]
        if kind.codec == "wmav2":
            stream.bit_rate = 64_000  # has no default
        for start in range(0, len(samples), _PIECE):
            out.mux(stream.encode(_frame(samples[start : start + _PIECE], kind.rate)))
        out.mux(stream.encode(None))


def write_with_soundfile(path: Path, kind: Kind, samples: Samples) -> None:
    soundfile.write(path, samples / 32768.0, kind.rate, format=kind.container, subtype=kind.codec)


def write_stored(path: Path, kind: Kind, samples: Samples) -> None:
    path.write_bytes((FIXTURES / f"speech.{kind.codec}").read_bytes())


def _frame(samples: Samples, rate: int) -> av.AudioFrame:
    packed = np.ascontiguousarray(samples).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=LAYOUTS[samples.shape[1]])
    frame.sample_rate = rate
    return frame


def _av(name: str, container: str, codec: str, **more: object) -> Kind:
    return Kind(name=name, write=write_with_av, container=container, codec=codec, **more)  # type: ignore[arg-type]


def _sf(name: str, container: str, codec: str, **more: object) -> Kind:
    return Kind(name=name, write=write_with_soundfile, container=container, codec=codec, **more)  # type: ignore[arg-type]


KINDS = {
    kind.name: kind
    for kind in (
        _av("pcm8.wav", "wav", "pcm_u8"),
        _av("pcm16.wav", "wav", "pcm_s16le", channels=2),
        _av("pcm24.wav", "wav", "pcm_s24le", rate=16_000, channels=2),
        _sf("pcm32.wav", "WAV", "PCM_32", rate=44_100),
        _av("float32.wav", "wav", "pcm_f32le", rate=48_000),
        _sf("float64.wav", "WAV", "DOUBLE"),
        _sf("extensible.wav", "WAVEX", "PCM_16", channels=2, rate=16_000),
        _sf("rf64.wav", "RF64", "PCM_16", channels=2),
        _sf("sony64.w64", "W64", "PCM_16", media_type="audio/x-w64"),
        _av("alaw.wav", "wav", "pcm_alaw", channels=2),
        _av("ulaw.wav", "wav", "pcm_mulaw", channels=2),
        _sf("gsm.wav", "WAV", "GSM610", alike=0.9),
        _av("ima-adpcm.wav", "wav", "adpcm_ima_wav", channels=2, alike=0.95),
        _av("ms-adpcm.wav", "wav", "adpcm_ms", channels=2, alike=0.95),
        _av("mp3-in.wav", "wav", "libmp3lame", rate=16_000, alike=0.95),
        _av("stereo.mp3", "mp3", "libmp3lame", rate=16_000, channels=2, media_type="audio/mpeg", alike=0.95),
        _av("narrow.mp3", "mp3", "libmp3lame", media_type="audio/mpeg", alike=0.95),
        _av("stereo.m4a", "ipod", "aac", rate=16_000, channels=2, media_type="audio/mp4", alike=0.95),
        _av("alac.m4a", "ipod", "alac", rate=16_000, channels=2, media_type="audio/mp4"),
        _av("video-type.mp4", "mp4", "aac", rate=44_100, media_type="audio/mp4", alike=0.95),
        _av("phone.3gp", "3gp", "libopencore_amrnb", media_type="audio/mp4", alike=0.85),
        _av("adts.aac", "adts", "aac", media_type="audio/aac", alike=0.95),
        _av("narrow.amr", "amr", "libopencore_amrnb", media_type="audio/amr", alike=0.85),
        Kind(
            name="wide.amr",
            write=write_stored,
            container="amr",
            codec="amrwb",
            rate=16_000,
            media_type="audio/amr",
            alike=0.85,
        ),
        _av("opus.ogg", "ogg", "libopus", rate=48_000, channels=2, media_type="audio/ogg", alike=0.95),
        _av("narrow-opus.ogg", "ogg", "libopus", media_type="audio/ogg", decoded_rate=48_000, alike=0.9),
        _sf("opus-sf.ogg", "OGG", "OPUS", rate=16_000, media_type="audio/ogg", decoded_rate=48_000, alike=0.95),
        _sf("vorbis.ogg", "OGG", "VORBIS", rate=44_100, channels=2, media_type="audio/ogg", alike=0.9),
        _av("stereo.flac", "flac", "flac", rate=16_000, channels=2, media_type="audio/flac"),
        _sf("deep.flac", "FLAC", "PCM_24", rate=48_000, media_type="audio/flac"),
        _av("opus.webm", "webm", "libopus", rate=48_000, channels=2, media_type="audio/webm", alike=0.95),
        _av("opus.mka", "matroska", "libopus", rate=48_000, channels=2, media_type="audio/webm", alike=0.95),
        _av("pcm.mka", "matroska", "pcm_s16le", rate=16_000, channels=2, media_type="audio/webm"),
        _av("dictation.wma", "asf", "wmav2", rate=44_100, channels=2, media_type="audio/x-ms-wma", alike=0.9),
        _av("call.au", "au", "pcm_mulaw", channels=2, media_type="audio/basic"),
        _av("call.aiff", "aiff", "pcm_s16be", rate=44_100, channels=2, media_type="audio/aiff"),
        _av("call.caf", "caf", "pcm_s16le", rate=16_000, media_type="audio/x-caf"),
    )
}


def encode_raw(codec: str, samples: Samples) -> bytes:
    """Sound without any header: `alaw`, `ulaw` or `s16le` at 8 kHz."""
    if codec == "s16le":
        return samples.astype("<i2").tobytes()
    context = av.CodecContext.create({"alaw": "pcm_alaw", "ulaw": "pcm_mulaw"}[codec], "w")
    context.sample_rate, context.format, context.layout = 8000, "s16", LAYOUTS[samples.shape[1]]
    return b"".join(bytes(packet) for packet in [*context.encode(_frame(samples, 8000)), *context.encode(None)])
