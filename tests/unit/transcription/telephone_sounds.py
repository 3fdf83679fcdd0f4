"""What a telephone line carries besides speech, generated: tones, music, noise. All 8 kHz, float in -1 to 1.

Frequencies and cadences of the tones: Chinese national standard GB 3380 (450 Hz; ring-back 1 s on, 4 s off; busy 0.35 s
on and off), ITU-T Q.23 (DTMF), ITU-T T.30 (fax calling and answering tones).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faster_whisper.audio import decode_audio

from tests.unit.audio.sounds import write_wav

RATE = 8000
Wave = npt.NDArray[np.float64]

_KEYS = {"1": (697, 1209), "5": (770, 1336), "9": (852, 1477), "0": (941, 1336), "*": (941, 1209)}
_CHORDS = ((60, 64, 67), (57, 60, 64), (65, 69, 72), (55, 59, 62, 65))  # C, a, F, G7 as MIDI notes
_TUNE = (72, 76, 79, 76, 77, 74, 72, 71, 69, 72, 76, 72, 74, 71, 67, 74)


def silence(seconds: float) -> Wave:
    """Digital silence."""
    return np.zeros(int(RATE * seconds))


def line_noise(seconds: float, *, level: float = 0.01, seed: int = 1) -> Wave:
    """Hiss with 50 Hz hum and its third harmonic."""
    t = _times(seconds)
    hum = 0.4 * np.sin(2 * np.pi * 50 * t) + 0.2 * np.sin(2 * np.pi * 150 * t)
    return level * (np.random.default_rng(seed).normal(0, 1, len(t)) + hum)


def dtmf(seconds: float) -> Wave:
    """Keys pressed one after another, 0.2 s each with pauses as long."""
    pressed = [tone(0.2, *_KEYS[key], level=0.4) for key in "159*0" * (int(seconds) + 1)]
    return np.concatenate([part for key in pressed for part in (key, silence(0.2))])[: int(RATE * seconds)]


def dial_tone(seconds: float) -> Wave:
    return tone(seconds, 450, level=0.3)


def ring_back(seconds: float) -> Wave:
    return _cadence(seconds, 450, on=1.0, off=4.0)


def busy_tone(seconds: float) -> Wave:
    return _cadence(seconds, 450, on=0.35, off=0.35)


def fax(seconds: float) -> Wave:
    """Calling tone 1100 Hz, 0.5 s on and 3 s off, then the answering tone 2100 Hz."""
    half = seconds / 2
    return np.concatenate([_cadence(half, 1100, on=0.5, off=3.0), tone(half, 2100, level=0.3)])


def hold_music(seconds: float, *, vibrato: float = 0.006, seed: int = 1, beat: float = 0.5) -> Wave:
    """A tune with vibrato over changing chords and a bass, notes with attack and decay, a little noise."""
    t = _times(seconds)
    out = np.zeros(len(t))
    for n in range(int(seconds / beat) + 1):
        _note(out, t, _TUNE[n % len(_TUNE)], n * beat, beat * 1.1, 0.22, vibrato)
        if n % 4 == 0:
            for note in (*_CHORDS[n // 4 % 4], _CHORDS[n // 4 % 4][0] - 12):
                _note(out, t, note, n * beat, beat * 4.2, 0.09, vibrato / 2)
    out += np.random.default_rng(seed).normal(0, 0.003, len(t))
    return 0.6 * out / max(1e-9, float(np.abs(out).max()))


def solo(seconds: float, *, beat: float = 0.5, wah: float = 0.0) -> Wave:
    """One bowed or blown line, like a voice: gliding pitch, vibrato, fixed resonances; `wah` swells it at 4 Hz."""
    t = _times(seconds)
    notes = np.array([55, 57, 59, 62, 59, 57, 52, 55])[(t / beat).astype(int) % 8]
    target = 440 * 2 ** ((notes - 69) / 12)
    smooth = np.hanning(642)
    pitch = np.convolve(np.pad(target, (320, 321), mode="edge"), smooth / smooth.sum(), "valid")[: len(t)]
    pitch = pitch * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    out = np.zeros(len(t))
    for h in range(1, 25):
        resonance = sum(1 / (1 + ((h * pitch - f) / (1.5 * b)) ** 2) for f, b in ((700, 90), (1200, 100), (2600, 150)))
        out += resonance / h**0.5 * np.sin(h * phase) * (h * pitch < 3800)
    out *= (0.5 + 0.5 * np.clip(np.sin(2 * np.pi * t / beat) + 0.8, 0, 1)) * (1 + wah * np.sin(2 * np.pi * 4 * t))
    return np.asarray(0.5 * out / np.abs(out).max())


def samples_16k(wave: Wave, folder: Path) -> npt.NDArray[np.int16]:
    """As the pipeline would hand it to the detector: int16 at 16 kHz, resampled by the decoder."""
    path = write_wav(folder / "wave.wav", to_pcm(wave)[:, None])
    return np.round(decode_audio(str(path)) * 32767).astype(np.int16)


def to_pcm(wave: Wave) -> npt.NDArray[np.int16]:
    """With a little noise, as every line has it; digital silence stays silent."""
    noise = np.random.default_rng(7).normal(0, 0.0005, len(wave)) if np.any(wave) else 0
    return np.round(np.clip(wave + noise, -1, 1) * 32767).astype(np.int16)


def tone(seconds: float, *frequencies: float, level: float) -> Wave:
    t = _times(seconds)
    return np.asarray(level * sum(np.sin(2 * np.pi * f * t) for f in frequencies) / len(frequencies))


SOUNDS: dict[str, Callable[[float], Wave]] = {
    "digital silence": silence,
    "line noise": line_noise,
    "key presses": dtmf,
    "dial tone": dial_tone,
    "ring-back": ring_back,
    "busy tone": busy_tone,
    "fax": fax,
    "hold music": hold_music,
    "quick hold music": lambda seconds: hold_music(seconds, beat=0.22, vibrato=0.02),
    "solo instrument": solo,
    "solo instrument, swelling": lambda seconds: solo(seconds, wah=0.9),
}


def _cadence(seconds: float, frequency: float, *, on: float, off: float) -> Wave:
    sounding = _times(seconds) % (on + off) < on
    return tone(seconds, frequency, level=0.3) * sounding


def _note(out: Wave, t: Wave, note: int, start: float, length: float, level: float, vibrato: float) -> None:
    """Adds one note with five harmonics, vibrato of 5.5 Hz, and a plucked envelope."""
    a, b = (min(len(t), int(RATE * s)) for s in (start, start + length))
    here = t[a:b] - start
    frequency = 440 * 2 ** ((note - 69) / 12)
    phase = 2 * np.pi * frequency * (here + vibrato / (2 * np.pi * 5.5) * np.sin(2 * np.pi * 5.5 * here))
    envelope = np.minimum(here / 0.02, 1) * np.exp(-2.0 * here / length) * np.minimum((length - here) / 0.03, 1)
    for harmonic in range(1, 6):
        if harmonic * frequency < RATE / 2:
            out[a:b] += level / harmonic**1.3 * envelope * np.sin(harmonic * phase)


def _times(seconds: float) -> Wave:
    return np.arange(int(RATE * seconds)) / RATE
