"""Chinese or English, by the request's Accept-Language."""

from __future__ import annotations

from starlette.requests import HTTPConnection


def language_of(request: HTTPConnection) -> str:
    """ "zh" or "en": the one with the higher weight, English where the header names neither."""
    weights = {"zh": 0.0, "en": 0.0}
    for part in request.headers.get("accept-language", "")[:500].split(","):
        tag, _, parameters = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary in weights:
            weights[primary] = max(weights[primary], _weight(parameters))
    return "zh" if weights["zh"] > weights["en"] else "en"


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
