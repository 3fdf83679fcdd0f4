"""What helper processes do for others, by name: the same as the others do themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from speechsvc.services.core import Core
from speechsvc.services.preview_calls import PREVIEW, PreviewCalls
from speechsvc.services.preview_lexicon import preview_work

_MAKERS: Mapping[str, Callable[..., PreviewCalls]] = {PREVIEW: preview_work}


def prepare(core: Core, work: str, about: tuple[Any, ...]) -> None:
    """Compiles what the work needs."""
    _MAKERS[work](core, *about).prepare()


def do(core: Core, work: str, about: tuple[Any, ...], piece: Any) -> Any:
    """Raises what the work raises."""
    return _MAKERS[work](core, *about).block(piece)
