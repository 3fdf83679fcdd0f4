"""What callers send: strict about unknown fields (a typo must not lose data), lenient about empty optional ones."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from speechsvc.domain.call import CallMetadata, Customer, Direction, Opportunity, Salesperson

_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # control characters, halves of surrogate pairs
_UNFIT_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
_ZONE = re.compile(r"(?:[Zz]|[+-]\d\d:?\d\d)$")


def _one_line(text: str) -> str:
    if _UNFIT.search(text):
        raise ValueError("must not hold control characters", "不能含有控制字符")
    return text


def _any_lines(text: str) -> str:
    if _UNFIT_TEXT.search(text):
        raise ValueError("must be valid Unicode without NUL", "必须是不含 NUL 的有效 Unicode 文本")
    return text


def _empty_is_absent(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _written_out(value: Any) -> Any:
    """Pydantic would take a bare number as seconds since 1970; a call system that sends one means something else."""
    if not isinstance(value, str) or not _RFC3339.match(value):
        raise ValueError(
            "must be an RFC 3339 time, for example 2026-11-23T14:05:00+08:00",
            "应为 RFC 3339 时间，例如 2026-11-23T14:05:00+08:00",
        )
    if not _ZONE.search(value.strip()):
        raise ValueError("must carry a time zone, for example +08:00 or Z", "必须带时区，例如 +08:00 或 Z")
    return value.strip()


def _plausible(moment: datetime) -> datetime:
    if not 1990 <= moment.year < 2100:
        raise ValueError("must lie between 1990 and 2099", "应在 1990 年至 2099 年之间")
    return moment


Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    AfterValidator(_one_line),
]
Optional = Annotated[Id | None, BeforeValidator(_empty_is_absent)]
Phone = Annotated[
    Annotated[str, StringConstraints(max_length=50, strip_whitespace=True), AfterValidator(_one_line)] | None,
    BeforeValidator(_empty_is_absent),
]
Text = Annotated[str, AfterValidator(_any_lines)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_plausible)]
Side = Literal["agent", "customer", "unknown"]


class Strict(BaseModel):
    """Refuses unknown fields and never quotes the input in its errors."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SalespersonIn(Strict):
    """As at call time."""

    id: Id = Field(examples=["s-017"])
    name: Optional = None
    team: Optional = Field(None, examples=["华东一组"])


class CustomerIn(Strict):
    """As at call time."""

    id: Id = Field(examples=["c-2209"])
    name: Optional = None
    industry: Optional = Field(None, examples=["制造"])
    region: Optional = Field(None, examples=["上海"])


class OpportunityIn(Strict):
    """As at call time."""

    id: Id
    stage: Optional = Field(None, examples=["方案报价"])


class ChannelsIn(Strict):
    """Who speaks on which channel of a stereo recording."""

    left: Side
    right: Side


class PartiesIn(Strict):
    """Who, when and for what."""

    external_id: Id = Field(
        description="your own id of this call or text; unique in your tenant, makes retries safe",
        examples=["pbx-20261123-000817"],
    )
    started_at: Moment = Field(description="RFC 3339 with a time zone", examples=["2026-11-23T14:05:00+08:00"])
    direction: Direction = Direction.OUTBOUND
    salesperson: SalespersonIn | None = None
    customer: CustomerIn | None = None
    caller: Phone = Field(None, description="phone number; shown masked")
    callee: Phone = Field(None, description="phone number; shown masked")
    extension: Phone = None
    followup_id: Optional = None
    opportunity: OpportunityIn | None = None
    lead_grade: Optional = None

    def to_domain(self) -> CallMetadata:
        return CallMetadata(
            external_id=self.external_id,
            started_at=self.started_at,
            direction=self.direction,
            salesperson=Salesperson(**self.salesperson.model_dump()) if self.salesperson else None,
            customer=Customer(**self.customer.model_dump()) if self.customer else None,
            caller=self.caller,
            callee=self.callee,
            extension=self.extension,
            followup_id=self.followup_id,
            opportunity=Opportunity(**self.opportunity.model_dump()) if self.opportunity else None,
            lead_grade=self.lead_grade,
            channels=self._channels(),
        )

    def _channels(self) -> dict[str, str] | str | None:
        return None


class CallMetadataIn(PartiesIn):
    """The `metadata` part of an upload."""

    channels: ChannelsIn | Literal["mono"] | None = Field(
        None, description='who is where; default for stereo: {"left": "agent", "right": "customer"}'
    )

    def _channels(self) -> dict[str, str] | str | None:
        return dict(self.channels.model_dump()) if isinstance(self.channels, ChannelsIn) else self.channels
