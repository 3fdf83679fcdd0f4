"""The engine's version: its code, its tables, and the libraries whose dictionaries decide."""

import hashlib
from importlib.metadata import version

from speechsvc.tagging import cues
from speechsvc.tagging.number_classes import CLASSES, LEAN_CLASSES

CODE = "10"  # raise it with every change of code that can alter a result


def _tables() -> str:
    """Digest of the tables of cues and numbers, so that a changed table can never pass for the old one."""
    regexes = (
        cues.BEFORE,
        cues.AFTER,
        cues.NOT_A_CUE,
        cues.CHOICE,
        cues.QUESTION,
        cues.ANNOUNCEMENT,
        cues.CUE_CHARACTERS,
    )
    tables = [*(regex.pattern for regex in regexes), *CLASSES.values(), *LEAN_CLASSES.values()]
    return hashlib.sha256("\n".join(tables).encode()).hexdigest()[:8]


_LIBRARIES = ("jieba", "spacy", "pypinyin", "opencc", "google-re2")

ENGINE_VERSION = f"tagger-{CODE}+{_tables()}-" + "-".join(f"{name}{version(name)}" for name in _LIBRARIES)
