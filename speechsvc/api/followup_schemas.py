"""What the API takes and answers about follow-ups, performance and the directory."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from speechsvc.api.inputs import (
    CustomerIn,
    Id,
    Moment,
    OpportunityIn,
    Optional,
    SalespersonIn,
    Strict,
    Text,
)
from speechsvc.api.schemas import CustomerOut, OpportunityOut, SalespersonOut

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]
Reason = Annotated[Text, StringConstraints(min_length=2, max_length=2000, strip_whitespace=True)]
Total = Annotated[int, Field(ge=0, le=100)]


class FollowupIn(Strict):
    """Whose work on what. Fields left out stay as they are."""

    salesperson: SalespersonIn | None = None
    customer: CustomerIn | None = None
    opportunity: OpportunityIn | None = None
    started_at: Moment | None = Field(None, description="of a new follow-up; default: now")


class DocumentIn(Strict):
    """A document that the salesperson uploaded to the CRM; only its fingerprint comes here."""

    name: Id = Field(examples=["报价单.pdf"])
    sha256: Sha256 = Field(description="of the file's bytes, hexadecimal")
    uploaded_at: Moment


class MinutesIn(Strict):
    """Minutes of a call or meeting."""

    text: Text = Field(examples=["客户关心实施周期，预算审批预计下月完成"])
    written_at: Moment
    external_id: Optional = Field(None, description="your own id; without one, the same words are the same minutes")


class AppealIn(Strict):
    reason: Reason


class DecisionIn(Strict):
    """Without `total` the machine score is upheld."""

    decision: Literal["uphold", "change"]
    reason: Reason
    total: Total | None = Field(None, description="with `change`: what stands instead")


class OverrideIn(Strict):
    total: Total
    reason: Reason


class RescoreIn(Strict):
    """Which follow-ups, and why."""

    followups: list[Id] | None = Field(None, max_length=1000, description="external ids; or give a period")
    since: Moment | None = Field(None, description="last activity at or after")
    until: Moment | None = Field(None, description="last activity before")
    reason: Reason
    with_late: bool = Field(False, description="count what arrived after the settling too")
    apply: bool = Field(False, description="false: only the list of what would change")


class ScoreBrief(BaseModel):
    total: int | None
    counts_toward_performance: bool


class RulingOut(BaseModel):
    kind: str = Field(description="decision or override")
    total: int
    counts: bool
    reason: str
    by: str = Field(description="key id")
    at: datetime
    appeal_id: str | None


class AppealOut(BaseModel):
    id: str
    state: str = Field(description="open, upheld or changed")
    reason: str
    by: str = Field(description="key id")
    at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    total: int | None = Field(description="what the decision says instead of the machine score")


class ItemOut(BaseModel):
    id: str
    kind: str = Field(description="call, minutes or document")
    at: datetime
    received_at: datetime
    name: str | None
    sha256: str | None
    late: bool = Field(description="arrived after the follow-up had settled: shown, not counted")
    erased: bool
    link: str | None


class FollowupLinks(BaseModel):
    self: str
    score: str


class FollowupOut(BaseModel):
    id: str
    external_id: str
    salesperson: SalespersonOut | None
    customer: CustomerOut | None
    opportunity: OpportunityOut | None
    state: str = Field(description="provisional, settled, appealed or final")
    score: ScoreBrief = Field(description="of the machine; total null before the first call was judged")
    standing: ScoreBrief = Field(description="what counts: the latest ruling, else the machine score")
    reasons: list[str] = Field(description="why it does not count, stable codes", examples=[["no_effective_contact"]])
    rulings: list[RulingOut]
    first_activity: datetime
    last_activity: datetime
    settles_at: datetime | None = Field(description="at the earliest; new activity moves it")
    settled_at: datetime | None
    revision: int = Field(description="grows with every new score")
    versions: dict[str, Any]
    links: FollowupLinks


class FollowupPage(BaseModel):
    followups: list[FollowupOut]
    cursor: str | None


class FollowupDetailsOut(FollowupOut):
    items: list[ItemOut]
    appeals: list[AppealOut]


class FollowupScoreOut(FollowupDetailsOut):
    """Everything needed to recompute the total by hand."""

    explanation: dict[str, Any] | None = Field(
        description="total, before_gates, components with points, inputs and evidence (call, turn, second), gates, "
        "left_out, duplicates, versions; null before the first score"
    )
    snapshot: dict[str, Any] | None = Field(None, description="frozen inputs and rubric; only with raw=true")
    history: list[dict[str, Any]] = Field(description="scores that explicit re-scores replaced")


class DocumentOut(BaseModel):
    followup: FollowupOut
    document: ItemOut
    created: bool = Field(description="false: this very document was sent before")


class AppealAnswer(BaseModel):
    followup: FollowupOut
    appeal: AppealOut


class RecomputedOut(BaseModel):
    followup_id: str
    stored: int
    recomputed: int | None
    equal: bool = Field(description="every component, gate, reason and piece of evidence")


class RecomputeOut(BaseModel):
    checked: int
    different: int
    scores: list[RecomputedOut] = Field(description="the different ones; of one follow-up always")


class RescoredOut(BaseModel):
    followup_id: str
    state: str
    before: ScoreBrief | None
    after: ScoreBrief
    crosses: bool = Field(description="whether the pass line lies between the two")


class RescoreOut(BaseModel):
    applied: bool
    followups: int
    changed: int
    crossing: int
    scores: list[RescoredOut] = Field(description="the changed ones")


class StandingOut(BaseModel):
    followup_id: str
    state: str
    total: int | None
    machine_total: int | None
    reasons: list[str]
    link: str


class PerformanceRowOut(BaseModel):
    key: str
    label: str
    counted: list[StandingOut]
    excluded: list[StandingOut] = Field(description="each with its reasons")
    pending: list[StandingOut] = Field(description="provisional or appealed")


class PerformanceOut(BaseModel):
    row: str
    rows: list[PerformanceRowOut]
