"""What written entries find in single turns of a call, without tagging the others: a turn's mentions follow from its
words, and from the turn before only where an entry asks for that or where the turn declines something."""

from __future__ import annotations

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import Mention
from speechsvc.tagging.tagger import LexiconTagger, Scanned
from speechsvc.tagging.text import NormalText

_AT_ONCE = 16  # turns that are scanned together


class SomeTurns:
    """One tagger on one call; every turn is looked at once."""

    def __init__(
        self, tagger: LexiconTagger, conversation: Conversation, text: NormalText, *, at_once: int = _AT_ONCE
    ) -> None:
        """`at_once`: turns in a row that are scanned together, for who asks for many."""
        self._tagger, self._conversation, self._text, self._at_once = tagger, conversation, text, at_once
        self._scans: dict[int, Scanned] = {}
        self._found: dict[int, list[Mention]] = {}
        self._depends: dict[int, bool] = {}

    def at(self, turn: int) -> list[Mention]:
        """Written mentions of the turn."""
        first = turn
        while first not in self._found and self.depends(first):
            first -= 1
        for i in range(first, turn + 1):
            if i not in self._found:
                before = self._found[i - 1] if i > first else []
                self._found[i] = self._tagger.tag_turn(self._scan(i), i, before)
        return self._found[turn]

    def behind(self, turn: int, before: list[Mention]) -> list[Mention]:
        """The same where the mentions of the turn before are known."""
        return self._tagger.tag_turn(self._scan(turn), turn, before)

    def depends(self, turn: int) -> bool:
        """Whether the turn before may matter."""
        if turn not in self._depends:
            self._depends[turn] = self._tagger.depends(self._scan(turn), turn)
        return self._depends[turn]

    def _scan(self, turn: int) -> Scanned:
        part = turn // self._at_once
        if part not in self._scans:
            turns = range(part * self._at_once, min((part + 1) * self._at_once, len(self._conversation.turns)))
            self._scans[part] = self._tagger.scan(self._conversation, self._text, turns)
        return self._scans[part]
