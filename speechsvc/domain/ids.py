"""Identifiers: time-ordered, unguessable enough for URLs, prefixed so that a stranger knows what they name."""

from ulid import ULID


def new_id(prefix: str) -> str:
    """For example `call_01jd3k...`: prefix, underscore, 26 lower-case characters (48 bits of time, 80 random)."""
    return f"{prefix}_{str(ULID()).lower()}"
