"""Events that a CRM sends: one shape for each type, strict about unknown fields."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from speechsvc.api.inputs import Id, Moment, Optional, Strict, Text
from speechsvc.api.text_turns import turns_of
from speechsvc.domain.crm import CrmEvent
from speechsvc.services.crm_events import CrmItem

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]
Grade = Annotated[Id, Field(max_length=20, examples=["A"])]


class LeadCreatedIn(Strict):
    """`occurred_at` is when the lead came in: waiting times count from it."""

    lead_id: Id
    customer_id: Optional = Field(None, description="calls with this customer count as contacts of the lead")
    opportunity_id: Optional = Field(None, description="calls on this opportunity count too")
    grade: Optional = None
    salesperson_id: Optional = None
    team: Optional = None


class LeadGradedIn(Strict):
    lead_id: Id
    grade: Grade


class LeadReassignedIn(Strict):
    lead_id: Id
    salesperson_id: Id
    team: Optional = None


class StageChangedIn(Strict):
    opportunity_id: Id
    stage: Id


class OpportunityClosedIn(Strict):
    opportunity_id: Id


class DocumentIn(Strict):
    """`occurred_at` is when it was uploaded. The document itself stays in the CRM."""

    followup_id: Id
    name: Id
    sha256: Sha256
    salesperson_id: Optional = None


class MinutesIn(Strict):
    """Analysed like a text of source minutes; the words are stored with that text alone."""

    followup_id: Id
    text: Text = Field(min_length=1)
    salesperson_id: Optional = None


class ReportedDoneIn(Strict):
    followup_id: Id
    salesperson_id: Optional = None


class _Event(Strict):
    id: Id = Field(description="the CRM's own id of this event: the same again changes nothing")
    occurred_at: Moment = Field(description="when it happened; events may arrive in any order")


class LeadCreatedEvent(_Event):
    type: Literal["lead.created"]
    data: LeadCreatedIn


class LeadGradedEvent(_Event):
    type: Literal["lead.graded"]
    data: LeadGradedIn


class LeadReassignedEvent(_Event):
    type: Literal["lead.reassigned"]
    data: LeadReassignedIn


class StageChangedEvent(_Event):
    type: Literal["opportunity.stage_changed"]
    data: StageChangedIn


class OpportunityClosedEvent(_Event):
    type: Literal["opportunity.won", "opportunity.lost"]
    data: OpportunityClosedIn


class DocumentUploadedEvent(_Event):
    type: Literal["document.uploaded"]
    data: DocumentIn


class MinutesWrittenEvent(_Event):
    type: Literal["minutes.written"]
    data: MinutesIn


class ReportedDoneEvent(_Event):
    type: Literal["followup.reported_done"]
    data: ReportedDoneIn


CrmEventIn = Annotated[
    LeadCreatedEvent
    | LeadGradedEvent
    | LeadReassignedEvent
    | StageChangedEvent
    | OpportunityClosedEvent
    | DocumentUploadedEvent
    | MinutesWrittenEvent
    | ReportedDoneEvent,
    Field(discriminator="type"),
]
MODELS = (
    LeadCreatedEvent,
    LeadGradedEvent,
    LeadReassignedEvent,
    StageChangedEvent,
    OpportunityClosedEvent,
    DocumentUploadedEvent,
    MinutesWrittenEvent,
    ReportedDoneEvent,
)
EVENT: TypeAdapter[Any] = TypeAdapter(CrmEventIn)


def request_body() -> dict[str, Any]:
    """For the OpenAPI document: one event, or a batch of them."""
    one = {"oneOf": [{"$ref": f"#/components/schemas/{model.__name__}"} for model in MODELS]}
    batch = {
        "type": "object",
        "required": ["events"],
        "properties": {"events": {"type": "array", "maxItems": 1000, "items": one}},
    }
    return {"required": True, "content": {"application/json": {"schema": {"anyOf": [one, batch]}}}}


def item_of(body: Any) -> CrmItem:
    """Raises pydantic's ValidationError."""
    given = EVENT.validate_python(body)
    data = given.data.model_dump(exclude_none=True)
    text = data.pop("text", "")
    event = CrmEvent(
        id=given.id,
        type=given.type,
        occurred_at=given.occurred_at,
        data=data,
        digest=_digest(given.model_dump(mode="json", exclude_none=True)),
    )
    return CrmItem(event=event, turns=turns_of(text))


def _digest(event: dict[str, Any]) -> str:
    text = json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
