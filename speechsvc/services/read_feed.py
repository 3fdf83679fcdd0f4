"""The change feed: every event once, in order, resumable for ever."""

from __future__ import annotations

from dataclasses import dataclass

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.event import Event
from speechsvc.errors import InvalidInput
from speechsvc.services.core import Core


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """`cursor` is where to go on, also when there was nothing new."""

    events: tuple[Event, ...]
    cursor: str
    more: bool


def read_changes(core: Core, principal: Principal, cursor: str | None = None, limit: int = 100) -> Changes:
    """Events after the cursor; none or empty: from the beginning. Raises InvalidInput for a cursor we did not give."""
    principal.require(Permission.FEED_READ)
    seq = _position(cursor)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        events = uow.events.after(seq, limit=limit + 1)
        if not events and seq > uow.events.last_seq():
            raise InvalidInput(
                field="cursor", problem="it lies beyond the end of this feed", problem_zh="超出了变更流的末尾"
            )
    page = events[:limit]
    return Changes(events=tuple(page), cursor=str(page[-1].seq if page else seq), more=len(events) > limit)


def _position(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise InvalidInput(
            field="cursor",
            problem="use a cursor exactly as a page of this feed gave it",
            problem_zh="请原样使用上一页返回的 cursor",
        )
    return int(cursor)
