"""How fast recordings become words on a machine: a moving average, and what it says about a call's finish."""

from __future__ import annotations

from dataclasses import dataclass, replace

_MEMORY = 20  # calls that the moving average remembers, about
_TRUST = 0.1  # share of the work from which a call's own speed counts


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Of one model with one profile on one machine."""

    host: str
    model: str
    profile: str
    factor: float = 0.0  # seconds of work for a second of audio, moving average: the real-time factor
    call_s: float = 0.0  # seconds of work for a call, moving average
    calls: int = 0  # in all
    audio_s: float = 0.0  # seconds in all
    work_s: float = 0.0  # seconds in all

    def after(self, audio_s: float, work_s: float) -> Pace:
        """With one more call. A call without sound moves the seconds of a call only."""
        weight = max(1 / (self.calls + 1), 1 / _MEMORY)
        factor = self.factor
        if audio_s > 0:
            first = self.audio_s == 0
            factor = work_s / audio_s if first else factor + weight * (work_s / audio_s - factor)
        return replace(
            self,
            factor=factor,
            call_s=self.call_s + weight * (work_s - self.call_s),
            calls=self.calls + 1,
            audio_s=self.audio_s + audio_s,
            work_s=self.work_s + work_s,
        )


def remaining_s(*, elapsed_s: float, progress: float, audio_s: float | None, factor: float | None) -> float | None:
    """Seconds until a call is recognised: at first from the machine's pace and the audio's length, then more and more
    from its own speed. None where nothing is known yet.
    """
    planned = max(0.0, factor * audio_s - elapsed_s) if factor and audio_s is not None else None
    own = elapsed_s * (1 - progress) / progress if progress >= _TRUST else None
    if own is None or planned is None:
        return planned if own is None else own
    return progress * own + (1 - progress) * planned


def waiting_s(pace: Pace | None, *, ahead: int, busy: int) -> float | None:
    """Seconds until a call that waits behind `ahead` others is recognised, with `busy` processes at work."""
    if pace is None or pace.calls == 0:
        return None
    return pace.call_s * (1 + ahead / max(1, busy))
