"""Mentions: spans back in the text as given, with seconds; and refusals, which mention what the turn before offered."""

from __future__ import annotations

import re
from collections.abc import Sequence

from speechsvc.domain.mention import MatchKind, Mention, Polarity
from speechsvc.tagging.candidates import Place
from speechsvc.tagging.polarity import find_refusal

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
    per_character = turn.seconds / max(1, len(turn.text))
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


def refused(place: Place, before: Sequence[Mention], found: Sequence[Mention]) -> list[Mention]:
    """What the other speaker offered or asked about just before and this turn declines in its first words."""
    turns = place.conversation.turns
    offered = [m for m in before if m.polarity is Polarity.AFFIRMED and m.speaker is not turns[place.turn].speaker]
    if not offered:
        return []
    span = find_refusal(place.text.text, place.limits)
    last = max(offered, key=lambda m: (m.start_char, m.topic))
    if span is None or not _OFFER.search(turns[last.turn].text) or any(m.topic == last.topic for m in found):
        return []
    said = place.text.text[slice(*span)]
    reason = f"回答上一句“{last.text}”；“{said}”表示不需要或不谈"
    return [mention(place, last.topic, last.entry, MatchKind.PATTERN, [span], Polarity.NEGATED, reason)]
