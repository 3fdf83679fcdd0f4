"""Measures a model folder on spoken calls: each channel through the service's own transcriber."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import jiwer
from pypinyin import Style, lazy_pinyin

_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Figures:
    """Error rates over all channels together; Chinese characters only."""

    characters: int
    character_error: float
    syllable_error: float  # toneless
    real_time: float  # seconds of work a second of stereo audio


def evaluate(model: Path, audio: Path, ids: Iterable[str]) -> Figures:
    """`audio` holds `<id>.wav` and `<id>.json` with turns of speaker and text."""
    from speechsvc.bootstrap import build_transcriber
    from speechsvc.config import Settings

    transcriber = build_transcriber(Settings(model=str(model)))
    references, heard = [], []
    seconds = worked = 0.0
    for call in ids:
        began = time.perf_counter()
        transcript = transcriber.transcribe(
            audio / f"{call}.wav", channels=None, language="zh", progress=lambda fraction: None
        )
        worked += time.perf_counter() - began
        seconds += transcript.duration
        turns = json.loads((audio / f"{call}.json").read_text("utf-8"))["turns"]
        for speaker in ("agent", "customer"):
            references.append(_han(turn["text"] for turn in turns if turn["speaker"] == speaker))
            heard.append(_han(s.text for s in transcript.segments if s.speaker.value == speaker))
    characters = jiwer.process_characters(references, [h or "空" for h in heard])
    syllables = jiwer.process_words([_toneless(r) for r in references], [_toneless(h) or "kong" for h in heard])
    return Figures(sum(map(len, references)), characters.cer, syllables.wer, worked / seconds)


def _han(texts: Iterable[str]) -> str:
    return "".join(_HAN.findall("".join(texts)))


def _toneless(text: str) -> str:
    return " ".join(lazy_pinyin(text, style=Style.NORMAL))
