"""Whether left and right were named the wrong way round: what the two sides say, and who says hello to whom.

Never acted upon: a wrong swap would move people's scores. The same cues tell anonymous voices apart; here they must
speak clearly against the names that the upload gave. Measured in docs/recordings.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from speechsvc.domain.call import Direction
from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.domain.roles import role_reasons
from speechsvc.domain.transcript import Transcript

SWAPPED = "channels_maybe_swapped"  # the warning's code
_CLEAR = -4.0  # log-odds that the one called agent is the salesperson: one in fifty-five
_LEAST = 60  # characters each side must have said
_HELLO = re.compile(r"^[喂哎啊嗯，。？！\s]*(你好|您好)?[，。？！\s]*$")


def maybe_swapped(turns: Sequence[Turn], direction: Direction | None = None) -> bool:
    """Whether what is said speaks clearly against who is called agent and customer. Suspect turns say nothing."""
    said = [t for t in turns if not t.suspect and t.text.strip()]
    agent, customer = ("，".join(t.text for t in said if t.speaker is s) for s in (Speaker.AGENT, Speaker.CUSTOMER))
    if min(len(agent), len(customer)) < _LEAST:
        return False
    odds = sum(reason["weight"] for reason in role_reasons(agent, customer))
    return bool(odds + _opening(said[0], direction) < _CLEAR)


def with_doubt(transcript: Transcript, direction: Direction | None = None) -> Transcript:
    """With a warning where what is said speaks against the names of the sides; nobody is renamed."""
    if not maybe_swapped(transcript.conversation("").turns, direction):
        return transcript
    return replace(transcript, warnings=(*transcript.warnings, SWAPPED))


def _opening(first: Turn, direction: Direction | None) -> float:
    """A bare hello comes from the side that is called."""
    if direction is None or not _HELLO.match(first.text):
        return 0.0
    called = Speaker.CUSTOMER if direction is Direction.OUTBOUND else Speaker.AGENT
    return 1.0 if first.speaker is called else -1.0
