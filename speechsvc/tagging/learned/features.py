"""What a model sees of a turn: character and syllable n-grams, those of the turn before, and a few facts of context.

Punctuation is left out, since recognisers write none; so text with and without marks looks the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from speechsvc.domain.conversation import Conversation
from speechsvc.tagging.syllables import sound_names, syllables
from speechsvc.tagging.text import NormalText

TEXT_LENGTHS = (1, 2, 3)  # characters
SOUND_LENGTHS = (2, 3)  # syllables
BEFORE_LENGTHS = (2, 3)  # characters of the turn before
_MARKS = " \t\n，。！？、；：“”‘’（）《》【】…—～·,.!?;:\"'()<>[]{}-~*#/\\|_=+"
_NO_MARKS = {ord(mark): None for mark in _MARKS}
_LENGTHS = ((5, "short"), (12, "middling"), (10**9, "long"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Squeezed:
    """A turn without marks."""

    text: str
    sounds: str  # one private code point a syllable, as long as the text


def squeeze(text: str) -> Squeezed:
    """Of normalised text."""
    plain = squeeze_text(text)
    return Squeezed(text=plain, sounds=syllables(plain))


def squeeze_text(text: str) -> str:
    return text.translate(_NO_MARKS)


def squeezed_turns(text: NormalText) -> list[Squeezed]:
    return [squeeze(text.text[start:end]) for start, end in zip(text.starts, text.ends, strict=True)]


def places(text: str, start: int, end: int) -> list[int]:
    """Offsets into `text` of the characters that `squeeze` keeps of the stretch."""
    return [i for i in range(start, end) if ord(text[i]) not in _NO_MARKS]


def grams(text: str, lengths: Iterable[int]) -> Iterator[str]:
    """Every n-gram, repeated ones too."""
    for n in lengths:
        for i in range(len(text) - n + 1):
            yield text[i : i + n]


def context(conversation: Conversation, turn: int, size: int, topics_before: Iterable[str]) -> list[str]:
    """Facts about the turn: who speaks, how much, whether the other one spoke before, what of."""
    turns = conversation.turns
    speaker = turns[turn].speaker
    facts = [str(speaker.value), next(name for most, name in _LENGTHS if size <= most)]
    if turn and turns[turn - 1].speaker is not speaker:
        facts.append("reply")
    return facts + [after(topic) for topic in topics_before]


def after(topic: str) -> str:
    """The fact that the turn before was about a topic."""
    return f"after:{topic}"


def spelled(sounds: str) -> str:
    """Syllables as words, for the file: "bao jia". What is no syllable stands for itself."""
    names = sound_names()
    return " ".join(names.get(character, character) for character in sounds)


def unspelled(words: str) -> str:
    """The way back."""
    codes = _sound_codes()
    return "".join(codes.get(word, word) for word in words.split(" "))


@cache
def _sound_codes() -> dict[str, str]:
    return {name: code for code, name in sound_names().items()}
