"""From frames of speech to a speaker for each: windows are joined by likeness, then cut anew at changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechsvc.diarization.features import HOP, RATE, Frames
from speechsvc.diarization.mixture import Mixture, Statistics, evidence, fit_mixture, statistics, voice_scores

_UNIT = 5  # frames judged together, 100 ms
_BLOCK = 30_000  # frames scored at once, ten minutes
_ROUNDS = 3  # of cutting anew and learning the voices again

Labels = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]  # of each frame in each component


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterSettings:
    """Tuned on synthetic telephone voices; see docs/speakers.md."""

    most_speakers: int = 3
    components: int = 16  # of the mixture
    window_s: float = 1.2  # of speech compared as one piece at first
    learn_s: float = 600.0  # of speech from which voices are learned; all speech is then labelled
    weight: float = 0.15  # of one frame: neighbouring frames say nearly the same
    prior: float = 4.0  # weighted frames that pull a voice to the mean of all
    switch: float = 4.0  # cost of a change of speaker within speech, in weighted log-likelihood
    pause_switch: float = 1.0  # cost of a change across a pause
    worth: float = 3.0  # log evidence that one more speaker must bring
    starts: tuple[int, ...] = (2, 4, 7)  # clusters to begin from; the best end wins


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Solution:
    """One way to tell the voices of a recording apart."""

    total: float  # log evidence less the cost of changes
    voices: Statistics

    @property
    def speakers(self) -> int:
        return len(self.voices.counts)


def label_frames(frames: Frames, settings: ClusterSettings) -> tuple[Labels, int]:
    """The speaker of each frame, 0, 1, ... in order of appearance, and how many there are."""
    if not len(frames):
        return np.zeros(0, dtype=np.int64), 0
    learning = evenly(frames, int(settings.learn_s * RATE / HOP))
    if learning.active.sum() < 4 * settings.components:  # a word or two
        return np.zeros(len(frames), dtype=np.int64), 1
    mixture = fit_mixture(learning.values[learning.active], settings.components)
    chosen = choose(solutions(learning, mixture, settings), settings)
    return _in_order(_viterbi(frames, mixture, chosen.voices, settings))


def choose(found: dict[int, Solution], settings: ClusterSettings) -> Solution:
    """One more speaker only where it brings `worth`."""
    best = found[min(found)]
    for count in sorted(found):
        if found[count].total - best.total > settings.worth * (count - best.speakers):
            best = found[count]
    return best


def solutions(frames: Frames, mixture: Mixture, settings: ClusterSettings) -> dict[int, Solution]:
    """The best solution found for each number of speakers up to `most_speakers`; one speaker is always there."""
    pieces = _windows(frames, settings)
    shares = mixture.responsibilities(frames.values)
    windows = _weighted(frames, mixture, shares, pieces, settings)
    best: dict[int, Solution] = {}
    for joined in _join(mixture, windows, settings.prior, settings.starts):
        for solution in _downwards(frames, mixture, shares, joined[pieces], settings):
            known = best.get(solution.speakers)
            if solution.speakers <= settings.most_speakers and (known is None or solution.total > known.total):
                best[solution.speakers] = solution
    return best


def evenly(frames: Frames, most: int) -> Frames:
    """At most about `most` frames: whole minutes of speech, spread over the recording."""
    minute = 60 * RATE // HOP
    count = -(-len(frames) // minute)
    wanted = max(1, most // minute)
    if count <= wanted:
        return frames
    kept = np.zeros(count, dtype=bool)
    kept[np.linspace(0, count - 1, wanted).astype(int)] = True
    chosen = np.flatnonzero(np.repeat(kept, minute)[: len(frames)])
    return Frames(
        values=frames.values[chosen], active=frames.active[chosen], span=frames.span[chosen], start=frames.start[chosen]
    )


def _downwards(
    frames: Frames, mixture: Mixture, shares: Shares, labels: Labels, settings: ClusterSettings
) -> Iterator[Solution]:
    """Cuts anew and learns again until it settles, then joins the two likest voices, until one is left."""
    while True:
        for _ in range(_ROUNDS):
            voices = _weighted(frames, mixture, shares, labels, settings)
            labels, count = _in_order(_viterbi(frames, mixture, voices, settings, shares))
        voices = _weighted(frames, mixture, shares, labels, settings)
        total = float(evidence(mixture, voices, settings.prior).sum()) - _changes(frames, labels, settings)
        yield Solution(total=total, voices=voices)
        if count == 1:
            return
        labels = next(_join(mixture, voices, settings.prior, (count - 1,)))[labels]


def _changes(frames: Frames, labels: Labels, settings: ClusterSettings) -> float:
    """What the changes of speaker cost."""
    at = np.flatnonzero(np.diff(labels))
    across = int((frames.span[at] != frames.span[at + 1]).sum())
    return settings.pause_switch * across + settings.switch * (len(at) - across)


def _windows(frames: Frames, settings: ClusterSettings) -> Labels:
    """Equal pieces of each span, about `window_s` long: the piece of each frame."""
    size = settings.window_s * RATE / HOP
    firsts = np.flatnonzero(np.diff(frames.span, prepend=-1))
    lengths = np.diff(firsts, append=len(frames))
    counts = np.maximum(1, np.round(lengths / size)).astype(np.int64)
    before = np.cumsum(counts) - counts
    position = np.arange(len(frames)) - np.repeat(firsts, lengths)
    return np.asarray(np.repeat(before, lengths) + position * np.repeat(counts, lengths) // np.repeat(lengths, lengths))


def _weighted(
    frames: Frames, mixture: Mixture, shares: Shares, labels: Labels, settings: ClusterSettings
) -> Statistics:
    """Statistics of each label's active frames."""
    active = np.flatnonzero(frames.active)
    order = active[np.argsort(labels[active], kind="stable")]
    found = statistics(mixture, shares[order], frames.values[order], labels[order], int(labels.max()) + 1)
    return Statistics(counts=settings.weight * found.counts, sums=settings.weight * found.sums)


