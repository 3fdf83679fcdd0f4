"""Other processes of this machine that take a share of work over many calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

P = TypeVar("P")
R = TypeVar("R")


class Helpers(Protocol):
    def share(self, work: str, about: tuple[Any, ...], pieces: Sequence[P], mine: Callable[[P], R]) -> list[R]:
        """What `mine` returns of each piece, in order. Helpers do some of them: they know the work by its name, and
        what it is about, and must return the same. Whatever a helper fails to do is done here.
        """
        ...


class Alone:
    """Implements `Helpers` where nobody helps."""

    def share(self, work: str, about: tuple[Any, ...], pieces: Sequence[P], mine: Callable[[P], R]) -> list[R]:
        return [mine(piece) for piece in pieces]
