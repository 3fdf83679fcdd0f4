"""A learned mention: its span in the text as given, its polarity, and the phrases that weighed most."""

from __future__ import annotations

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.learned import LearnedTopic
from speechsvc.domain.mention import MatchKind, Mention, Polarity
from speechsvc.tagging.learned.evidence import Evidence
from speechsvc.tagging.polarity import find_negation
from speechsvc.tagging.reading import glance, read
from speechsvc.tagging.text import NormalText


def learned_entry(topic: str) -> str:
    """The entry id of a topic's model."""
    return f"{topic}/learned"


def learned_mention(
    conversation: Conversation, text: NormalText, index: int, topic: LearnedTopic, score: int, evidence: Evidence
) -> Mention:
    turn = conversation.turns[index]
    start, end = text.original(index, *evidence.span)
    cue = _negation(text, index, sorted(evidence.phrases) or [evidence.span])
    per_character = turn.seconds / max(1, len(turn.text))
    return Mention(
        topic=topic.id,
        turn=index,
        speaker=turn.speaker,
        polarity=Polarity.NEGATED if cue else Polarity.AFFIRMED,
        text=turn.text[start:end],
        start_char=start,
        end_char=end,
        start=turn.start + start * per_character,
        end=turn.start + end * per_character,
        entry=learned_entry(topic.id),
        match=MatchKind.LEARNED,
        reason=_reason(turn.text, text, index, topic.percent(score), evidence, cue),
        suspect=bool(turn.suspect),
    )


def _negation(text: NormalText, index: int, spans: list[tuple[int, int]]) -> str:
    """As for written mentions; segmented only where a cue may count."""
    limits = text.starts[index], text.ends[index]
    if not find_negation(text.text, limits, glance(text.text, *limits), spans):
        return ""
    return find_negation(text.text, limits, read(text.text, *limits), spans)


def _reason(said: str, text: NormalText, index: int, percent: int, evidence: Evidence, cue: str) -> str:
    quoted = "".join(f"“{said[slice(*text.original(index, *phrase))]}”" for phrase in evidence.phrases)
    why = quoted or "承接上一句的话题"
    return f"学习得出：{why}，把握约 {percent}%" + (f"；“{cue}”表示不需要或不谈" if cue else "")
