"""A mixture of Gaussians over all speech of a recording, and how far each speaker's voice lies from it.

The mixture learns the sounds of the language as this recording carries them; a speaker is a shift of its means. With a
Gaussian prior over the shifts, the evidence for "these frames come from one voice" has a closed form, so windows can be
compared, joined and counted without a threshold on a distance. After P. Kenny, "Bayesian analysis of speaker
diarization with eigenvoice priors" (2008), with one free direction a dimension instead of trained eigenvoices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_LEAST = 0.05  # least variance of a standardised feature
_HELD = 20.0  # weighted frames that pull the use of components to that of all speech


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Mixture:
    """Components with diagonal covariance."""

    weights: npt.NDArray[np.float64]  # shape (components,)
    means: npt.NDArray[np.float64]  # shape (components, dimensions)
    variances: npt.NDArray[np.float64]  # same shape

    def responsibilities(self, values: Floats) -> npt.NDArray[np.float64]:
        """How much of each frame belongs to each component, shape (frames, components); rows sum to 1."""
        inverse = 1 / self.variances
        constant = np.log(self.weights) - 0.5 * (np.log(self.variances) + self.means**2 * inverse).sum(axis=1)
        score = constant + values @ (self.means * inverse).T - 0.5 * values**2 @ inverse.T
        score = np.exp(score - score.max(axis=1, keepdims=True))
        return np.asarray(score / score.sum(axis=1, keepdims=True))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Statistics:
    """What is kept of a set of frames: counts and sums relative to the mixture. Sets add up by adding these."""

    counts: npt.NDArray[np.float64]  # shape (..., components)
    sums: npt.NDArray[np.float64]  # shape (..., components, dimensions), divided by the mixture's deviation


def fit_mixture(values: Floats, components: int, *, rounds: int = 10) -> Mixture:
    """Expectation maximisation from spread-out frames; `values` has at least as many frames as components."""
    rng = np.random.default_rng(0)  # same recording, same result
    means = _spread(values, components, rng)
    mixture = Mixture(
        weights=np.full(components, 1 / components),
        means=means,
        variances=np.tile(values.var(axis=0).astype(np.float64) + _LEAST, (components, 1)),
    )
    for _ in range(rounds):
        shares = mixture.responsibilities(values)
        counts = shares.sum(axis=0) + 1e-3
        means = shares.T @ values / counts[:, None]
        variances = shares.T @ values**2 / counts[:, None] - means**2
        mixture = Mixture(weights=counts / counts.sum(), means=means, variances=np.maximum(variances, _LEAST))
    return mixture


def statistics(
    mixture: Mixture, shares: npt.NDArray[np.float64], values: Floats, groups: npt.NDArray[np.int64], count: int
) -> Statistics:
    """Of `count` groups of frames; `groups` names the group of each frame, in rising order; `shares` as above."""
    deviation = np.sqrt(mixture.variances)
    counts = np.zeros((count, *shares.shape[1:]))
    sums = np.zeros((count, *mixture.means.shape))
    edges = np.searchsorted(groups, np.arange(count + 1))
    for i in range(count):
        part = slice(edges[i], edges[i + 1])
        counts[i] = shares[part].sum(axis=0)
        sums[i] = (shares[part].T @ values[part] - counts[i][:, None] * mixture.means) / deviation
    return Statistics(counts=counts, sums=sums)


def evidence(mixture: Mixture, voices: Statistics, prior: float) -> npt.NDArray[np.float64]:
    """Log evidence of one voice over the mixture itself, for each set; `prior` frames pull each shift to 0.

    Two parts: how the sounds of a voice lie (shifts), and which of them it makes (a Dirichlet prior over the weights);
    between very different voices the mixture has a component for each sound of each, and only the second tells.
    """
    counts, sums = voices.counts, voices.sums
    fit = 0.5 * (np.square(sums).sum(axis=-1) / (counts + prior)).sum(axis=-1)
    size = 0.5 * sums.shape[-1] * np.log1p(counts / prior).sum(axis=-1)
    expected = _HELD * mixture.weights
    used = _log_gamma(np.array(_HELD)) - _log_gamma(_HELD + counts.sum(axis=-1))
    used = used + (_log_gamma(counts + expected) - _log_gamma(expected)).sum(axis=-1)
    used = used - (counts * np.log(mixture.weights)).sum(axis=-1)
    return np.asarray(fit - size + used)


def voice_scores(
    mixture: Mixture, voices: Statistics, shares: npt.NDArray[np.float64], values: Floats, prior: float
) -> npt.NDArray[np.float64]:
    """Expected log-likelihood of each frame under each voice, over the mixture itself: shape (frames, voices)."""
    spread = 1 / (voices.counts + prior)  # posterior variance of each shift, in units of the mixture's
    shift = voices.sums * spread[..., None]
    used = (voices.counts + _HELD * mixture.weights) / (voices.counts.sum(axis=-1, keepdims=True) + _HELD)
    constant = np.log(used / mixture.weights)
    constant = constant - 0.5 * (np.square(shift).sum(axis=-1) + spread * shift.shape[-1])
    scores = shares @ constant.T
    scaled = shift / np.sqrt(mixture.variances)
    for i in range(scores.shape[1]):
        scores[:, i] += (shares * (values @ scaled[i].T - (mixture.means * scaled[i]).sum(axis=1))).sum(axis=1)
    return np.asarray(scores)


def _log_gamma(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Stirling's series after six steps up, exact to nine digits for positive numbers."""
    shift = sum(np.log(x + i) for i in range(6))
    up = x + 6
    return np.asarray(
        (up - 0.5) * np.log(up) - up + 0.5 * np.log(2 * np.pi) + 1 / (12 * up) - 1 / (360 * up**3) - shift
    )


def _spread(values: Floats, components: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Frames far from one another (k-means++), so that every sound finds a component."""
    chosen = [int(rng.integers(len(values)))]
    distance = np.square(values - values[chosen[0]]).sum(axis=1).astype(np.float64)
    while len(chosen) < components:
        chosen.append(int(rng.choice(len(values), p=distance / distance.sum())) if distance.sum() > 0 else 0)
        distance = np.minimum(distance, np.square(values - values[chosen[-1]]).sum(axis=1))
    return values[chosen].astype(np.float64)