def _join(mixture: Mixture, pieces: Statistics, prior: float, stops: tuple[int, ...]) -> Iterator[Labels]:
    """Joins the two sets that lose least evidence by it; the cluster of each piece whenever as many as a stop are left.

    Where there are fewer pieces than the least stop, each is a cluster of its own.
    """
    size = len(pieces.counts)
    counts, sums = pieces.counts.copy(), pieces.sums.copy()
    own = evidence(mixture, pieces, prior)
    loss = np.full((size, size), np.inf)
    alive = np.ones(size, dtype=bool)
    labels = np.arange(size)

    def compare(i: int) -> None:
        others = np.flatnonzero(alive & (np.arange(size) != i))
        both = Statistics(counts=counts[others] + counts[i], sums=sums[others] + sums[i])
        loss[i, others] = loss[others, i] = own[others] + own[i] - evidence(mixture, both, prior)

    for i in range(size):
        compare(i)
    if size < min(stops):
        yield labels
    for left in range(size, min(stops) - 1, -1):
        if left in stops:
            yield np.asarray(np.unique(labels, return_inverse=True)[1])
        if left == min(stops):
            return
        i, j = divmod(int(loss.argmin()), size)
        counts[i] += counts[j]
        sums[i] += sums[j]
        own[i] = evidence(mixture, Statistics(counts=counts[i], sums=sums[i]), prior)
        alive[j] = False
        loss[j] = loss[:, j] = np.inf
        labels[labels == j] = i
        compare(i)


def _viterbi(
    frames: Frames, mixture: Mixture, voices: Statistics, settings: ClusterSettings, shares: Shares | None = None
) -> Labels:
    """The likeliest speaker of each frame where every change costs something; judged in units of 100 ms."""
    begins = _units(frames)
    unit = np.cumsum(begins) - 1
    scores = np.zeros((int(unit[-1]) + 1, len(voices.counts)))
    for first in range(0, len(frames), _BLOCK):
        part = slice(first, first + _BLOCK)
        values = frames.values[part]
        known = mixture.responsibilities(values) if shares is None else shares[part]
        found = voice_scores(mixture, voices, known, values, settings.prior)
        np.add.at(scores, unit[part], settings.weight * found * frames.active[part, None])
    span = frames.span[begins]
    cost = np.where(np.diff(span, prepend=span[0]) > 0, settings.pause_switch, settings.switch)
    return np.asarray(_best_path(scores, cost)[unit])


def _units(frames: Frames) -> npt.NDArray[np.bool_]:
    """True where a unit begins: every `_UNIT` frames within a span."""
    firsts = np.flatnonzero(np.diff(frames.span, prepend=-1))
    position = np.arange(len(frames)) - np.repeat(firsts, np.diff(firsts, append=len(frames)))
    return np.asarray(position % _UNIT == 0)


def _best_path(scores: npt.NDArray[np.float64], cost: npt.NDArray[np.float64]) -> Labels:
    """Viterbi with one cost for any change; `scores` has shape (units, speakers)."""
    count, speakers = scores.shape
    came = np.zeros((count, speakers), dtype=np.int8)
    total, stay = scores[0].copy(), np.arange(speakers)
    for i in range(1, count):
        leader = int(total.argmax())
        switched = total[leader] - cost[i]
        moves = switched > total
        came[i] = np.where(moves, leader, stay)
        total = np.where(moves, switched, total) + scores[i]
    path = np.zeros(count, dtype=np.int64)
    path[-1] = total.argmax()
    for i in range(count - 1, 0, -1):
        path[i - 1] = came[i, path[i]]
    return path


def _in_order(labels: Labels) -> tuple[Labels, int]:
    """Numbers speakers by first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse], len(first)
