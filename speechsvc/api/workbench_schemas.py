"""What the workbench's evidence routes take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from speechsvc.api.inputs import Optional, Strict, Text
from speechsvc.domain.heatmap import RowKind

_DAY = Annotated[str, Field(max_length=40)]


class RangeIn(Strict):
    """Which analysed calls. Times: RFC 3339, or a date, which means midnight in the tenant's time zone."""

    since: _DAY | None = Field(None, alias="from", examples=["2026-11-01"])
    until: _DAY | None = Field(None, alias="to", description="exclusive", examples=["2026-12-01"])
    source: Literal["call", "transcript", "minutes", "chat", "email"] | None = None
    team: Optional = None
    salesperson_id: Optional = None
    customer_id: Optional = None


class PreviewIn(RangeIn):
    """Without `from` and `to`: the last 30 days."""

    row: RowKind = Field(RowKind.CUSTOMER, description="rows of the heatmap whose cells are compared")
    lexicon: dict[str, Any] | None = Field(None, description="the whole form; none: the tenant's draft")
    wait_s: float = Field(1.0, ge=0, le=5, description="seconds to wait for first results before answering")


class EntryChange(BaseModel):
    entry: str
    gained: int
    lost: int


class TopicChange(BaseModel):
    topic: str
    gained: int
    lost: int
    turned: int = Field(description="mentions that stay and change their polarity")


class CellChange(BaseModel):
    row_key: str
    row_label: str
    topic: str
    calls_gained: int = Field(description="effective calls that would newly count in this cell")
    calls_lost: int
    share_change: float = Field(description="of the row's effective calls in the range, -1 to 1")
    mentions_change: int
    seconds_change: float


class PreviewScores(BaseModel):
    changed: int
    crossed_up: int = Field(description="calls whose score would newly count (60 and more by default)")
    crossed_down: int


class PreviewedFollowup(BaseModel):
    followup_id: str
    salesperson_id: str | None
    before: int
    after: int
    crosses: Literal["up", "down"]


class PreviewFollowups(BaseModel):
    """Open ones: what is settled keeps its score."""

    changed: int = Field(description="follow-ups whose score would change")
    crossed_up: int = Field(description="follow-ups that would newly count (60 and more by default)")
    crossed_down: int
    crossing: list[PreviewedFollowup] = Field(description="those that would newly count or no longer; 200 at most")


class Between(BaseModel):
    value: int
    low: int = Field(description="with `high`: the figure lies between them in about 19 of 20 cases")
    high: int


class PreviewEstimate(BaseModel):
    sampled: int = Field(description="calls, spread over the range")
    changed: Between
    gained: Between
    lost: Between
    turned: Between
    moved: Between
    scores_changed: Between
    crossed_up: Between
    crossed_down: Between


class PreviewOut(BaseModel):
    """Counts hold for the calls seen so far; lists are bounded, their totals are not."""

    id: str = Field(examples=["prv_01kaqz3n6t4x5w8e9r0t1y2u3i"])
    state: Literal["running", "finished", "cancelled", "failed", "paused"]
    error: str | None = Field(description="code, where it failed")
    created_at: datetime
    finished_at: datetime | None
    published: str = Field(description="version that the draft is compared with")
    total: int = Field(description="analysed calls in the range")
    seen: int
    looked_at: int = Field(description="calls whose words were read; the index ruled out the others")
    estimate: PreviewEstimate | None = Field(
        None, description="of the whole range, by a sample, while counting goes on; none where counting is quick"
    )
    changed: int = Field(description="calls in which anything would change")
    gained: int
    lost: int
    turned: int
    moved: int = Field(description="mentions that stay, found by another entry or in other words")
    entries: list[EntryChange]
    topics: list[TopicChange]
    scores: PreviewScores
    followups: PreviewFollowups
    cells: list[CellChange] = Field(description="of the customer's heatmap, those that move most; at most 200")
    cells_total: int
    calls: list[dict[str, Any]] = Field(
        description="newest first: ids, `gained`, `lost`, `turned` with masked sentences, and `score`; 500 at most"
    )
    cursor: int | None = Field(description="send it back as `after` for the next calls")


