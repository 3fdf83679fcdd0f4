"""Stretches: what one speaker says in one go. A recogniser may cut it up, which must not count double."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.domain.utterance import plain, real_characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Consecutive unsuspect turns of one speaker."""

    speaker: Speaker
    turns: tuple[int, ...]  # indexes of the turns
    start: float  # seconds
    end: float  # seconds
    text: str  # the turns' texts, joined by a space

    @property
    def characters(self) -> int:
        """Real characters, acknowledgements left out."""
        return real_characters(self.text)


def stretches(turns: Sequence[Turn]) -> list[Stretch]:
    """In order; suspect and wordless turns left out. Unknown speakers are never joined: they may be two people."""
    found: list[Stretch] = []
    for i, turn in enumerate(turns):
        if turn.suspect or not plain(turn.text):
            continue
        if found and found[-1].speaker is turn.speaker is not Speaker.UNKNOWN:
            last = found[-1]
            found[-1] = replace(last, turns=(*last.turns, i), end=turn.end, text=f"{last.text} {turn.text}")
        else:
            found.append(Stretch(speaker=turn.speaker, turns=(i,), start=turn.start, end=turn.end, text=turn.text))
    return found
