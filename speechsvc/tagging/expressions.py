"""Entries that are regular expressions, through RE2: time grows with the length of the text, whatever people write.

They see normalised text; no match crosses the end of a turn, and ^ and $ are the ends of a turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import re2

from speechsvc.tagging.text import normal_table

_MEMORY = 8 << 20  # bytes for one expression


class Expressions:
    """Read-only once made."""

    def __init__(self, expressions: Iterable[tuple[int, str]]) -> None:
        """Rule numbers with their expressions, each of which `expression_problem` accepts."""
        self._compiled = [(rule, re2.compile(_source(given), _options())) for rule, given in expressions]

    def matches(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Rule number, start and end of every match that is not empty; the matches of a rule do not overlap."""
        for rule, expression in self._compiled:
            for match in expression.finditer(text):
                start, end = match.span()
                if end > start:
                    yield rule, start, end


def expression_problem(given: str) -> str | None:
    """Why the expression cannot be used, in plain words; none if it can."""
    try:
        re2.compile(given, _options())
        expression = re2.compile(_source(given), _options())
    except re2.error as error:
        why = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        return f"'{given}' is no regular expression here ({why}); look-around and back-references do not exist."
    if expression.search(""):
        return f"'{given}' matches the empty text; it must need at least one character."
    return None


def _source(given: str) -> str:
    """Chinese characters as normalised text has them; letters in either case."""
    table = normal_table()
    plain = "".join(table[ord(c)] if 0x3400 <= ord(c) < 0xA000 else c for c in given)
    return f"(?im:{plain})"


def _options() -> Any:
    options = re2.Options()
    options.never_nl, options.log_errors, options.max_mem = True, False, _MEMORY
    return options
