"""What the routes of lexicon and rubric take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from speechsvc.api.inputs import Optional, Strict, Text


class VersionOut(BaseModel):
    number: int = Field(description="1, 2, 3 ...; 0 is the default that came with the service")
    label: str = Field(description="as results name it", examples=["lexicon-3+3f2a9c01"])
    digest: str = Field(description="SHA-256 of what decides; a restored version has the old one's")
    author: str
    note: str
    published_at: datetime | None
    restored_from: int | None
    base: str | None = Field(description="digest of the service's default that it was last merged with")


class VersionWithContent(VersionOut):
    content: dict[str, Any] = Field(description="the form of lexicons/README.md, or of the default rubric, as JSON")


class VersionPage(BaseModel):
    versions: list[VersionOut]
    cursor: str | None


class ConflictOut(BaseModel):
    """A place that the tenant and the newer default changed differently."""

    id: str
    path: list[str] = Field(examples=[["topics", "pricing_discount", "entries", "pricing_discount/报价"]])
    field: str | None = Field(description="null: the whole part")
    base: Any = Field(description="as it was in the default that both came from")
    draft: Any = Field(description="the tenant's; stands in the draft until somebody decides")
    default: Any = Field(description="the newer default's")


class DraftOut(BaseModel):
    revision: int = Field(description="also the ETag; send it back in If-Match")
    based_on: int = Field(description="version that it began from and would replace")
    base: str | None
    conflicts: list[ConflictOut] = Field(description="from a merge; they stop publishing")
    updated_by: str = Field(description="key id; empty while nobody has begun a draft")
    updated_at: datetime | None = Field(description="null: no draft was begun; content is what is in force")
    content: dict[str, Any]


class DraftIn(Strict):
    content: dict[str, Any]


class PublishIn(Strict):
    author: Optional = Field(None, description="who answers for it; none: the key's name", examples=["李质检"])
    note: Annotated[Text, Field(max_length=2000)] = Field("", description="why", examples=["“报价单”归入价格折扣"])


class PublishDraftIn(PublishIn):
    replaces: int | None = Field(
        None, ge=0, description="the version you know to be in force; none: the one that the draft began from"
    )


class CheckOut(BaseModel):
    revision: int
    ok: bool = Field(description="it could be published")
    problems: list[str] = Field(description="each names place and cure")
    warnings: list[str]
    conflicts: list[ConflictOut]


class FieldChangeOut(BaseModel):
    field: str
    before: Any = Field(description="null: at its default")
    after: Any


class ChangeOut(BaseModel):
    change: Literal["added", "removed", "changed"]
    what: str = Field(description="topic, entry, example, component, gate, topic_weights or ruleset")
    path: list[str]
    fields: list[FieldChangeOut]


class DiffOut(BaseModel):
    counts: dict[str, dict[str, int]] = Field(examples=[{"entry": {"added": 2, "changed": 1}}])
    changes: list[ChangeOut]


class MergeOut(BaseModel):
    draft: DraftOut
    counts: dict[str, dict[str, int]]
    changes: list[ChangeOut] = Field(description="what the merge changed in the draft")


class ResolveIn(Strict):
    choices: dict[str, Literal["draft", "default"]] = Field(
        description="by id of the conflict: keep what the draft says now, or take the default's"
    )


class EvaluateIn(Strict):
    calls: list[dict[str, Any]] = Field(
        default_factory=list,
        max_length=1000,
        description="labelled calls, one object each; docs/workbench.md has the form",
    )
    marks: bool = Field(False, description="measure on your own marks too; lexicon only")
    candidate: str = Field("draft", max_length=20, description="draft, published or a number")
    against: str = Field("published", max_length=20)


class PlaceOut(BaseModel):
    call_id: str
    turn: int
    topic: str
    kind: str = Field(description="missed, wrong or polarity")
    entry: str | None


class LexiconEvaluation(BaseModel):
    candidate: dict[str, Any] = Field(description="precision, recall and F1 by topic, speaker and entry, as counted")
    against: dict[str, Any]
    mended: list[PlaceOut] = Field(description="`against` differs from the labels there, `candidate` does not")
    broken: list[PlaceOut]


class ScoredCall(BaseModel):
    call_id: str
    candidate: int
    against: int
    crosses: bool = Field(description="it counts under one and not under the other")


class RubricEvaluation(BaseModel):
    calls: list[ScoredCall]
    changed: int
    crossing: int
