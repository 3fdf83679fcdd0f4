"""Languages that Whisper models are asked for, by code."""

from __future__ import annotations

from faster_whisper.tokenizer import _LANGUAGE_CODES

from speechsvc.transcription.errors import LanguageUnknown


def check_language(code: str) -> str:
    """The code as given. Raises LanguageUnknown."""
    if code not in _LANGUAGE_CODES:
        raise LanguageUnknown(language=code)
    return code
