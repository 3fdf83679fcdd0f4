"""The events that webhooks carry, for the OpenAPI document. The feed has the same shapes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class EventCall(BaseModel):
    """The ids by which a CRM finds its own records."""

    call_id: str
    external_id: str
    source: str
    started_at: datetime
    followup_id: str | None
    opportunity_id: str | None
    salesperson_id: str | None
    customer_id: str | None


class EventScore(BaseModel):
    total: int
    counts_toward_performance: bool


class FollowupTotal(BaseModel):
    total: int | None
    counts_toward_performance: bool


class EventTopic(BaseModel):
    topic: str
    speaker: str
    mentions: int
    seconds: float


class AnalysedData(EventCall):
    status: Literal["done", "partial"]
    revision: int
    contact: str
    score: EventScore
    topics: list[EventTopic]
    truncated: bool = Field(False, description="the list of topics was cut to keep the event under 20 kB")
    versions: dict[str, str | None]


class EventFailure(BaseModel):
    code: str
    message: str


class FailedData(EventCall):
    error: EventFailure


class ErasedData(BaseModel):
    call_id: str
    followup_erased: str | None = Field(
        None, description="`id` of its open follow-up, where that held nothing else and goes with the call"
    )


class PublishedData(BaseModel):
    number: int
    label: str
    digest: str
    author: str
    restored_from: int | None
    changes: dict[str, dict[str, int]] = Field(examples=[{"entry": {"added": 2}}])


class RetagData(BaseModel):
    """One summary; single calls are told only where something changed."""

    retag_id: str
    versions: dict[str, str | None]
    total: int
    seen: int
    read: int
    changed: int
    skipped: int


class LeadSilentData(BaseModel):
    """Told once for each threshold."""

    lead_id: str
    hours: Literal[24, 48, 72] = Field(description="the threshold passed without an effective contact")
    created_at: datetime
    grade: str | None
    salesperson_id: str | None
    customer_id: str | None
    opportunity_id: str | None


class WebhookDisabledData(BaseModel):
    webhook_id: str
    reason: Literal["gone", "failing"] = Field(description="it answered 410, or took nothing for 120 hours")
    failing_since: datetime


class FollowupData(BaseModel):
    """`score` is the machine's, `standing` what counts after rulings."""

    followup_id: str = Field(description="external id")
    id: str
    salesperson_id: str | None
    customer_id: str | None
    opportunity_id: str | None
    state: Literal["provisional", "settled", "appealed", "final"]
    revision: int
    score: FollowupTotal
    standing: FollowupTotal
    reasons: list[str] = Field(examples=[["no_effective_contact"]])
    versions: dict[str, str | list[str]]


class FollowupScoredData(FollowupData):
    before: FollowupTotal | None
    rescored: bool = Field(False, description="somebody asked for it: a settled score moved")


class FollowupAppealedData(FollowupData):
    appeal_id: str


class FollowupDecidedData(FollowupAppealedData):
    decision: Literal["upheld", "changed"]


class _Envelope(BaseModel):
    id: str = Field(description="the same for every delivery: do nothing when you have seen it")
    version: Literal[1] = Field(description="of this schema: fields may be added under the same number")
    seq: int = Field(description="place in the change feed")
    timestamp: datetime
    subject: str = Field(description="id of what it is about: a call, a follow-up, a version, a run")


class CallAnalysed(_Envelope):
    type: Literal["call.analysed"]
    data: AnalysedData


class CallFailed(_Envelope):
    type: Literal["call.failed"]
    data: FailedData


class CallErased(_Envelope):
    type: Literal["call.erased"]
    data: ErasedData


class FollowupScored(_Envelope):
    type: Literal["followup.scored"]
    data: FollowupScoredData


class FollowupSettled(_Envelope):
    type: Literal["followup.settled"]
    data: FollowupData


class FollowupAppealed(_Envelope):
    type: Literal["followup.appealed"]
    data: FollowupAppealedData


class FollowupDecided(_Envelope):
    type: Literal["followup.decided"]
    data: FollowupDecidedData


class FollowupOverridden(_Envelope):
    type: Literal["followup.overridden"]
    data: FollowupData


class LexiconPublished(_Envelope):
    type: Literal["lexicon.published"]
    data: PublishedData


class RubricPublished(_Envelope):
    type: Literal["rubric.published"]
    data: PublishedData


class RetagFinished(_Envelope):
    type: Literal["retag.finished"]
    data: RetagData


class LeadSilent(_Envelope):
    type: Literal["lead.silent"]
    data: LeadSilentData


class WebhookDisabled(_Envelope):
    type: Literal["webhook.disabled"]
    data: WebhookDisabledData


_EVENTS: dict[str, tuple[type[BaseModel], str]] = {
    "call.analysed": (CallAnalysed, "A call or text has been analysed, or analysed again"),
    "call.failed": (CallFailed, "A recording cannot be analysed; the reason says why"),
    "call.erased": (CallErased, "A call is gone for good: erase what you copied"),
    "followup.scored": (FollowupScored, "A follow-up has a new machine score"),
    "followup.settled": (FollowupSettled, "The machine score no longer moves by itself"),
    "followup.appealed": (FollowupAppealed, "The salesperson disagrees"),
    "followup.decided": (FollowupDecided, "A manager decided the appeal: final"),
    "followup.overridden": (FollowupOverridden, "A manager set another score, with a reason: final"),
    "lexicon.published": (LexiconPublished, "A new version of the lexicon decides from now on"),
    "rubric.published": (RubricPublished, "A new version of the rubric decides from now on"),
    "retag.finished": (RetagFinished, "Stored calls were analysed again with what is published"),
    "lead.silent": (LeadSilent, "Nobody has reached a lead for 24, 48 or 72 hours"),
    "webhook.disabled": (WebhookDisabled, "A webhook was switched off; enable it and replay what it missed"),
}
MODELS: tuple[type[BaseModel], ...] = tuple(model for model, _ in _EVENTS.values())
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def webhooks() -> dict[str, Any]:
    """The `webhooks` section."""
    return {name: {"post": _operation(name, model, text)} for name, (model, text) in _EVENTS.items()}


def _operation(name: str, model: type[BaseModel], text: str) -> dict[str, Any]:
    return {
        "summary": text,
        "operationId": name.replace(".", "_"),
        "tags": ["crm"],
        "parameters": [
            {"name": header, "in": "header", "required": True, "schema": {"type": "string"}} for header in _HEADERS
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}},
        },
        "responses": {"2XX": {"description": "Received; anything else is tried again, 410 ends the subscription"}},
    }
