"""What the pages need from the composition root."""

from __future__ import annotations

from typing import Protocol

from speechsvc.config import Settings
from speechsvc.services.core import Core


class Application(Protocol):
    """`speechsvc.bootstrap.Application` fits; so does any pair of settings and ports."""

    @property
    def settings(self) -> Settings: ...

    @property
    def core(self) -> Core: ...
