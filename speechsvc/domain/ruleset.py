"""Rulesets: a tenant's lexicon and rubric as versioned content, and the draft of the next version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

Content = dict[str, Any]  # JSON in the shape of a lexicon or rubric file


class RulesetKind(StrEnum):
    """What decides mentions, and what decides scores."""

    LEXICON = "lexicon"
    RUBRIC = "rubric"


class FileFormat(StrEnum):
    """How content travels as a file."""

    YAML = "yaml"
    JSON = "json"
    XLSX = "xlsx"
    CSV = "csv"  # a zip archive of one file a sheet

    @property
    def is_table(self) -> bool:
        return self in (FileFormat.XLSX, FileFormat.CSV)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruleset:
    """A lexicon or rubric that has been read without a problem."""

    kind: RulesetKind
    label: str  # as results name it, for example lexicon-3+3f2a9c01
    digest: str  # SHA-256 of what decides, hexadecimal; name and number are left out
    content: Content


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesetVersion:
    """One published version, without its content."""

    kind: RulesetKind
    number: int  # 1, 2, 3 ... of this tenant and kind, never used again; 0 is the default that came with the service
    label: str
    digest: str
    author: str = ""  # who answers for it, as given at publishing
    note: str = ""  # why
    published_at: datetime | None = None  # none for number 0
    base: str | None = None  # digest of the service's default that it was last merged with
    restored_from: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """The one draft of a tenant and kind. `content` is none after it was published or dropped."""

    kind: RulesetKind
    revision: int = 0  # grows with every change, so that nobody overwrites what they have not seen
    based_on: int  # version that it began from
    content: Content | None
    base: str | None = None  # as in RulesetVersion
    conflicts: tuple[dict[str, Any], ...] = ()  # places where a merge could not decide; they stop publishing
    updated_by: str = ""
    updated_at: datetime | None = None
