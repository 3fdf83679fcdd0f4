"""Speaker turns in mono recordings: `python -m tests.bench.mono [CALLS]`, with voices that nothing was tuned on.

Diarization error with and without collar, words given to the right speaker, and roles, for mixes of two synthetic
voices. Needs espeak-ng. Tells nothing about human voices.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from speechsvc.audio.recording import RecordingOpener
from speechsvc.diarization.basic import BasicDiarizer
from speechsvc.domain.call import Direction
from speechsvc.domain.roles import name_speakers
from speechsvc.domain.transcript import Segment, Transcript
from speechsvc.transcription.transcriber import FasterWhisperTranscriber, ModelChoice
from tests.speech.errors import Heard, diarization_error, words_right
from tests.speech.mixes import Line, Mix, mix
from tests.speech.voices import Voice

GOLD = Path(__file__).parents[1] / "gold"
# None of these variants took part in tuning: m1 m2 m4 m5 m7 f1 f2 f3 f5 did.
PAIRS = (
    ("m3", "f4"),
    ("m6", "m8"),
    ("f4", "m8"),
    ("m3", "m6"),
    ("f4", "linda"),
    ("m8", "m3"),
    ("Annie", "f4"),
    ("m6", "belinda"),
    ("edward", "m3"),
    ("linda", "Annie"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Of one mix; shares from 0 to 1."""

    pair: tuple[str, str]
    found: int
    error: float
    error_collar: float
    words: float
    roles: str  # right, wrong or unknown
    confidence: float


def make(i: int, pair: tuple[str, str], turns: int = 16) -> Mix:
    """A mix of one call's words: speed, pitch, loudness, noise and overlaps differ with `i`."""
    rng = random.Random(f"mono-{i}")
    call = rng.choice(effective("w4.jsonl"))
    voices = {
        who: Voice(variant=variant, speed=rng.randint(150, 190), pitch=rng.randint(35, 65))
        for who, variant in zip(("agent", "customer"), pair, strict=True)
    }
    line = Line(
        loudness_db=(-rng.uniform(0, 6), -rng.uniform(0, 6)),
        noise_db=rng.uniform(-60, -46),
        low_order=rng.choice((2, 4)),
    )
    return mix([(t["speaker"], t["text"]) for t in call["turns"][:turns]], voices, seed=str(i), line=line)


def effective(name: str) -> list[dict[str, Any]]:
    """Calls of a gold file in which two people talk."""
    lines = (GOLD / name).read_text("utf-8").splitlines()
    return [c for c in map(json.loads, lines) if c["contact"] == "effective"]


def transcriber() -> FasterWhisperTranscriber:
    return FasterWhisperTranscriber(
        open_recording=RecordingOpener().open,
        model=ModelChoice(name="demo", model_dir=Path("unused"), cpu_threads=2, offline=True),
        diarizer=BasicDiarizer(),
    )


def figures(made: Mix, transcript: Transcript, pair: tuple[str, str]) -> Figures:
    truth = [(s.start, s.end, s.speaker) for s in made.speech]
    found = [(i.start, i.end, str(i.voice)) for i in transcript.speech]
    roles = transcript.model["speakers"]["roles"]
    named = roles["agent"] is not None
    right = named and overlap(made, transcript, roles["agent"], "agent") > overlap(
        made, transcript, roles["agent"], "customer"
    )
    return Figures(
        pair=pair,
        found=transcript.model["speakers"]["found"],
        error=diarization_error(truth, found).rate,
        error_collar=diarization_error(truth, found, collar=0.25).rate,
        words=words_right(truth, [as_heard(s, transcript) for s in transcript.segments]),
        roles="right" if right else "wrong" if named else "unknown",
        confidence=roles["confidence"],
    )


def as_heard(segment: Segment, transcript: Transcript) -> Heard:
    """With the speech of its own voice under it."""
    under = [
        (max(i.start, segment.start), min(i.end, segment.end))
        for i in transcript.speech
        if i.voice == segment.voice and i.start < segment.end and i.end > segment.start
    ]
    return Heard(speaker=str(segment.voice), text=segment.text, speech=tuple(under))


def overlap(made: Mix, transcript: Transcript, voice: int, who: str) -> float:
    """Seconds in which `voice` is heard while `who` really speaks."""
    return sum(
        max(0.0, min(i.end, s.end) - max(i.start, s.start))
        for i in transcript.speech
        if i.voice == voice
        for s in made.speech
        if s.speaker == who
    )


def main(count: int) -> None:
    engine, done = transcriber(), []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(count):
            pair = PAIRS[i % len(PAIRS)]
            made = make(i, pair)
            began = perf_counter()
            heard = engine.transcribe(
                made.write(Path(folder) / f"{i}.wav"), channels="mono", language="zh", progress=lambda part: None
            )
            one = figures(made, name_speakers(heard, Direction.OUTBOUND), pair)
            done.append(one)
            print(
                f"{'+'.join(pair):14} {heard.duration:5.0f} s  found {one.found}  DER {one.error:.3f}"
                f"  collar {one.error_collar:.3f}  words {one.words:.3f}  roles {one.roles} {one.confidence:.2f}"
                f"  {perf_counter() - began:.1f} s",
                flush=True,
            )
    for name in ("error", "error_collar", "words"):
        values = sorted(getattr(f, name) for f in done)
        print(f"{name}: mean {sum(values) / len(values):.3f}, from {values[0]:.3f} to {values[-1]:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2 * len(PAIRS))
