"""What share of the topics found in a call's text is also found in what the recogniser hears of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from speechsvc.bootstrap import build_transcriber
from speechsvc.config import Settings
from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.mention import Mention
from speechsvc.resources import bundled
from speechsvc.tagging.analyser import LexiconAnalyser
from speechsvc.tagging.lexicon_file import load_lexicon
from speechsvc.tagging.rubric_file import load_rubric

_SLACK = 2.0  # seconds: a segment and the turn that was spoken do not begin together


@dataclass(frozen=True)
class Survival:
    """Mentions with the homophone rules on or off, in text and audio alike."""

    homophones: bool
    in_text: int
    kept: int  # of these, found in the audio: same topic, speaker and polarity, at the same time
    added: int  # found in the audio alone
    cells: int  # topic by speaker by call, in the text
    cells_kept: int

    @property
    def share(self) -> float:
        """Of the mentions in the text."""
        return self.kept / self.in_text if self.in_text else 1.0


def survival(model: Path, audio: Path, ids: Iterable[str]) -> list[Survival]:
    """`audio` holds `<id>.wav` and `<id>.json` with turns of speaker, start, end and text."""
    transcriber = build_transcriber(Settings(model=str(model)))
    pairs = []
    for call in ids:
        heard = transcriber.transcribe(
            audio / f"{call}.wav", channels=None, language="zh", progress=lambda fraction: None
        )
        pairs.append((_said(audio / f"{call}.json"), heard.conversation(call)))
    return [_compared(pairs, homophones) for homophones in (True, False)]


def _said(path: Path) -> Conversation:
    turns = json.loads(path.read_text("utf-8"))["turns"]
    return Conversation(
        call_id=path.stem,
        turns=tuple(Turn(speaker=Speaker(t["speaker"]), start=t["start"], end=t["end"], text=t["text"]) for t in turns),
    )


def _compared(pairs: Sequence[tuple[Conversation, Conversation]], homophones: bool) -> Survival:
    analyser = LexiconAnalyser(load_lexicon(bundled("lexicons") / "default"), load_rubric(), homophones=homophones)
    total = Survival(homophones, 0, 0, 0, 0, 0)
    for said, heard in pairs:
        expected, found = _places(said, analyser), _places(heard, analyser)
        kept = sum(any(_same(e, f) for f in found) for e in expected)
        cells, cells_found = ({(m.topic, m.speaker) for m, _ in places} for places in (expected, found))
        total = replace(
            total,
            in_text=total.in_text + len(expected),
            kept=total.kept + kept,
            added=total.added + sum(not any(_same(e, f) for e in expected) for f in found),
            cells=total.cells + len(cells),
            cells_kept=total.cells_kept + len(cells & cells_found),
        )
    return total


def _places(said: Conversation, analyser: LexiconAnalyser) -> list[tuple[Mention, Turn]]:
    return [(m, said.turns[m.turn]) for m in analyser.tag(said).mentions if not m.suspect]


def _same(one: tuple[Mention, Turn], other: tuple[Mention, Turn]) -> bool:
    (a, spoken), (b, heard) = one, other
    alike = (a.topic, a.speaker, a.polarity) == (b.topic, b.speaker, b.polarity)
    return alike and heard.start < spoken.end + _SLACK and spoken.start < heard.end + _SLACK
