"""Looks for everything that is wrong with a draft before it decides about people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.ruleset import Content, RulesetKind
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.edit_draft import draft_or_start
from speechsvc.services.read_rules import PUBLISHED, content_at


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckReport:
    """`problems` stop publishing, `warnings` do not; each names the place and the cure."""

    revision: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    conflicts: tuple[dict[str, Any], ...]  # left from a merge; they stop publishing too


def check_draft(core: Core, principal: Principal, kind: RulesetKind) -> CheckReport:
    """Runs every example through the real matcher: takes a second or two."""
    principal.require(Permission.RULES_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        draft = draft_or_start(core, uow, kind)
        warnings = tuple(weight_warnings(core, uow, kind, draft.content or {}))
    return CheckReport(
        revision=draft.revision,
        problems=core.rulebook().check(kind, draft.content or {}),
        warnings=warnings,
        conflicts=draft.conflicts,
    )


def weight_warnings(core: Core, uow: UnitOfWork, kind: RulesetKind, content: Content) -> Iterator[str]:
    """Weights of topics that the lexicon no longer has."""
    other = RulesetKind.RUBRIC if kind is RulesetKind.LEXICON else RulesetKind.LEXICON
    in_force = content_at(core, uow, other, PUBLISHED)
    lexicon, rubric = (content, in_force) if kind is RulesetKind.LEXICON else (in_force, content)
    topics = [topic["id"] for topic in lexicon.get("topics", ())]
    for topic in rubric.get("topic_weights") or {}:
        if topic not in topics:
            yield f"rubric: topic_weights names '{topic}', which is no topic of the lexicon; the weight has no effect."
