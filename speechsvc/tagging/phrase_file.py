"""Phrase tables: versioned regular expressions over plain text, and the way back to the words as spoken."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import yaml
from opencc import OpenCC

from speechsvc.resources import bundled

_FILES = ("contact.yaml", "next_step.yaml")


@dataclass(frozen=True, slots=True)
class Plain:
    """A text folded for matching: compatibility forms, simplified, lower case, no punctuation or spaces."""

    text: str
    original: str
    places: tuple[int, ...]  # place of each character of `text` in `original`

    def span(self, match: re.Match[str]) -> str:
        """The matched words as they stand in the original."""
        if match.start() == match.end():
            return ""
        return self.original[self.places[match.start()] : self.places[match.end() - 1] + 1]


def fold(text: str) -> Plain:
    """The text as the tables see it."""
    simplified = _simplified(text)
    folded = unicodedata.normalize("NFKC", simplified).lower()
    if len(folded) == len(text):
        pairs = [(c, i) for i, c in enumerate(folded) if c.isalnum()]
    else:  # a character became several: keep track one by one
        whole = ((unicodedata.normalize("NFKC", c).lower(), i) for i, c in enumerate(simplified))
        pairs = [(c, i) for several, i in whole for c in several if c.isalnum()]
    return Plain("".join(c for c, _ in pairs), text, tuple(i for _, i in pairs))


@dataclass(frozen=True, slots=True)
class Phrases:
    """One group of a table."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]  # reason, pattern

    def find(self, plain: Plain) -> tuple[str, str] | None:
        """Reason and words of the first hit, or None."""
        return next(self.find_all(plain), None)

    def find_all(self, plain: Plain) -> Iterator[tuple[str, str]]:
        """Reason and words of the first hit of every pattern."""
        for reason, pattern in self.patterns:
            if match := pattern.search(plain.text):
                yield reason, plain.span(match)

    def begins(self, plain: Plain) -> int | None:
        """Place of the earliest hit in the plain text, or None."""
        return min((m.start() for _, p in self.patterns if (m := p.search(plain.text))), default=None)

    def without(self, text: str) -> str:
        """What is left of a plain text when all hits are cut out."""
        for _, pattern in self.patterns:
            text = pattern.sub(" ", text)
        return text


@cache
def load_phrases(file: str, group: str) -> Phrases:
    """One group of a bundled table; `file` for example contact.yaml."""
    content = _content(file)[group]
    named = content.items() if isinstance(content, dict) else [(group, content)]
    return Phrases(tuple((reason, re.compile(p)) for reason, patterns in named for p in patterns))


@lru_cache(maxsize=1)
def phrases_version() -> str:
    """First eight digits of the SHA-256 over all tables here: part of the engine's version."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update((bundled("lexicons") / name).read_bytes())
    return digest.hexdigest()[:8]


@cache
def _content(file: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((bundled("lexicons") / file).read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=1)
def _converter() -> Any:
    return OpenCC("t2s")


def _simplified(text: str) -> str:
    """Simplified characters; unchanged where conversion would move places."""
    converted = str(_converter().convert(text))
    return converted if len(converted) == len(text) else text
