"""Mentions: spans back in the text as given, with seconds; and refusals, which mention what the turn before offered."""

from __future__ import annotations

import re
from collections.abc import Sequence

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.mention import MatchKind, Mention, Polarity
from speechsvc.tagging.candidates import Place
from speechsvc.tagging.polarity import find_refusal
from speechsvc.tagging.text import STOPS, NormalText

_STILL_MEANT = 16  # characters between a topic and the end of the offer, beyond which the answer means something else
_SENTENCE = re.compile(f"[^{re.escape(STOPS)}]+[{re.escape(STOPS)}]*")
_OFFER = re.compile(r"[吗吧呢不？?]|[给帮]您|[给帮]你|[给帮]咱|有没有|安排|要我|建议|可以")


def mention(
    place: Place,
    topic: str,
    entry: str,
    kind: MatchKind,
    spans: Sequence[tuple[int, int]],
    polarity: Polarity,
    reason: str,
) -> Mention:
    """`spans` are into the normalised text. Seconds are interpolated by characters within the turn."""
    turn = place.conversation.turns[place.turn]
    start, end = place.text.original(place.turn, spans[0][0], spans[-1][1])
    per_character = turn.seconds / (len(turn.text) or 1)
    return Mention(
        topic=topic,
        turn=place.turn,
        speaker=turn.speaker,
        polarity=polarity,
        text=turn.text[start:end],
        start_char=start,
        end_char=end,
        start=turn.start + start * per_character,
        end=turn.start + end * per_character,
        entry=entry,
        match=kind,
        reason=reason,
        suspect=bool(turn.suspect),
    )


def refusal(
    conversation: Conversation, turn: int, text: NormalText, before: Sequence[Mention]
) -> tuple[int, int] | None:
    """The first words of this turn, if they decline what the other speaker mentioned just before."""
    if not before or before[0].speaker is conversation.turns[turn].speaker:
        return None
    return find_refusal(text.text, (text.starts[turn], text.ends[turn]))


def refused(place: Place, span: tuple[int, int], before: Sequence[Mention], found: Sequence[Mention]) -> list[Mention]:
    """What the other speaker offered or asked about just before, and this turn declines with the words at `span`.

    Each topic is judged by itself: which others a lexicon has must not matter.
    """
    start, end = _offer(place.conversation.turns[before[0].turn].text)
    said, known = place.text.text[slice(*span)], {m.topic for m in found}
    return [
        mention(
            place,
            m.topic,
            m.entry,
            MatchKind.PATTERN,
            [span],
            Polarity.NEGATED,
            f"回答上一句“{m.text}”；“{said}”表示不需要或不谈",
        )
        for m in before
        if m.topic not in known and start <= m.start_char < end <= m.end_char + _STILL_MEANT
    ]


def _offer(text: str) -> tuple[int, int]:
    """The last sentence of a turn that asks or offers, so that it can be declined; empty if none does."""
    sentences = [match.span() for match in _SENTENCE.finditer(text)]
    return next((span for span in reversed(sentences) if _OFFER.search(text, *span)), (0, 0))
