"""Reads conversations written for this project and makes them speakable: one stream of utterances a speaker."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

LONGEST = 44  # characters of one utterance; about ten seconds
_COMMA = re.compile(r"[、；：…—～,;:]+|\.{2,}")
_STOP = re.compile(r"[！!.]+")
_OTHER = re.compile(r"[^\u4e00-\u9fff，。？]+")
_MARKS = re.compile(r"[，。？]*([。？])[，。？]*|，+")
_SENTENCE = re.compile(r"[^。？]+[。？]?")
_CLAUSE = re.compile(r"[^，]+，?")


def speakable(text: str) -> str:
    """`text` with Chinese characters and ，。？ only: letters and digits cannot be spoken by the voice we use."""
    text = unicodedata.normalize("NFKC", text)
    text = _COMMA.sub("，", text.replace("?", "？"))
    text = _OTHER.sub("", _STOP.sub("。", text))
    return _MARKS.sub(lambda m: m.group(1) or "，", text).lstrip("，。？")


def utterances(text: str, rng: random.Random) -> list[str]:
    """`text` in pieces that a speaker says in one breath or two, cut after sentences, else clauses, else anywhere."""
    pieces: list[str] = []
    for sentence in _SENTENCE.findall(text):
        room = rng.randint(LONGEST // 2, LONGEST)
        if len(sentence) <= room:
            # short sentences often run on: 好的。那您先忙。
            joins = bool(pieces) and len(pieces[-1]) + len(sentence) <= 24 and rng.random() < 0.5
            pieces[-1:] = [pieces[-1] + sentence] if joins else [*pieces[-1:], sentence]
        else:
            pieces.extend(_cut(sentence, room))
    return pieces


def _cut(sentence: str, room: int) -> Iterator[str]:
    piece = ""
    for clause in _CLAUSE.findall(sentence):
        if piece and len(piece) + len(clause) > room:
            yield piece
            piece = ""
        piece += clause
        while len(piece) > LONGEST:
            yield piece[:room]
            piece = piece[room:]
    if piece:
        yield piece


def written_calls(files: Iterable[Path]) -> Iterator[list[tuple[str, str]]]:
    """Calls as (speaker, text) turns from files of `a ...` and `c ...` lines; a blank line ends a call."""
    for file in files:
        call: list[tuple[str, str]] = []
        for line in [*file.read_text("utf-8").splitlines(), ""]:
            speaker, _, text = line.strip().partition(" ")
            if speaker in ("a", "c") and text:
                call.append((speaker, text))
            elif not line.strip() and call:
                yield call
                call = []


def labelled_calls(files: Iterable[Path]) -> Iterator[list[tuple[str, str]]]:
    """The same from the gold format, one JSON object a line."""
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            yield [(turn["speaker"][0], turn["text"]) for turn in json.loads(line)["turns"]]
