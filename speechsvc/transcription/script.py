"""Simplified script out, whatever the model wrote: prompts do not hold Whisper to it reliably, OpenCC does."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

import opencc

_NOT_WORD = re.compile(r"[\W_]+")


def simplified(text: str) -> str:
    """`text` with traditional characters replaced by simplified ones; the rest stays as it is."""
    return str(_converter().convert(text))


def comparable(text: str) -> str:
    """For comparing: NFKC, simplified, lower case, letters and digits only."""
    return _NOT_WORD.sub("", simplified(unicodedata.normalize("NFKC", text)).lower())


@cache
def _converter() -> Any:
    return opencc.OpenCC("t2s")
