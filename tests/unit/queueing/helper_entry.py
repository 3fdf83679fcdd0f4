"""What the helper processes of `test_helpers` run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from speechsvc.queueing.helpers import PREPARE, serve


def run() -> None:
    print("what is printed must not disturb the answers")
    serve(_make)


def _make(hello: bytes) -> Callable[..., Any]:
    def answer(what: str, work: str, about: tuple[Any, ...], piece: Any = None) -> Any:
        if what == PREPARE:
            return None
        if work == "die":
            os._exit(3)
        if work == "fail":
            raise ValueError(piece)
        time.sleep(0.01)
        return hello.decode(), os.getpid(), work, about, piece

    return answer
