"""Calls of any length for benchmarks: the sample calls joined with pauses, and calls that espeak-ng speaks."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
import numpy.typing as npt
from faster_whisper.audio import decode_audio
from pypinyin import Style, lazy_pinyin

from speechsvc.resources import bundled

RATE = 8000
SAMPLES = bundled("models") / "sample-calls"
_TEXTS = Path(__file__).parents[1] / "gold" / "dev.jsonl"  # turns written for the tagger, spoken by espeak-ng
_VOICES = {"agent": "m3", "customer": "f4"}  # not among those that trained the demo model

Heard = tuple[str, str]  # words of the left and of the right channel


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchCall:
    """A stereo recording and what is really said in it."""

    path: Path
    seconds: float
    said: Heard


def joined_call(path: Path, seconds: float, *, seed: int) -> BenchCall:
    """About `seconds` of sample calls in random order with pauses of 1 to 8 seconds, cut between turns."""
    return _write(path, seconds, _sample_turns(random.Random(seed)), random.Random(seed))


def spoken_call(path: Path, seconds: float, *, seed: int) -> BenchCall | None:
    """About `seconds` of other texts spoken by espeak-ng; None where espeak-ng is not installed."""
    if shutil.which("espeak-ng") is None:
        return None
    return _write(path, seconds, _spoken_turns(random.Random(seed), path.with_suffix(".turn.wav")), random.Random(seed))


def error_rate(calls: list[BenchCall], heard: dict[str, Heard]) -> float:
    """Characters wrong of all that were said, punctuation left out, channels apart."""
    said = [plain(words) for call in calls for words in call.said]
    found = [plain(words) for call in calls for words in heard[call.path.name]]
    return float(jiwer.process_characters(said, found).cer)


def plain(text: str) -> str:
    return re.sub(r"[^\w]", "", text)


Turn = tuple[int, npt.NDArray[np.float32], str, float]  # channel, sound, words, pause after it in seconds


def _sample_turns(rng: random.Random) -> Iterator[Turn]:
    calls = [json.loads(p.read_text("utf-8")) for p in sorted(SAMPLES.glob("call*.json"))]
    sounds = [decode_audio(str(SAMPLES / call["file"]), RATE, split_stereo=True) for call in calls]
    while True:
        for i in rng.sample(range(len(calls)), len(calls)):
            turns = calls[i]["turns"]
            for turn, following in zip(turns, [*turns[1:], None], strict=True):
                a, b = int((turn["start"] - 0.1) * RATE), int((turn["end"] + 0.15) * RATE)
                gap = following["start"] - turn["end"] if following else rng.uniform(1, 8)
                yield turn["channel"], sounds[i][turn["channel"]][max(0, a) : b], turn["text"], gap - 0.25


def _spoken_turns(rng: random.Random, scratch: Path) -> Iterator[Turn]:
    calls = [json.loads(line) for line in _TEXTS.read_text("utf-8").splitlines()]
    while True:
        speed = {who: rng.randint(150, 190) for who in _VOICES}
        for turn in rng.choice(calls)["turns"]:
            who = turn["speaker"]
            words = re.sub(r"[^\u4e00-\u9fff，。？！、]", "", turn["text"])
            if who in _VOICES and plain(words):
                sound = _speak(words, _VOICES[who], speed[who], scratch)
                yield (0 if who == "agent" else 1), sound, words, rng.uniform(0.25, 0.9)


def _speak(words: str, voice: str, speed: int, scratch: Path) -> npt.NDArray[np.float32]:
    clauses = [c for c in re.split("[，。？！、]+", words) if c]
    sounds = (
        " ".join(lazy_pinyin(c, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True)) for c in clauses
    )
    command = ["espeak-ng", "-v", f"cmn-latn-pinyin+{voice}", "-s", str(speed), "-w", str(scratch), ", ".join(sounds)]
    subprocess.run(command, check=True, capture_output=True)
    sound: npt.NDArray[np.float32] = decode_audio(str(scratch), RATE)
    scratch.unlink()
    return 0.7 * sound


def _write(path: Path, seconds: float, turns: Iterator[Turn], rng: random.Random) -> BenchCall:
    """Turns one after another until the call is long enough, over the faint noise of a line."""
    length = int(seconds * RATE)
    noise = np.random.default_rng(rng.getrandbits(32))
    sound = noise.normal(0, 0.001, (length, 2)).astype(np.float32)
    said: tuple[list[str], list[str]] = ([], [])
    at = RATE // 2
    for channel, piece, words, pause in turns:
        if at + len(piece) + RATE // 2 > length:
            break
        sound[at : at + len(piece), channel] += piece
        said[channel].append(words)
        at += len(piece) + max(0, int(pause * RATE))
    with wave.open(str(path), "wb") as out:
        out.setparams((2, 2, RATE, 0, "NONE", ""))
        out.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return BenchCall(path=path, seconds=seconds, said=("".join(said[0]), "".join(said[1])))
