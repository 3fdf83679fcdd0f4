"""Speaks the corpus: shards of quantised features with the time of every character."""

from __future__ import annotations

import os
import random
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.recipe import corpus
from models.recipe.channel import Line, frames_of, log_mel, quantised
from models.recipe.symbols import Vocabulary
from models.recipe.voice import COMMON, OTHER, Speaker, Spoken

WEIGHTS = {"real": 0.47, "sampled": 0.33, "template": 0.10, "words": 0.10}
_NOISE_FRAMES = 150  # of the line without a voice, kept for the pauses


@dataclass(frozen=True)
class Plan:
    """What to synthesise."""

    corpus: Path  # folder of corpus.txt.gz, characters.txt and filters.npy
    out: Path
    espeak: str = "libespeak-ng.so.1"  # the shared object
    data: str | None = None  # folder that holds espeak-ng-data
    minutes: float = 30.0  # of speech a shard


def run(plan: Plan, *, shards: int, workers: int, first: int = 0) -> None:
    """Makes shards `first` to `first + shards - 1`; those that exist are left alone. One seed a shard."""
    plan.out.mkdir(parents=True, exist_ok=True)
    wanted = [i for i in range(first, first + shards) if not (plan.out / f"shard{i:04d}.npz").exists()]
    began = time.time()
    with ProcessPoolExecutor(workers, initializer=_politely) as pool:
        jobs = [pool.submit(make_shard, plan, i) for i in wanted]
        for done, job in enumerate(as_completed(jobs), 1):
            hours = job.result()
            print(f"shard {done}/{len(wanted)}: {hours:.2f} h, {time.time() - began:.0f} s", flush=True)


def _politely() -> None:
    os.nice(10)  # training beside it goes first


def make_shard(plan: Plan, index: int) -> float:
    """Writes one shard; returns its hours."""
    maker = _Maker(plan, index)
    while maker.frames < plan.minutes * 6000:
        maker.stream()
    maker.save(plan.out / f"shard{index:04d}")
    return maker.frames / 360_000


class _Maker:
    def __init__(self, plan: Plan, seed: int) -> None:
        self._rng, self._draw = np.random.default_rng(seed), random.Random(seed)
        self._speaker = Speaker(plan.espeak, plan.data)
        self._streams = corpus.read(plan.corpus / "corpus.txt.gz")
        self._vocabulary = corpus.vocabulary(plan.corpus)
        self._syllables = {s: i + 1 for i, s in enumerate((plan.corpus / "syllables.txt").read_text("utf-8").split())}
        self._filters = np.load(plan.corpus / "filters.npy")
        self._mels: list[npt.NDArray[np.uint8]] = []
        self._labels: list[npt.NDArray[np.uint16]] = []
        self._utterances: list[tuple[int, int, int, int, int]] = []  # first frame, frames, stream, noise, first token
        self._tokens: list[int] = []
        self._spans: list[npt.NDArray[np.float32]] = []
        self.frames = self._count = 0

    def stream(self) -> None:
        """One speaker on one line says one stream."""
        kind = self._draw.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        texts = self._draw.choice(self._streams[kind])
        line = Line.draw(self._rng)
        self._voice()
        noise = self._add(quantised(self._mel(line.carry(np.zeros(_NOISE_FRAMES * 221, np.float32), self._rng))))
        marks = self._draw.random() < 0.4
        for text in texts:
            said = corpus.renamed(text, self._draw) if kind == "real" else text
            if self._draw.random() < 0.15:
                said = said.replace("，", "").rstrip("。")
            spoken = self._speaker.say(said, marks=marks)
            if spoken is not None and len(spoken.samples) < 22_050 * 14:
                self._utterance(said, spoken, line, noise)
        self._count += 1

    def _voice(self) -> None:
        while True:
            name = self._draw.choice(COMMON) if self._draw.random() < 0.75 else self._draw.choice((*OTHER, ""))
            try:
                pitch, spread = self._draw.randint(25, 75), self._draw.randint(40, 65)
                self._speaker.voice(name, speed=self._draw.randint(140, 205), pitch=pitch, spread=spread)
            except ValueError:
                continue
            return

    def _utterance(self, text: str, spoken: Spoken, line: Line, noise: int) -> None:
        mel = quantised(self._mel(line.carry(spoken.samples, self._rng)))
        starts, ends = frames_of(spoken.starts), frames_of(spoken.ends)
        labels = np.zeros(len(mel), np.uint16)
        for syllable, a, b in zip(spoken.syllables, starts, ends, strict=True):
            labels[int(a) : int(np.ceil(b))] = self._syllables.get(syllable, 0)
        tokens, spans = _aligned(text, starts, ends, self._vocabulary)
        self._utterances.append((self.frames, len(mel), self._count, noise, len(self._tokens)))
        self._tokens.extend(tokens)
        self._spans.append(spans)
        self._add(mel, labels)

    def _mel(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return log_mel(samples, self._filters)

    def _add(self, mel: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint16] | None = None) -> int:
        at = self.frames
        self._mels.append(mel)
        self._labels.append(np.zeros(len(mel), np.uint16) if labels is None else labels)
        self.frames += len(mel)
        return at

    def save(self, path: Path) -> None:
        """`<path>.mel.npy` and, last, `<path>.npz`: a reader that sees the second finds the first."""
        np.save(f"{path}.mel.npy", np.concatenate(self._mels))
        part: Any = path.with_suffix(".part.npz")
        np.savez(
            part,
            labels=np.concatenate(self._labels),
            utterances=np.array(self._utterances, np.int64),
            tokens=np.array(self._tokens, np.int16),
            spans=np.concatenate(self._spans),
        )
        part.replace(path.with_suffix(".npz"))


def _aligned(
    text: str, starts: npt.NDArray[np.float32], ends: npt.NDArray[np.float32], vocabulary: Vocabulary
) -> tuple[list[int], npt.NDArray[np.float32]]:
    """Token ids and (start, end) frames of each; a mark lies in the pause where it was made."""
    tokens, spans, at = [], [], 0
    for character in text:
        tokens.append(vocabulary.ids.get(character, 0))
        if "\u4e00" <= character <= "\u9fff":
            spans.append((starts[at], ends[at]))
            at += 1
        else:
            before = ends[at - 1] if at else 0.0
            spans.append((before - 5, (starts[at] if at < len(starts) else before + 10) + 2))
    return tokens, np.array(spans, np.float32).reshape(-1, 2)
