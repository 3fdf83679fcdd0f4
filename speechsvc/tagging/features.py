"""What must stand in the text wherever a part of a pattern does: for each way to say it, a few characters."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from speechsvc.tagging.grams import LONGEST
from speechsvc.tagging.syllables import readings
from speechsvc.tagging.words import Words


class Kind(Enum):
    """What a feature is made of."""

    CHARACTERS = "characters"
    SOUNDS = "sounds"  # syllables


class Feature(NamedTuple):
    """One to three characters, or two or three syllables, side by side."""

    kind: Kind
    text: str


def literal_features(literal: str, words: Words, *, by_sound: bool) -> set[Feature]:
    """Features of a literal, one of which stands wherever it is written, or with `by_sound` written as it sounds."""
    size = min(len(literal), LONGEST)
    at = min(range(len(literal) - size + 1), key=lambda i: commonness(literal[i : i + size], words))
    if by_sound:
        return {Feature(Kind.SOUNDS, sound[at : at + size]) for sound in readings(literal)}
    return {Feature(Kind.CHARACTERS, literal[at : at + size])}


@lru_cache(maxsize=200_000)
def commonness(text: str, words: Words) -> float:
    """Rough count in jieba's corpus; a word it does not know is rarer than its rarest character, by its length."""
    known = words.frequency(text)
    if known or not text:
        return float(known)
    return min(words.frequency(character) for character in text) / 4.0 ** (len(text) - 1) + 1.0
