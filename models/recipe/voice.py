"""espeak-ng through its C library: text in numbered pinyin in, samples and the start of every syllable out.

Debian 12's espeak-ng 1.51 and its voice `cmn-latn-pinyin`: the plain `cmn` voice spells tone digits in English.
"""

from __future__ import annotations

import ctypes as c
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pypinyin import Style, lazy_pinyin

RATE = 22_050  # Hz, of what espeak-ng returns
HELD_OUT = ("f4", "m3")  # never trained on: the sample calls and every measurement are spoken by these
COMMON = ("m1", "m2", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f5")
OTHER = (
    "Alex", "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene", "Henrique", "Hugo", "Jacky", "Lee",
    "Marco", "Mario", "Michael", "Mike", "adam", "anika", "antonio", "belinda", "benjamin", "boris", "caleb", "david",
    "ed", "edward", "gustave", "iven", "john", "linda", "marcelo", "max", "michel", "miguel", "norbert", "pablo",
    "paul", "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph", "steph2", "travis", "victor", "zac",
)  # fmt: skip
_WORD, _PHONEME = 1, 7  # event types
_SPEED, _PITCH, _RANGE = 1, 3, 4  # parameters
_CLAUSE = re.compile(r"[，。？]+")


class _Id(c.Union):
    _fields_ = [("number", c.c_int), ("name", c.c_char_p), ("string", c.c_char * 8)]


class _Event(c.Structure):
    _fields_ = [
        ("type", c.c_int), ("unique", c.c_uint), ("text_position", c.c_int), ("length", c.c_int),
        ("audio_position", c.c_int), ("sample", c.c_int), ("user_data", c.c_void_p), ("id", _Id),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spoken:
    """One utterance. Times are samples at RATE."""

    samples: npt.NDArray[np.float32]
    syllables: list[str]  # numbered pinyin, one a character
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]


class Speaker:
    """espeak-ng in this process; it has one voice at a time and is not thread-safe."""

    def __init__(self, library: str = "libespeak-ng.so.1", data: str | None = None) -> None:
        self._library = c.CDLL(library)
        self._samples: list[npt.NDArray[np.int16]] = []
        self._events: list[tuple[int, int, int, bytes]] = []  # type, text position, sample, phoneme
        rate = self._library.espeak_Initialize(2, 200, data.encode() if data else None, 1)  # synchronous, phonemes
        if rate != RATE:
            raise RuntimeError(f"espeak-ng did not start as expected (it returned {rate})")
        kind = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(_Event))
        self._callback = kind(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def voice(self, variant: str, *, speed: int, pitch: int, spread: int = 50) -> None:
        """Raises ValueError for a variant that is not installed."""
        name = f"cmn-latn-pinyin+{variant}" if variant else "cmn-latn-pinyin"
        if self._library.espeak_SetVoiceByName(name.encode()) != 0:
            raise ValueError(variant)
        for parameter, value in ((_SPEED, speed), (_PITCH, pitch), (_RANGE, spread)):
            self._library.espeak_SetParameter(parameter, value, 0)

    def say(self, text: str, *, marks: bool = False) -> Spoken | None:
        """Speaks `text` (characters and ，。？). None where the syllables cannot be told apart.

        With `marks` a question is asked as one; else clauses are joined by commas and the last one just ends.
        """
        syllables = [s for clause in _clauses(text) for s in clause]
        line = _line(text, marks)
        self._samples.clear()
        self._events.clear()
        data = line.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, 1, None, None)
        if not self._samples or not syllables:
            return None
        samples = np.concatenate(self._samples).astype(np.float32) / 32768
        times = self._times(len(syllables))
        if times is None:
            return None
        starts, ends = times
        return Spoken(samples[: int(ends[-1]) + 550], syllables, starts, ends)

    def _times(self, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
        starts: list[int] = []
        ends: list[int] = []
        last = 0
        for kind, position, sample, phoneme in self._events:
            if kind == _WORD and position == 0:
                continue
            if sample < last:
                return None
            last = sample
            if kind == _WORD:
                if len(ends) < len(starts):
                    ends.append(sample)
                starts.append(sample)
            elif phoneme.startswith(b"_") and len(ends) < len(starts):
                ends.append(sample)
        if len(starts) != count or len(ends) != count:
            return None
        return np.array(starts), np.array(ends)

    def _take(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._samples.append(np.ctypeslib.as_array(samples, (count,)).copy())
        i = 0
        while events[i].type != 0:
            event = events[i]
            if event.type in (_WORD, _PHONEME):
                phoneme = bytes(event.id.string) if event.type == _PHONEME else b""
                self._events.append((event.type, event.text_position, event.sample, phoneme))
            i += 1
        return 0


def _clauses(text: str) -> list[list[str]]:
    return [pinyin(clause) for clause in _CLAUSE.split(text) if clause]


def pinyin(clause: str) -> list[str]:
    """Numbered pinyin with tone sandhi, neutral tone 5, one syllable a character."""
    return lazy_pinyin(clause, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True)


def _line(text: str, marks: bool) -> str:
    if not marks:
        return ", ".join(" ".join(clause) for clause in _clauses(text))
    parts = re.findall(r"[^，。？]+|[，。？]", text)
    sound = {"，": ",", "。": ".", "？": "?"}
    return "".join(sound[p] + " " if p in sound else " ".join(pinyin(p)) for p in parts)
