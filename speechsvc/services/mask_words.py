"""Masks personal data in everything that leaves by default; lengths stay, so every offset stays true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from speechsvc.domain.conversation import Speaker
from speechsvc.domain.masking import mask, mask_turns
from speechsvc.domain.transcript import Segment, Transcript
from speechsvc.ports import StoredMention, UnitOfWork

_SAME_BREATH_S = 8.0  # a number may be dictated in pieces; pieces further apart than this are not joined
_SILENCE_MARGIN_S = 0.7  # seconds are interpolated within a segment, so silence a little more


def mask_segments(segments: Sequence[Segment]) -> tuple[str, ...]:
    """The masked text of each segment. A number split over one speaker's segments is recognised across them."""
    texts = [s.text for s in segments]
    for run in _runs(segments):
        for index, text in zip(run, mask_turns([texts[i] for i in run]), strict=True):
            texts[index] = text
    return tuple(texts)


def mask_transcript(transcript: Transcript) -> Transcript:
    masked = mask_segments(transcript.segments)
    segments = tuple(replace(s, text=t) for s, t in zip(transcript.segments, masked, strict=True))
    return replace(transcript, segments=segments)


def silent_spans(transcript: Transcript) -> list[tuple[int | None, float, float]]:
    """Where personal data is spoken: (all channels, start seconds, end seconds), to be silenced in audio.

    All channels, because the other one often carries it too: identical or inverted copies, echo, crosstalk.
    """
    spans: list[tuple[int | None, float, float]] = []
    for segment, masked in zip(transcript.segments, mask_segments(transcript.segments), strict=True):
        hidden = [i for i, (a, b) in enumerate(zip(segment.text, masked, strict=True)) if a != b]
        if hidden:
            per_char = (segment.end - segment.start) / max(1, len(segment.text))
            start = segment.start + hidden[0] * per_char - _SILENCE_MARGIN_S
            end = segment.start + (hidden[-1] + 1) * per_char + _SILENCE_MARGIN_S
            spans.append((None, max(0.0, start), end))
    return spans


def mask_mentions(uow: UnitOfWork, mentions: Sequence[StoredMention]) -> tuple[StoredMention, ...]:
    """Sentences and matched words cut from the masked transcript."""
    texts: dict[str, tuple[str, ...]] = {}
    for m in mentions:
        if m.call_id not in texts:
            transcript = uow.transcripts.get(m.call_id)
            texts[m.call_id] = mask_segments(transcript.segments) if transcript else ()
    return tuple(_mask_mention(m, texts[m.call_id]) for m in mentions)


def _mask_mention(stored: StoredMention, texts: Sequence[str]) -> StoredMention:
    m = stored.mention
    sentence = texts[m.turn] if m.turn < len(texts) else mask(stored.sentence)
    return replace(stored, sentence=sentence, mention=replace(m, text=sentence[m.start_char : m.end_char]))


def mask_evidence(value: Any, segments: Sequence[Segment], masked: Sequence[str]) -> Any:
    """A copy of a score document in which every quoted text is masked."""
    if isinstance(value, dict):
        return {
            k: _quote(value, v, segments, masked) if k == "text" else mask_evidence(v, segments, masked)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [mask_evidence(v, segments, masked) for v in value]
    return value


def _quote(evidence: dict[str, Any], text: Any, segments: Sequence[Segment], masked: Sequence[str]) -> Any:
    """The same characters from the masked turn, so that a number split over turns stays hidden."""
    turn = evidence.get("turn")
    if not isinstance(text, str) or not isinstance(turn, int) or not 0 <= turn < len(segments):
        return mask(text) if isinstance(text, str) else text
    at = segments[turn].text.find(text)
    return masked[turn][at : at + len(text)] if at >= 0 else mask(text)


def _runs(segments: Sequence[Segment]) -> list[list[int]]:
    """Indexes of each speaker's segments, cut where the pause is longer than a breath."""
    runs: list[list[int]] = []
    last: dict[tuple[int, Speaker], int] = {}
    open_run: dict[tuple[int, Speaker], list[int]] = {}
    for i, segment in enumerate(segments):
        key = (segment.channel, segment.speaker)
        before = last.get(key)
        if before is not None and segment.start - segments[before].end <= _SAME_BREATH_S:
            open_run[key].append(i)
        else:
            open_run[key] = [i]
            runs.append(open_run[key])
        last[key] = i
    return runs