class RetagOut(BaseModel):
    id: str = Field(examples=["rtg_01kaqz3n6t4x5w8e9r0t1y2u3i"])
    state: Literal["running", "paused", "finished", "cancelled", "failed"]
    error: str | None
    created_at: datetime
    finished_at: datetime | None
    total: int = Field(description="analysed calls in the range when it began")
    seen: int
    read: int = Field(description="calls whose words were read; the others cannot change")
    changed: int = Field(description="calls with a new analysis revision")
    skipped: int = Field(description="calls that were erased or analysed on their own meanwhile")
    versions: dict[str, Any] = Field(description="lexicon and rubric in force when it began")


class RetagList(BaseModel):
    runs: list[RetagOut]


class MentionMarkIn(Strict):
    verdict: Literal["right", "wrong"]
    polarity: Literal["affirmed", "negated"] | None = Field(None, description="where it is right but for its polarity")
    note: Text = Field("", max_length=1000)


class MissedMarkIn(Strict):
    """The words by `start_char` and `end_char`, or by `evidence`; neither: the whole turn."""

    turn: int = Field(ge=0, le=1_000_000)
    topic: Annotated[str, Field(min_length=1, max_length=200)]
    polarity: Literal["affirmed", "negated"] = "affirmed"
    start_char: int | None = Field(None, ge=0, le=10_000_000)
    end_char: int | None = Field(None, ge=0, le=10_000_000)
    evidence: Text | None = Field(None, max_length=2000)
    note: Text = Field("", max_length=1000)


class MarkOut(BaseModel):
    id: str
    call_id: str
    turn: int
    topic: str
    verdict: Literal["right", "wrong", "missed"]
    polarity: str | None
    start_char: int
    end_char: int
    evidence: str = Field(description="masked")
    sentence: str = Field(description="masked")
    current: bool = Field(description="false where a new transcript has other words there: not exported then")
    entry: str | None
    lexicon: str | None
    note: str
    author: str
    created_at: datetime


class MarkPage(BaseModel):
    marks: list[MarkOut]
    cursor: str | None


class CallMarks(BaseModel):
    call_id: str
    marks: list[MarkOut]


class EntryStatisticsOut(BaseModel):
    topic: str
    entry: str
    mentions: int
    calls: int
    by_match: dict[str, int]
    negated: int
    suspect: int
    right: int
    wrong: int
    precision: float | None = Field(description="right over marked; none without marks")
    in_force: bool


class DeadEntry(BaseModel):
    topic: str
    entry: str


class OverlapOut(BaseModel):
    topic: str
    entry: str
    with_entry: str
    places: int
    mutual: bool


class StatisticsOut(BaseModel):
    lexicon: str
    calls: int
    entries: list[EntryStatisticsOut]
    dead: list[DeadEntry] = Field(description="entries in force without a hit in the range")
    overlaps: list[OverlapOut] = Field(description="wherever `entry` matches, `with_entry` matches too")
    sampled: int = Field(description="newest calls that were read for overlaps")


class ExampleOut(BaseModel):
    call_id: str
    turn: int
    sentence: str


class PhraseOut(BaseModel):
    text: str
    count: int
    calls: int
    score: float = Field(description="log-likelihood ratio against everyday Chinese")
    topic: str | None = Field(description="which topic's sentences its own resemble most")
    resemblance: float
    near: str | None = Field(description="known term with most characters or the same neighbours in common")
    near_entry: str | None
    examples: list[ExampleOut]


class HeardAsOut(BaseModel):
    text: str
    entry: str
    mentions: int
    calls: int


class SuggestionsOut(BaseModel):
    calls: int = Field(description="newest calls whose words were read")
    phrases: list[PhraseOut]
    homophones: list[HeardAsOut] = Field(description="words taken for an entry by their sound")
