"""Who would cross the pass line under the draft of the rubric."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, Field

from speechsvc.api.followup_views import path_of
from speechsvc.api.inputs import Moment, Strict
from speechsvc.api.route import From, api_router, needs
from speechsvc.domain.access import Permission
from speechsvc.services.preview_rubric import crossing_first, preview_rubric

router = api_router("rubric")
MOST = 1000  # lines in one answer


class PreviewRubricIn(Strict):
    content: dict[str, Any] | None = Field(None, description="a rubric; none: the draft")
    since: Moment | None = Field(None, description="follow-ups whose last activity was at or after")
    until: Moment | None = None


class PreviewedOut(BaseModel):
    followup_id: str
    salesperson_id: str | None
    team: str | None
    state: str = Field(description="what is settled keeps its score whatever is published")
    before: int
    after: int
    crosses: bool
    counts_after: bool
    link: str


class PreviewRubricOut(BaseModel):
    followups: int
    changed: int
    crossing: int
    open_crossing: int = Field(description="of these, provisional ones: publishing would really move them")
    scores: list[PreviewedOut] = Field(description="the changed ones, those that cross first; at most 1000")


@router.post(
    "/rubric/draft/preview",
    summary="Who would cross the pass line",
    openapi_extra=needs(Permission.RULES_WRITE),
    response_model=PreviewRubricOut,
)
def post_rubric_preview(caller: From, body: PreviewRubricIn) -> PreviewRubricOut:
    """Every stored follow-up under the draft, from its frozen snapshot: no audio, no tagging. Changes nothing."""
    found = preview_rubric(caller.core, caller.principal, body.content, since=body.since, until=body.until)
    changed = crossing_first(found)
    crossing = [p for p in changed if p.crosses]
    return PreviewRubricOut(
        followups=len(found),
        changed=len(changed),
        crossing=len(crossing),
        open_crossing=sum(p.state == "provisional" for p in crossing),
        scores=[
            PreviewedOut.model_validate(asdict(p) | {"link": caller.link(path_of(p.followup_id))})
            for p in changed[:MOST]
        ],
    )
