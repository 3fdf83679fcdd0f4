"""Who speaks on which channel, and what is odd about the channels: copies, inversions, silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechsvc.audio.crosstalk import CrosstalkFindings, find_crosstalk
from speechsvc.audio.mapped import forget
from speechsvc.domain.conversation import Speaker
from speechsvc.domain.crosstalk import Leak
from speechsvc.errors import InvalidInput

Samples = npt.NDArray[np.int16]

_SIDES = {"left": 0, "right": 1}
_WINDOW = 16_000 * 60  # samples looked at in one go, so that memory does not grow with the call
_ALIKE = 0.9995  # correlation above which two channels carry the same sound; two talkers stay far below
_SILENT_RMS = 8.0  # of 32768, about -72 dBFS: below line noise of any telephone


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PreparedChannel:
    """One channel to recognise."""

    index: int  # 0 left or mono, 1 right
    speaker: Speaker
    samples: Samples  # int16 at 16 kHz, shape (samples,)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelFindings:
    """Energy and likeness of the channels."""

    rms: tuple[float, ...]  # of 32768, one a channel
    correlation: float | None  # -1 to 1; None for mono or where one channel is silent

    @property
    def silent(self) -> tuple[bool, ...]:
        return tuple(value < _SILENT_RMS for value in self.rms)


Prepared = tuple[tuple[PreparedChannel, ...], tuple[str, ...], tuple[Leak, ...]]


def prepare_channels(samples: npt.NDArray[np.int16], mapping: Mapping[str, str] | str | None) -> Prepared:
    """The channels to recognise, warning codes and leakage, from `samples` of shape (samples, channels).

    `mapping` is the call's `channels`: {"left": "agent", "right": "customer"} (the default for stereo) or "mono".
    Identical or inverted copies (also a quieter or later one) become one channel whose speaker is unknown.
    Raises InvalidInput for a mapping that names other sides or speakers.
    """
    speakers = _speakers(mapping)
    if samples.shape[1] == 1:
        warnings = ("recording_mono",) if isinstance(mapping, Mapping) else ()
        findings = measure(samples)
        return (_single(samples[:, 0]),), warnings + (("channel_silent",) if findings.silent[0] else ()), ()
    findings = measure(samples)
    if findings.correlation is not None and abs(findings.correlation) >= _ALIKE:
        code = "channels_identical" if findings.correlation > 0 else "channels_inverted"
        return (_single(samples[:, 0]),), (code,), ()
    return _stereo(samples, speakers, findings)


def measure(samples: npt.NDArray[np.int16]) -> ChannelFindings:
    """Energy of each channel and their correlation, in windows."""
    count, width = samples.shape
    sums = np.zeros(width)
    products = np.zeros((width, width))
    for block in _blocks(samples):
        sums += block.sum(axis=1)
        products += block @ block.T
    means = sums / max(1, count)
    variance = np.maximum(np.diag(products) / max(1, count) - means**2, 0.0)
    rms = tuple(float(value) for value in np.sqrt(variance))
    if width != 2 or min(rms) < _SILENT_RMS:
        return ChannelFindings(rms=rms, correlation=None)
    covariance = products[0, 1] / count - means[0] * means[1]
    return ChannelFindings(rms=rms, correlation=float(covariance / (rms[0] * rms[1])))


def _stereo(
    samples: npt.NDArray[np.int16], speakers: tuple[Speaker, Speaker] | None, findings: ChannelFindings
) -> Prepared:
    warnings: list[str] = []
    crosstalk = CrosstalkFindings() if any(findings.silent) else find_crosstalk(samples)
    if crosstalk.copies:
        return (_single(samples[:, 0]),), ("channels_identical",), ()
    if any(findings.silent):
        warnings.append("channel_silent")
    if crosstalk.leaks:
        warnings.append("channels_crosstalk")
    if speakers is None:  # called mono, yet the two sides differ: keep them apart, name nobody
        warnings.append("channels_not_mono")
        speakers = (Speaker.UNKNOWN, Speaker.UNKNOWN)
    prepared = (PreparedChannel(index=i, speaker=speaker, samples=samples[:, i]) for i, speaker in enumerate(speakers))
    return tuple(prepared), tuple(warnings), crosstalk.leaks


def _single(samples: Samples) -> PreparedChannel:
    return PreparedChannel(index=0, speaker=Speaker.UNKNOWN, samples=samples)


def _speakers(mapping: Mapping[str, str] | str | None) -> tuple[Speaker, Speaker] | None:
    """Left and right speaker; None for "mono"."""
    if mapping is None:
        return Speaker.AGENT, Speaker.CUSTOMER
    if isinstance(mapping, str):
        if mapping == "mono":
            return None
        raise InvalidInput(field="channels", problem='expected "mono" or {"left": ..., "right": ...}')
    sides = [Speaker.UNKNOWN, Speaker.UNKNOWN]
    for side, name in mapping.items():
        if side not in _SIDES or name not in set(Speaker):
            raise InvalidInput(field="channels", problem="sides are left and right; speakers agent, customer, unknown")
        sides[_SIDES[side]] = Speaker(name)
    return sides[0], sides[1]


def _blocks(samples: npt.NDArray[np.int16]) -> Iterator[npt.NDArray[np.float64]]:
    """Channel by channel: sums along a channel are several times faster than across the interleaved samples."""
    for start in range(0, len(samples), _WINDOW):
        yield np.ascontiguousarray(samples[start : start + _WINDOW].T, dtype=np.float64)
        forget(samples)
