"""Lexicon values as the text of a table cell, and back without loss."""

from __future__ import annotations

from collections.abc import Iterable

WORD, PART = "、", "…"  # between words of a list; between parts of a pattern
_WORD_SPLIT = "、，,；;\n"  # what people type between words
_YES = {"yes", "true", "1", "y", "是", "对"}
_NO = {"no", "false", "0", "n", "否", "不"}


def words_cell(words: Iterable[str]) -> str:
    """For example 报价单、报个价; a separator within a word is preceded by a backslash."""
    return WORD.join(_escaped(word, _WORD_SPLIT) for word in words)


def cell_words(cell: str) -> list[str]:
    return _parts(cell, _WORD_SPLIT)


def pattern_cell(parts: Iterable[str]) -> str:
    """For example 能|可以 … 便宜|优惠."""
    return f" {PART} ".join(_escaped(part, PART) for part in parts)


def cell_pattern(cell: str) -> list[str]:
    return _parts(cell, PART)


def flag_cell(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def cell_flag(cell: str) -> bool | None:
    """Raises ValueError for anything but yes, no and their like."""
    text = cell.strip().lower()
    if text in _YES or text in _NO:
        return text in _YES
    if not text:
        return None
    raise ValueError("is neither yes nor no")


def _escaped(text: str, separators: str) -> str:
    """A backslash before separators, backslashes, and blanks at either end."""
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    special = (c in separators or c == "\\" or not first <= i < last for i, c in enumerate(text))
    return "".join("\\" + c if marked else c for c, marked in zip(text, special, strict=True))


def _parts(cell: str, separators: str) -> list[str]:
    """Splits at separators that no backslash precedes; blanks around parts do not matter, empty parts fall out."""
    parts: list[list[tuple[str, bool]]] = [[]]  # characters, and whether they were escaped
    escaped = False
    for character in cell:
        if escaped:
            parts[-1].append((character, True))
        elif character in separators:
            parts.append([])
        elif character != "\\":
            parts[-1].append((character, False))
        escaped = not escaped and character == "\\"
    return [text for text in map(_stripped, parts) if text]


def _stripped(part: list[tuple[str, bool]]) -> str:
    while part and part[0][0].isspace() and not part[0][1]:
        part = part[1:]
    while part and part[-1][0].isspace() and not part[-1][1]:
        part = part[:-1]
    return "".join(character for character, _ in part)
