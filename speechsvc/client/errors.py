"""What can go wrong, as a caller tells it apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ClientError(Exception):
    """Base of all errors of this package."""


class Unreachable(ClientError):
    """No answer came, after all tries."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"no answer from {url}: {reason}")
        self.url = url


class Refused(ClientError):
    """The service answered with an error (application/problem+json). `code` is stable."""

    def __init__(
        self, status: int, code: str, detail: str, next_step: str = "", errors: Sequence[dict[str, Any]] = ()
    ) -> None:
        super().__init__(f"{detail} [{code}]")
        self.status, self.code, self.detail, self.next_step = status, code, detail, next_step
        self.errors = tuple(errors)


class Incomplete(ClientError):
    """What was waited for did not happen in time."""


class SignatureRejected(ClientError):
    """This webhook is not ours, was changed on its way, or is too old or too new. Answer 401."""
