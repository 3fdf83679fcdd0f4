"""Puts utterances into 30-second windows as a recogniser meets them, with the tokens it should write."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.recipe.symbols import Vocabulary

FRAMES = 3000  # of a window
EMPTY = -1  # frame index of digital silence
_IGNORE = -100
_LONGEST = 446  # tokens


@dataclass
class Utterances:
    """What is known of all utterances, without their features."""

    start: npt.NDArray[np.int64]  # first frame in the library
    length: npt.NDArray[np.int64]  # frames
    stream: npt.NDArray[np.int64]  # whose words on which line
    noise: npt.NDArray[np.int64]  # first frame of that line's noise
    token: npt.NDArray[np.int64]  # first token, one entry more than utterances
    tokens: npt.NDArray[np.int16]
    spans: npt.NDArray[np.float32]  # (tokens, 2): frames from the utterance's start

    @classmethod
    def empty(cls) -> Utterances:
        none = np.zeros(0, np.int64)
        return cls(none, none, none, none, np.zeros(1, np.int64), np.zeros(0, np.int16), np.zeros((0, 2), np.float32))

    def add(self, shard: Path, first_frame: int) -> None:
        """Appends a shard whose frames begin at `first_frame` of the library."""
        data = np.load(shard)
        table = data["utterances"]
        streams = table[:, 2] + (self.stream[-1] + 1 if len(self.stream) else 0)
        self.start = np.concatenate([self.start, table[:, 0] + first_frame])
        self.length = np.concatenate([self.length, table[:, 1]])
        self.stream = np.concatenate([self.stream, streams])
        self.noise = np.concatenate([self.noise, table[:, 3] + first_frame])
        ends = np.append(table[1:, 4], len(data["tokens"]))
        self.token = np.concatenate([self.token, ends + len(self.tokens)])
        self.tokens = np.concatenate([self.tokens, data["tokens"]])
        self.spans = np.concatenate([self.spans, data["spans"]])


@dataclass
class Window:
    """One training example."""

    frames: npt.NDArray[np.int32]  # (3000,) into the library, or EMPTY
    gain: npt.NDArray[np.float16]  # (3000,) log10 of power
    padded_from: int  # from here on the normalised features are zero, as faster-whisper pads
    inputs: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    spans: list[tuple[float, float]] = field(default_factory=list)  # encoder frames of each target; (-1, -1): none


@dataclass
class _Placed:
    at: int  # frame in the window, negative if it began before
    utterance: int
    whole: bool = True


class Composer:
    """Draws windows from a library. One seed, one sequence."""

    def __init__(self, spoken: Utterances, vocabulary: Vocabulary, seed: int) -> None:
        self.spoken, self._vocabulary = spoken, vocabulary
        self._rng = np.random.default_rng(seed)

    def window(self) -> Window:
        rng = self._rng
        window = Window(np.full(FRAMES, EMPTY, np.int32), np.zeros(FRAMES, np.float16), FRAMES)
        placed, tail, end = self._place(window)
        if tail is None and rng.random() < 0.6:
            window.padded_from = min(FRAMES, end + int(rng.integers(0, 80)))
        timed = rng.random() < 0.65
        prompt = self._prompt(placed) if rng.random() < 0.25 else []
        self._write(window, prompt, placed, tail, timed)
        return window

    def _place(self, window: Window) -> tuple[list[_Placed], _Placed | None, int]:
        """Lays utterances of one stream one after another; now and then another speaker cuts in."""
        rng, spoken = self._rng, self.spoken
        digital = rng.random() < 0.25  # pauses without any noise
        mixed = rng.random() < 0.2  # a mono recording: two speakers
        pace = float(rng.choice([0.5, 1.0, 1.0, 3.0]))
        limit = FRAMES if rng.random() < 0.7 else int(rng.integers(60, FRAMES))
        at = int(rng.integers(0, 70)) if rng.random() < 0.85 else int(rng.integers(0, 1500))
        current = int(rng.integers(len(spoken.start)))
        others = [current, int(rng.integers(len(spoken.start)))]
        placed: list[_Placed] = []
        if rng.random() < 0.03:
            self._pause(window, current, 0, FRAMES, digital)
            return [], None, FRAMES
        self._pause(window, current, 0, at, digital)
        if rng.random() < 0.1:
            at = -int(rng.integers(0, max(1, spoken.length[current] - 30)))
        while at < limit:
            length = int(spoken.length[current])
            gain = float(rng.uniform(-0.2, 0.2)) if not mixed else float(rng.uniform(-0.5, 0.3))
            self._lay(window, current, at, gain)
            if at + length > FRAMES:
                return placed, _Placed(at, current, False), FRAMES
            placed.append(_Placed(at, current))
            at += length
            following = self._following(current)
            if mixed and rng.random() < 0.6:
                others[0], current = following, others[1]
                others.reverse()
            else:
                current = following
            gap = int(rng.uniform(8, 45) if rng.random() < 0.6 else rng.exponential(45) * pace + 20)
            if at < FRAMES:
                self._pause(window, current, at, min(FRAMES, at + gap), digital)
            at += gap
        end = placed[-1].at + int(spoken.length[placed[-1].utterance]) if placed else 0
        self._pause(window, current, min(at, FRAMES), FRAMES, digital)
        return placed, None, end

    def _following(self, utterance: int) -> int:
        after = utterance + 1
        stream = self.spoken.stream
        if after < len(stream) and stream[after] == stream[utterance]:
            return after
        return int(self._rng.integers(len(stream)))

    def _lay(self, window: Window, utterance: int, at: int, gain: float) -> None:
        start, length = int(self.spoken.start[utterance]), int(self.spoken.length[utterance])
        a, b = max(0, at), min(FRAMES, at + length)
        window.frames[a:b] = np.arange(start + a - at, start + b - at)
        window.gain[a:b] = gain

    def _pause(self, window: Window, utterance: int, a: int, b: int, digital: bool) -> None:
        if b > a and not digital:
            shift = int(self._rng.integers(100))
            window.frames[a:b] = self.spoken.noise[utterance] + (np.arange(shift, shift + b - a) % 140)

    def _words(self, placed: _Placed) -> tuple[list[int], list[tuple[float, float]]]:
        """Tokens that lie in the window and their encoder frames."""
        a, b = self.spoken.token[placed.utterance : placed.utterance + 2]
        spans = self.spoken.spans[a:b] + placed.at
        keep = slice(0, b - a)
        if placed.at < 0:
            keep = slice(int(np.argmax(spans[:, 0] >= -6)), b - a)
        elif not placed.whole:
            fits = spans[:, 1] < FRAMES - 4
            keep = slice(0, int(np.argmin(fits)) if not fits.all() else b - a)
        return self.spoken.tokens[a:b][keep].tolist(), [(x / 2, y / 2) for x, y in spans[keep].tolist()]

    def _prompt(self, placed: list[_Placed]) -> list[int]:
        """What was said before, as the recogniser would hand it on: with times or without, at most 223 tokens."""
        if not placed:
            return []
        rng, first = self._rng, placed[0].utterance
        begin = max(0, first - int(rng.integers(1, 16)))
        timed = rng.random() < 0.6
        prompt: list[int] = []
        at = float(rng.uniform(0, 400))
        for i in range(begin, first):
            a, b = self.spoken.token[i : i + 2]
            words = self.spoken.tokens[a:b].tolist()
            until = at + int(self.spoken.length[i]) / 2
            prompt += [self._time(at), *words, self._time(until)] if timed else words
            at = until + 10 if until < 1400 else 0.0
        return prompt[-223:]

    def _time(self, encoder_frame: float) -> int:
        return self._vocabulary.first_time + min(1500, max(0, round(encoder_frame)))

    def _write(
        self, window: Window, prompt: list[int], placed: list[_Placed], tail: _Placed | None, timed: bool
    ) -> None:
        special = self._vocabulary.special
        nothing = (-1.0, -1.0)
        head = [special("startofprev"), *prompt] if prompt else []
        body = [*head, special("startoftranscript"), special("zh"), special("transcribe")]
        spans: list[tuple[float, float]] = [nothing] * len(body)

        def put(tokens: list[int], places: list[tuple[float, float]]) -> None:
            body.extend(tokens)
            spans.extend(places)

        if not timed:
            put([special("notimestamps")], [nothing])
        for item in placed:
            end = item.at + int(self.spoken.length[item.utterance])
            self._segment(put, item, max(0, item.at) / 2, end / 2, timed)
        if tail is not None and timed and placed:
            put([self._time(tail.at / 2)], [(tail.at / 2 - 2, tail.at / 2 + 12)])
        elif tail is not None:
            self._segment(put, tail, tail.at / 2 if tail.at > 0 else 0.0, 1500.0, timed)
        silent = not placed and tail is None
        if silent and timed:
            put([self._time(0)], [nothing])
        put([special("endoftext")], [nothing])
        self._finish(window, body, spans, len(head), silent)

    def _segment(self, put: object, item: _Placed, start: float, end: float, timed: bool) -> None:
        words, places = self._words(item)
        if timed:
            words = [self._time(start), *words, self._time(end)]
            places = [(start - 2, start + 12), *places, (end - 12, end + 6)]
        put(words, places)  # type: ignore[operator]

    def _finish(
        self, window: Window, body: list[int], spans: list[tuple[float, float]], skipped: int, silent: bool
    ) -> None:
        inputs, targets = body[:-1], [_IGNORE] * skipped + body[skipped + 1 :]
        if silent:
            targets[skipped] = self._vocabulary.special("nospeech")
        first = skipped + 3  # decoding clamps the first time to one second, whatever the pause before the first word
        if first < len(inputs) and self._rng.random() < 0.3 and inputs[first] > self._vocabulary.first_time + 50:
            inputs[first] = self._vocabulary.first_time + int(self._rng.integers(0, 51))
        window.inputs, window.targets = inputs[:_LONGEST], targets[:_LONGEST]
        window.spans = spans[1:][:_LONGEST]


@dataclass
class Batch:
    """Windows as arrays."""

    frames: npt.NDArray[np.int32]  # (batch, 3000)
    gain: npt.NDArray[np.float16]
    padded_from: npt.NDArray[np.int64]  # (batch,)
    inputs: npt.NDArray[np.int64]  # (batch, tokens)
    targets: npt.NDArray[np.int64]
    spans: npt.NDArray[np.float32]  # (batch, tokens, 2)


def batch(windows: list[Window], filler: int, multiple: int = 32) -> Batch:
    """Pads the tokens to a common length, a multiple of 32, with `filler`."""
    longest = -(-max(len(w.inputs) for w in windows) // multiple) * multiple
    inputs = np.full((len(windows), longest), filler, np.int64)
    targets = np.full((len(windows), longest), _IGNORE, np.int64)
    spans = np.full((len(windows), longest, 2), -1, np.float32)
    for i, window in enumerate(windows):
        count = len(window.inputs)
        inputs[i, :count], targets[i, :count], spans[i, :count] = window.inputs, window.targets, window.spans
    return Batch(
        np.stack([w.frames for w in windows]),
        np.stack([w.gain for w in windows]),
        np.array([w.padded_from for w in windows]),
        inputs,
        targets,
        spans,
    )
