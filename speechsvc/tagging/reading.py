"""Reading one turn with spaCy: words (jieba), sentences, questions, and the cues by which something is set aside.

`spacy.blank("zh")` with our own components, since no trained Chinese pipeline is at hand. Only turns that hold both a
candidate and a character of a cue are read; a cue counts only where it begins a word (别 in 特别 does not).
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from re import Match, Pattern
from typing import Any, NamedTuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from speechsvc.tagging.cues import (
    AFTER,
    AFTER_BEGINS,
    BEFORE,
    BEFORE_BEGINS,
    CHOICE,
    CUE_CHARACTERS,
    NOT_A_CUE,
    QUESTION,
)
from speechsvc.tagging.text import STOPS
from speechsvc.tagging.words import words

_READS_OF_ONE = 50_000  # turns after which the pipeline is made anew
_lock = threading.Lock()  # holds for all below
_made: list[Any] = []
_reads = [0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """Words that set something aside; offsets as in the text that was read."""

    text: str
    start: int
    end: int
    bare: bool = False  # 别 without a verb: only right before the mention, which then is the verb


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What the components found in a turn."""

    before: tuple[Cue, ...] = ()  # cues that bear on what follows
    after: tuple[Cue, ...] = ()  # cues that bear on what came before
    questions: tuple[tuple[int, int], ...] = ()  # sentences that ask


class _Cues(NamedTuple):
    regex: Pattern[str]
    begins: Pattern[str]


_BEFORE = _Cues(BEFORE, BEFORE_BEGINS)
_AFTER = _Cues(AFTER, AFTER_BEGINS)
_NOTHING = Reading()


def glance(text: str, start: int, end: int) -> Reading:
    """All that looks like a cue in the turn at these offsets, whether or not it begins a word: no segmentation."""
    if not CUE_CHARACTERS.search(text, start, end):
        return _NOTHING
    before, after = _matches(_BEFORE, text, start, end), _matches(_AFTER, text, start, end)
    if not before and not after:
        return _NOTHING
    return Reading(before=before, after=after)


def read_questions(text: str, start: int, end: int) -> Sequence[tuple[int, int]]:
    """Sentences that ask in the turn at these offsets; costs only a scan where there can be none."""
    return read(text, start, end).questions if QUESTION.search(text, start, end) else ()


def read(text: str, start: int, end: int) -> Reading:
    """The turn at these offsets through the whole pipeline. One at a time: spaCy's vocabulary is shared."""
    if start == end:
        return _NOTHING
    with _lock:
        doc = _pipeline()(text[start:end])
        return Reading(
            before=tuple(_cue(span, text, start) for span in doc.spans["cues_before"]),
            after=tuple(_cue(span, text, start) for span in doc.spans["cues_after"]),
            questions=tuple((s.start_char + start, s.end_char + start) for s in doc.spans["questions"]),
        )


class JiebaTokenizer:
    """jieba's words as a spaCy Doc whose text equals the input, so that offsets agree."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab
        self._jieba = words().tokenizer

    def __call__(self, text: str) -> Doc:
        cut = list(self._jieba.cut(text, HMM=False))
        return Doc(self.vocab, words=cut, spaces=[False] * len(cut))


def sentences(doc: Doc) -> Doc:
    """A sentence ends behind a sentence mark; without marks the turn is one."""
    begins = True
    for token in doc:
        token.is_sent_start = begins
        begins = token.text[-1] in STOPS
    return doc


def questions(doc: Doc) -> Doc:
    """Sentences that ask, by mark or by words."""
    asked = QUESTION.search(doc.text) is not None  # most turns ask nothing, and cutting sentences is the slow part
    doc.spans["questions"] = [sentence for sentence in doc.sents if QUESTION.search(sentence.text)] if asked else []
    return doc


def cues(doc: Doc) -> Doc:
    """Cues that begin a word and are neither part of a fixed phrase nor one half of a choice (要不要)."""
    text, places = doc.text, [token.idx for token in doc]
    words_at = {place: number for number, place in enumerate(places)}
    for key, kind in (("cues_before", _BEFORE), ("cues_after", _AFTER)):
        spans = []
        for cue in _matches(kind, text, 0, len(text)):
            if cue.start in words_at:
                last = bisect_left(places, cue.end)  # the word behind the one that holds the cue's end
                span = Span(doc, words_at[cue.start], last, label="bare" if cue.bare else "")
                span._.cue_end = cue.end
                spans.append(span)
        doc.spans[key] = spans
    return doc


def _matches(cues: _Cues, text: str, start: int, end: int) -> tuple[Cue, ...]:
    """Cues that are neither part of a fixed phrase nor one half of a choice."""
    matches = found(cues.regex, cues.begins, text, start, end)
    if not matches:
        return ()
    fixed = {i for match in NOT_A_CUE.finditer(text, start, end) for i in range(*match.span())}
    fixed.update(match.start() + 1 for match in CHOICE.finditer(text, start, end))
    return tuple(
        Cue(text=match["cue"], start=match.start("cue"), end=match.end("cue"), bare=bool(match.groupdict().get("bare")))
        for match in matches
        if match.start("cue") not in fixed
    )


def found(regex: Pattern[str], begins: Pattern[str], text: str, start: int, end: int) -> list[Match[str]]:
    """What `regex.finditer` finds, tried only where `begins`, one character, says that it can begin."""
    matches: list[Match[str]] = []
    reached = start
    for begin in begins.finditer(text, start, end):
        place = begin.start()
        if place >= reached and (match := regex.match(text, place, end)):
            matches.append(match)
            reached = match.end()
    return matches


Language.component("speechsvc_sentences", func=sentences)
Language.component("speechsvc_questions", func=questions)
Language.component("speechsvc_cues", func=cues)


def _pipeline() -> Any:
    """A fresh one after many turns: spaCy keeps every word it has seen, and `memory_zone` makes it learn each anew."""
    if not _made or _reads[0] >= _READS_OF_ONE:
        _made[:], _reads[0] = [_new_pipeline()], 0
    _reads[0] += 1
    return _made[0]


def _new_pipeline() -> Any:
    if not Span.has_extension("cue_end"):
        Span.set_extension("cue_end", default=None)
    pipeline = spacy.blank("zh")
    pipeline.tokenizer = JiebaTokenizer(pipeline.vocab)
    for component in ("speechsvc_sentences", "speechsvc_questions", "speechsvc_cues"):
        pipeline.add_pipe(component)
    return pipeline


def _cue(span: Span, text: str, offset: int) -> Cue:
    start, end = span.start_char + offset, span._.cue_end + offset
    return Cue(text=text[start:end], start=start, end=end, bare=span.label_ == "bare")
