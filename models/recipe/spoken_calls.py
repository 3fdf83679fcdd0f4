"""Speaks labelled calls as stereo 8 kHz u-law telephone audio: agent left, customer right, the two held-out voices.

Voices' speed and pitch differ per call, seeded by the call's id. Latin letters and digits are not spoken.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from models.recipe.voice import HELD_OUT, pinyin

RATE = 8000  # Hz
_CLAUSE_END = re.compile(r"[，。？！、；：…—,.?!\s]+")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def speak_calls(calls: Path, out: Path, wanted: list[str] | None = None) -> list[str]:
    """Writes `<id>.wav` and `<id>.json` (reference turns) for each call of a JSONL file; returns the ids."""
    out.mkdir(parents=True, exist_ok=True)
    done = []
    for line in calls.read_text("utf-8").splitlines():
        call = json.loads(line)
        if wanted is None or call["call_id"] in wanted:
            _speak(call, out)
            done.append(call["call_id"])
    return done


def _speak(call: dict[str, Any], out: Path) -> None:
    rng = random.Random(call["call_id"])
    names = rng.sample(("m3", "f4"), 2)
    assert set(names) == set(HELD_OUT)
    voices = {
        who: (names[i], rng.randint(150, 190), rng.randint(35, 65)) for i, who in enumerate(("agent", "customer"))
    }
    at, parts, reference = 0.6, [], []
    for turn in call["turns"]:
        samples = _say(turn["text"], *voices[turn["speaker"]])
        end = at + len(samples) / RATE
        parts.append((turn["speaker"], at, samples))
        reference.append(
            {"speaker": turn["speaker"], "start": round(at, 2), "end": round(end, 2), "text": turn["text"]}
        )
        at = end + rng.uniform(0.25, 0.9)
    audio = np.zeros((int((at + 0.5) * RATE), 2), np.float32)
    for who, start, samples in parts:
        first = int(start * RATE)
        audio[first : first + len(samples), 0 if who == "agent" else 1] += 0.7 * samples
    audio += np.random.default_rng(int(rng.random() * 1e9)).normal(0, 0.002, audio.shape).astype(np.float32)
    soundfile.write(out / f"{call['call_id']}.wav", np.clip(audio, -1, 1), RATE, subtype="ULAW")
    text = json.dumps({"call_id": call["call_id"], "turns": reference}, ensure_ascii=False, indent=1)
    (out / f"{call['call_id']}.json").write_text(text, "utf-8")


def _say(text: str, voice: str, speed: int, pitch: int) -> npt.NDArray[np.float32]:
    clauses = [_only_han(clause) for clause in _CLAUSE_END.split(text)]
    line = ", ".join(" ".join(pinyin(clause)) for clause in clauses if clause)
    if not line:
        return np.zeros(800, np.float32)
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        settings = ["-v", f"cmn-latn-pinyin+{voice}", "-s", str(speed), "-p", str(pitch), "-w", file.name]
        subprocess.run(["espeak-ng", *settings, line], check=True, capture_output=True)
        samples, rate = soundfile.read(file.name, dtype="float32")
    return soxr.resample(samples, rate, RATE)


def _only_han(text: str) -> str:
    return "".join(_HAN.findall(text))
