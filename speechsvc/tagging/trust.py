"""Words that may be invented stand apart: they are neither context for what was said nor do they part it.

Mentions follow from a turn and the turn before. With a suspect turn between question and answer, the turn before is the
last trusted one. Suspect turns are read by themselves; what is found there is shown, and never counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import Mention


@dataclass(frozen=True, slots=True)
class Part:
    """Some turns of a conversation, as a conversation of their own."""

    conversation: Conversation
    turns: tuple[int, ...] | None  # index of each in the whole; None where it is the whole

    def pick(self, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """Those in this part's turns, with this part's indexes."""
        if self.turns is None:
            return tuple(mentions)
        here = {whole: n for n, whole in enumerate(self.turns)}
        return tuple(replace(m, turn=here[m.turn]) for m in mentions if m.turn in here)

    def give_back(self, mentions: Iterable[Mention]) -> tuple[Mention, ...]:
        """The same with the whole's indexes."""
        turns = self.turns
        return tuple(mentions if turns is None else (replace(m, turn=turns[m.turn]) for m in mentions))


def apart(conversation: Conversation) -> tuple[Part, ...]:
    """The trusted turns and the suspect ones; the conversation itself where none is suspect."""
    for turn in conversation.turns:
        if turn.suspect:
            return _part(conversation, False), _part(conversation, True)
    return (Part(conversation, None),)


def together(parts: Iterable[tuple[Mention, ...]]) -> tuple[Mention, ...]:
    """All mentions in order of turn; the order inside a turn stays."""
    several = tuple(parts)
    return several[0] if len(several) == 1 else tuple(sorted(chain(*several), key=lambda m: m.turn))


def _part(conversation: Conversation, suspect: bool) -> Part:
    here = tuple(n for n, turn in enumerate(conversation.turns) if bool(turn.suspect) is suspect)
    return Part(replace(conversation, turns=tuple(conversation.turns[n] for n in here)), here)
