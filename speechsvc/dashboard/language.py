"""Chinese first, English on request: ?lang=, then the cookie."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

COOKIE = "speechsvc_lang"
LANGUAGES = ("zh", "en")


def language_of(request: Request) -> str:
    """ "zh" or "en"."""
    for value in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if value in LANGUAGES:
            return value
    return "zh"


def translator(language: str) -> Callable[[str, str], str]:
    """For templates: t('中文', 'English')."""
    index = LANGUAGES.index(language)
    return lambda *texts: texts[index]
