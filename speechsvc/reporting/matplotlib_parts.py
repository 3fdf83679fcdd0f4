"""Matplotlib without its global state: no pyplot, nothing written to the home folder, the bundled font only."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FONT = Path(__file__).parent / "fonts" / "NotoSansSC-subset.otf"
_MISSING = "□"  # what a missing character becomes, instead of a warning and a notdef box
_lock = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """The classes a picture is made of."""

    figure: Any
    canvas: Any
    rectangle: Any
    characters: frozenset[int]  # code points the font has

    def font(self, size: float) -> Any:
        """`size` in points."""
        from matplotlib.font_manager import FontProperties

        return FontProperties(fname=str(FONT), size=size)

    def drawable(self, text: str) -> str:
        """The text on one line, in characters the font has."""
        return "".join(c if ord(c) in self.characters else _MISSING for c in " ".join(text.split()))


def load() -> Parts:
    """Imports matplotlib at first use (about a second)."""
    with _lock:
        return _load()


@cache
def _load() -> Parts:
    with _configured_nowhere():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ft2font import FT2Font
        from matplotlib.patches import Rectangle
    characters = frozenset(FT2Font(str(FONT)).get_charmap())
    return Parts(figure=Figure, canvas=FigureCanvasAgg, rectangle=Rectangle, characters=characters)


@contextmanager
def _configured_nowhere() -> Iterator[None]:
    """While it is imported, matplotlib makes folders for settings and a font cache: they go where we remove them.

    This makes it independent of the home folder, which services often lack, and of a stray matplotlibrc in it.
    """
    names = ("MPLCONFIGDIR", "MATPLOTLIBRC")
    before = {name: os.environ.get(name) for name in names}
    with tempfile.TemporaryDirectory(prefix="speechsvc-matplotlib-") as folder:
        rc = Path(folder) / "matplotlibrc"
        rc.touch()
        os.environ.update(MPLCONFIGDIR=folder, MATPLOTLIBRC=str(rc))
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
