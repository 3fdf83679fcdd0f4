"""Characters to toneless syllables in which easily confused sounds are one; each syllable is one private code point.

zh/z, ch/c, sh/s, n/l, ing/in, eng/en. A text and its syllable string have equal length, so offsets agree.
Source of readings: pypinyin's single-character dictionary (first reading: the most usual) and its phrase dictionary.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from itertools import product
from typing import Any

import pypinyin
from pypinyin.constants import PINYIN_DICT

from speechsvc.tagging.codes import TABLE_SIZE, Codes, table_of

_FIRST_PRIVATE = 0xE000
_MOST_READINGS = 8


def syllables(text: str) -> str:
    """The syllable string of normalised text; what has no reading stays as it is."""
    return text.translate(_tables()[0])


@cache
def syllable_table() -> Codes:
    """Code point of a character -> code point of its syllable, for `codes.mapped`."""
    return table_of(_tables()[0])


@lru_cache(maxsize=100_000)
def readings(literal: str) -> tuple[str, ...]:
    """Syllable strings of a literal: each character's usual reading and its reading in this word, combined."""
    table, codes = _tables()
    spoken = _said(literal)
    choices = []
    for character, said in zip(literal, spoken, strict=True):
        usual = character.translate(table)
        other = codes.get(_fold(said), usual)
        choices.append((usual,) if usual == other else (usual, other))
    return tuple("".join(combination) for combination, _ in zip(product(*choices), range(_MOST_READINGS), strict=False))


def _said(literal: str) -> list[str]:
    """One reading a character, as said in this word; a character that has none stands for itself."""
    said = [item[0] for item in pypinyin.pinyin(literal, style=pypinyin.Style.NORMAL, errors=_as_is)]
    return said if len(said) == len(literal) else list(literal)


def _as_is(unknown: str) -> Any:
    return list(unknown)


@cache
def sound_names() -> dict[str, str]:
    """Code point of a syllable -> its folded name without tone; files hold names, since codes depend on the library."""
    return {code: name for name, code in _tables()[1].items()}


@lru_cache(maxsize=100_000)
def syllable_count(literal: str) -> int:
    """How many characters have a reading."""
    table = _tables()[0]
    return sum(character.translate(table) != character for character in literal)


@cache
def _tables() -> tuple[str, dict[str, str]]:
    codes: dict[str, str] = {}
    points = [chr(point) for point in range(TABLE_SIZE)]
    for point in sorted(PINYIN_DICT):
        if 0x3400 <= point < 0xA000:
            sound = _fold(_toneless(PINYIN_DICT[point].split(",")[0]))
            points[point] = codes.setdefault(sound, chr(_FIRST_PRIVATE + len(codes)))
    return "".join(points), codes


@cache
def _toneless(reading: str) -> str:
    plain = unicodedata.normalize(
        "NFD", reading.replace("ü", "v").replace("ǖ", "v").replace("ǘ", "v").replace("ǚ", "v").replace("ǜ", "v")
    )
    return "".join(character for character in plain if not unicodedata.combining(character))


@cache
def _fold(sound: str) -> str:
    for full, short in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")):
        if sound.startswith(full) and sound != "n":
            sound = short + sound[len(full) :]
            break
    for full, short in (("ing", "in"), ("eng", "en")):
        sound = sound.removesuffix(full) + short if sound.endswith(full) else sound
    return sound
