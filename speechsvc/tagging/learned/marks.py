"""Marks as a file: one line a mark, `{"text", "topic", "mark": "right|missed|wrong", "previous", "speaker"}`."""

from __future__ import annotations

import json
from pathlib import Path

from speechsvc.domain.conversation import Speaker
from speechsvc.tagging.learned.examples import Mark

_PRESENT = {"right": True, "missed": True, "wrong": False}


def read_marks(path: Path) -> list[Mark]:
    """Raises ValueError that names the line."""
    marks = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    marks.append(_mark(json.loads(line)))
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    raise ValueError(f"{path.name} line {number}: {error!r}") from error
    return marks


def _mark(record: dict[str, str]) -> Mark:
    return Mark(
        text=record["text"],
        topic=record["topic"],
        present=_PRESENT[record["mark"]],
        previous=record.get("previous"),
        speaker=Speaker(record.get("speaker", "customer")),
    )
