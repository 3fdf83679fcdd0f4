"""One follow-up: its score with every reason, what belongs to it, and what people said about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.filters import unknown_value
from speechsvc.dashboard.followups_page import address_of
from speechsvc.dashboard.pages import HEADERS, Visitor
from speechsvc.dashboard.session import require_same_origin
from speechsvc.domain.access import Permission
from speechsvc.domain.followup import AppealState, Followup, FollowupState, Item, ItemKind
from speechsvc.domain.performance import reasons_of
from speechsvc.errors import InvalidInput
from speechsvc.services.appeal_followup import appeal, decide, override
from speechsvc.services.read_followups import FollowupScore, read_followup_score

ACTIONS = ("appeal", "uphold", "change", "override")
_LONGEST_REASON = 2000


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/followups/{external_id:path}")
    def followup(request: Request, external_id: str) -> Response:
        visitor = desk.visitor(request)
        return _page(desk, visitor, read_followup_score(desk.core, visitor.principal, external_id))

    @pages.post("/followups/{external_id:path}")
    def rule(
        request: Request,
        external_id: str,
        action: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
        total: Annotated[str, Form()] = "",
        appeal_id: Annotated[str, Form()] = "",
    ) -> Response:
        require_same_origin(request, desk.application.settings.public_url)
        visitor = desk.visitor(request)
        _act(desk, visitor, external_id, action, _reason(reason), total, appeal_id)
        return RedirectResponse(f"{address_of(external_id)}#history", status_code=303, headers=HEADERS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of the history."""

    at: datetime
    kind: str  # appeal, upheld, changed, decision, override, rescored
    by: str  # key id
    reason: str
    before: int | None = None
    total: int | None = None


def _act(desk: Desk, visitor: Visitor, name: str, action: str, reason: str, total: str, appeal_id: str) -> None:
    """The services check rights and states. Raises InvalidInput, Forbidden, NotFound, NotSettled, AppealDecided."""
    core, principal = desk.core, visitor.principal
    if action == "appeal":
        appeal(core, principal, name, reason)
    elif action in ("uphold", "change"):
        decide(core, principal, name, appeal_id, reason=reason, total=_total(total) if action == "change" else None)
    elif action == "override":
        override(core, principal, name, total=_total(total), reason=reason)
    else:
        raise unknown_value("action", ACTIONS)


def _reason(text: str) -> str:
    text = text.strip()
    if not 2 <= len(text) <= _LONGEST_REASON:
        raise InvalidInput(field="reason", problem="2 to 2000 characters", problem_zh="请填写 2 到 2000 个字符的理由")
    return text


def _total(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 100):
        raise InvalidInput(field="total", problem="a whole number from 0 to 100", problem_zh="应为 0 到 100 的整数")
    return int(text)


def _page(desk: Desk, visitor: Visitor, found: FollowupScore) -> Response:
    followup, items = found.details.followup, found.details.items
    score = found.score or {}
    return desk.page(
        visitor,
        "followup.html",
        f=followup,
        reasons=reasons_of(followup),
        score=found.score,
        items=items,
        numbers=_numbers(items),
        left={d["id"]: d for d in score.get("duplicates", ())},
        noticed={d["id"]: d for d in score.get("noticed", ())},
        history=_history(found),
        open_appeal=next((a for a in found.details.appeals if a.state is AppealState.OPEN), None),
        topics=desk.topics(visitor),
        address=address_of(followup.external_id),
        **_rights(visitor, followup),
    )


def _rights(visitor: Visitor, followup: Followup) -> dict[str, bool]:
    decides = visitor.principal.may(Permission.FOLLOWUPS_DECIDE)
    return {
        "may_appeal": visitor.principal.may(Permission.FOLLOWUPS_APPEAL) and followup.state is FollowupState.SETTLED,
        "may_decide": decides and followup.state is FollowupState.APPEALED,
        "may_override": decides and not followup.open,
    }


def _numbers(items: tuple[Item, ...]) -> dict[str, int]:
    """Calls and minutes are numbered as they came, so that evidence can name them in short."""
    counted: dict[ItemKind, int] = {}
    found: dict[str, int] = {}
    for item in items:
        counted[item.kind] = found[item.id] = counted.get(item.kind, 0) + 1
    return found


def _history(found: FollowupScore) -> list[Entry]:
    """Oldest first. A decision that changed the score is told by its appeal."""
    lines = [Entry(at=a.at, kind="appeal", by=a.by, reason=a.reason) for a in found.details.appeals]
    lines += [
        Entry(at=a.decided_at, kind=a.state.value, by=a.decided_by or "", reason=a.decision_reason or "", total=a.total)
        for a in found.details.appeals
        if a.decided_at is not None
    ]
    rulings = [r for r in found.details.followup.rulings if r.kind == "override"]
    lines += [Entry(at=r.at, kind=r.kind, by=r.by, reason=r.reason, total=r.total) for r in rulings]
    lines += [_replaced(h) for h in found.history]
    return sorted(lines, key=lambda e: e.at)


def _replaced(old: dict[str, Any]) -> Entry:
    at = datetime.fromisoformat(old["replaced_at"])
    return Entry(at=at, kind="rescored", by=old["replaced_by"], reason=old["reason"], before=old["total"])
