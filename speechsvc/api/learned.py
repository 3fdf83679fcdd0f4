"""Learned entries: train them into the draft, and choose their thresholds."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from speechsvc.api.preconditions import IfMatch, etag, seen_revision
from speechsvc.api.responses import refusals
from speechsvc.api.route import From, api_router, needs
from speechsvc.domain.access import Permission
from speechsvc.services.learn_entries import Learned, set_thresholds, train_draft

_WRITE = needs(Permission.RULES_WRITE)
_CHANGED = (412, "Somebody changed the draft meanwhile: `draft_changed`")
Percent = Annotated[int, Field(ge=0, le=100)] | None
Thresholds = Annotated[
    dict[str, Percent],
    Field(description="percent of certainty from which a topic's model counts; null switches it off"),
]

router = api_router("lexicon")


class TrainIn(BaseModel):
    """From what to train."""

    model_config = ConfigDict(extra="forbid")

    calls: list[dict[str, Any]] = Field(
        default_factory=list, max_length=5000, description="labelled calls as for evaluate; your own marks are added"
    )
    floor: float = Field(0.7, ge=0, le=1, description="least share of what a model adds that must be right")
    thresholds: Thresholds = Field(default_factory=dict)


class ThresholdsIn(BaseModel):
    """Thresholds to change; others stay."""

    model_config = ConfigDict(extra="forbid")

    thresholds: Thresholds


class AtThreshold(BaseModel):
    """What cross-validation over whole calls found at one threshold."""

    percent: int
    precision: float | None = Field(description="of the model alone")
    recall: float | None
    added_right: int = Field(description="right ones that no written entry found")
    added_wrong: int
    added_precision: float | None
    union_f1: float | None = Field(description="of written and learned entries together")


class LearnedTopicOut(BaseModel):
    """A topic's model."""

    id: str
    threshold: int | None
    measured: list[AtThreshold]


class LearnedOut(BaseModel):
    """The learned entries that the draft has now."""

    revision: int = Field(description="of the draft")
    trained: dict[str, Any] = Field(description="calls, turns, labels, options, precision and recall of negation")
    topics: list[LearnedTopicOut]


@router.post(
    "/lexicon/train",
    summary="Train learned entries",
    openapi_extra=_WRITE,
    response_model=LearnedOut,
    responses=refusals(_CHANGED, (422, "`labelled_calls_invalid`, or `too_few_calls`: at least ten whole ones")),
)
def post_train(caller: From, response: Response, body: TrainIn, if_match: IfMatch = None) -> LearnedOut:
    """From labelled calls and your marks into the draft; takes seconds to minutes. They add mentions that no written
    entry finds. The answer shows the precision at every threshold; a preview of the draft shows the sentences.
    """
    found = train_draft(
        caller.core,
        caller.principal,
        body.calls,
        floor=body.floor,
        thresholds=body.thresholds,
        seen=seen_revision(if_match),
    )
    return _out(found, response)


@router.post(
    "/lexicon/draft/thresholds",
    summary="Choose thresholds of learned entries",
    openapi_extra=_WRITE,
    response_model=LearnedOut,
    responses=refusals(_CHANGED, (409, "`nothing_learned`: the draft has no learned entries")),
)
def post_thresholds(caller: From, response: Response, body: ThresholdsIn, if_match: IfMatch = None) -> LearnedOut:
    """Without training again."""
    return _out(set_thresholds(caller.core, caller.principal, body.thresholds, seen_revision(if_match)), response)


def _out(found: Learned, response: Response) -> LearnedOut:
    response.headers.update(etag(found.draft.revision))
    trained = {name: value for name, value in found.trained.items() if name != "seen"}
    return LearnedOut.model_validate({"revision": found.draft.revision, "trained": trained, "topics": found.topics})
