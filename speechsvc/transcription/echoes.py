"""Whether a text only gives back what the model was told: its prompt, or words it was to expect."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from speechsvc.transcription.script import comparable

_LEAST = 4  # characters; a single short word may be said at any pace
_ALIKE = 0.8  # share of the text that the hints must hold
_RUN = 2  # characters in a row that count as alike


@dataclass(frozen=True, kw_only=True, slots=True)
class Hints:
    """What the model was told, made comparable: each sentence and word, and the whole."""

    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, *told: str | None) -> Hints:
        """From prompt and hotwords as they are set; None and blanks are left out."""
        texts = {
            comparable(part) for text in told if text for part in (text, *re.split(r"[\s,，、;；。！？!?]+", text))
        }
        return cls(texts=tuple(sorted(texts - {""}, key=len, reverse=True)))

    def echoed_by(self, text: str) -> bool:
        """Verbatim, in any order, or nearly."""
        plain = comparable(text)
        if len(plain) < _LEAST or not self.texts:
            return False
        return any(plain in hint for hint in self.texts) or self._covers(plain) or self._resembles(plain)

    def _covers(self, plain: str) -> bool:
        left = plain
        for hint in self.texts:
            if len(hint) > 1:
                left = left.replace(hint, "")
        return len(left) <= (1 - _ALIKE) * len(plain)

    def _resembles(self, plain: str) -> bool:
        return any(_alike(plain, hint) >= _ALIKE for hint in self.texts if len(hint) >= _LEAST)


def _alike(plain: str, hint: str) -> float:
    blocks: Sequence[tuple[int, int, int]] = SequenceMatcher(None, plain, hint, autojunk=False).get_matching_blocks()
    return sum(size for _, _, size in blocks if size >= _RUN) / len(plain)
