"""When a call will be recognised: what people see while they wait."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from speechsvc.domain.call import Call, CallStatus
from speechsvc.domain.job import JobKind
from speechsvc.domain.pace import Pace, remaining_s, waiting_s
from speechsvc.domain.transcript import Transcript
from speechsvc.errors import SpeechsvcError
from speechsvc.logging import get_logger
from speechsvc.services.core import Core

log = get_logger(__name__)


class Expectation:
    """Of one call while a worker recognises it: told its progress, it says when the end is expected."""

    def __init__(self, core: Core, clock: Callable[[], float] = time.monotonic) -> None:
        self._core, self._clock = core, clock
        self._began = clock()
        self._audio_s: float | None = None
        self._factor: float | None = None

    def opened(self, audio_s: float) -> None:
        """The recording is decoded: its length and this machine's pace give a first guess."""
        self._audio_s = audio_s
        self._factor = _factor_here(self._core)

    def at(self, progress: float) -> datetime | None:
        """None where nothing is known yet."""
        elapsed = self._clock() - self._began
        left = remaining_s(elapsed_s=elapsed, progress=progress, audio_s=self._audio_s, factor=self._factor)
        return None if left is None else self._core.clock.now() + timedelta(seconds=left)


def note_pace(core: Core, transcript: Transcript, work_s: float) -> None:
    """Remembers how long a call took here. A database that does not answer now must not cost the transcript."""
    try:
        core.system.note_pace(_here(transcript.model), transcript.duration, work_s)
    except SpeechsvcError as error:
        log.warning("pace_not_noted", code=error.code)


def with_expectation(core: Core, call: Call, position: int | None) -> Call:
    """A queued call with its expected finish, from the pace of the last machine that worked and those busy now."""
    if call.status is not CallStatus.QUEUED or position is None:
        return call
    queue = JobKind.TRANSCRIBE.queue
    busy = sum(state.leased for state in core.system.queues() if state.queue == queue)
    seconds = waiting_s(next(iter(core.system.paces()), None), ahead=position, busy=busy)
    return replace(call, expected_at=None if seconds is None else core.clock.now() + timedelta(seconds=seconds))


def _factor_here(core: Core) -> float | None:
    try:
        mine = _here(core.transcriber().describe())
        paces = core.system.paces()
    except SpeechsvcError:  # the guess is a courtesy
        return None
    key = (mine.host, mine.model, mine.profile)
    return next((p.factor for p in paces if (p.host, p.model, p.profile) == key), None)


def _here(model: Mapping[str, Any]) -> Pace:
    """The key of this machine with a transcript's model."""
    profile = str((model.get("decoding") or {}).get("profile", "sequential"))
    return Pace(host=socket.gethostname(), model=str(model.get("name", "unknown")), profile=profile)
