"""Small formatting for templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from speechsvc.domain.call import Call
from speechsvc.domain.mention import Mention, Polarity
from speechsvc.ports import StoredMention

TOPIC_COLOURS = 12


def clock(seconds: float | None) -> str:
    """75.3 -> 1:15; hours where needed."""
    whole = int(seconds or 0)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def figure(code: str, value: float | None) -> str:
    """A figure of one side in the unit of its row."""
    if value is None:
        return "—"
    if code in ("seconds", "longest_monologue"):
        return clock(value)
    if code == "share":
        return f"{value:.0%}"
    if code.startswith("response_gap"):
        return f"{value:.1f} s"
    return f"{value:.1f}" if code == "syllables_per_second" else f"{value:.0f}"


def waited(seconds: float, language: str) -> str:
    """Hours up to three days, then days."""
    hours = seconds / 3600
    if hours < 72:
        return f"{hours:.1f} h" if language == "en" else f"{hours:.1f} 小时"
    return f"{hours / 24:.1f} d" if language == "en" else f"{hours / 24:.1f} 天"


def second(value: float) -> str:
    """For addresses: 12.34 -> 12.34, 12.0 -> 12."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def local_time(moment: datetime, timezone: str) -> str:
    return moment.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M")


def customer(call: Call | None) -> str:
    who = call.metadata.customer if call else None
    return (who.name or who.id) if who else "—"


def caller(call: Call | None) -> str:
    """The customer, or the call's own id where no customer was named."""
    return call.metadata.external_id if call and call.metadata.customer is None else customer(call)


def salesperson(call: Call | None) -> str:
    who = call.metadata.salesperson if call else None
    return (who.name or who.id) if who else "—"


def badge(score: int | None) -> str:
    """CSS class of a score; 60 is the line below which a follow-up does not count."""
    if score is None:
        return "none"
    return "good" if score >= 80 else "pass" if score >= 60 else "low"


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of a sentence with the mentions that cover it."""

    text: str
    mentions: tuple[Mention, ...] = ()

    @property
    def negated(self) -> bool:
        return bool(self.mentions) and all(m.polarity is Polarity.NEGATED for m in self.mentions)


def pieces(sentence: str, mentions: Sequence[Mention]) -> tuple[Piece, ...]:
    """The sentence cut where mentions begin and end; overlapping mentions share a piece. Loses no character."""
    spans = [(max(0, m.start_char), min(len(sentence), m.end_char), m) for m in mentions]
    cuts = sorted({0, len(sentence), *(a for a, b, _ in spans if a < b), *(b for a, b, _ in spans if a < b)})
    return tuple(
        Piece(text=sentence[a:b], mentions=tuple(m for x, y, m in spans if x <= a and b <= y))
        for a, b in pairwise(cuts)
    )


def by_turn(mentions: Sequence[StoredMention]) -> dict[int, list[Mention]]:
    found: dict[int, list[Mention]] = {}
    for stored in mentions:
        found.setdefault(stored.mention.turn, []).append(stored.mention)
    return found


def with_names(text: str, topics: Mapping[str, str]) -> str:
    """A reason in which topic ids are replaced by names. Longer ids first, so that none is cut by a shorter one."""
    for topic in sorted(topics, key=len, reverse=True):
        text = text.replace(topic, topics[topic])
    return text


def unique(evidence: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each sentence once: several topics may rest on the same one."""
    seen: dict[tuple[Any, Any], Mapping[str, Any]] = {}
    for item in evidence:
        seen.setdefault((item["start"], item["text"]), item)
    return list(seen.values())
