"""Measures a draft, or a version, against what is published, on conversations that people have labelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.ruleset import RulesetKind
from speechsvc.errors import InvalidInput
from speechsvc.services.core import Core
from speechsvc.services.mark_mentions import export_marks
from speechsvc.services.read_rules import DRAFT, PUBLISHED, content_at


def evaluate_rules(
    core: Core,
    principal: Principal,
    kind: RulesetKind,
    calls: Sequence[Any],
    *,
    marks: bool = False,
    candidate: str = DRAFT,
    against: str = PUBLISHED,
) -> dict[str, Any]:
    """`calls` as in the gold set. Lexicon: figures of both, and the places that the candidate mends and breaks; with
    `marks`, on the tenant's own marks too, where only what somebody looked at counts.

    Rubric: each call's total under both, with those that cross the pass line. Nothing is stored.
    Raises NotFound for an unknown version, SpeechsvcError (422) for calls that cannot be read, or none at all.
    """
    principal.require(Permission.RULES_READ)
    calls = _with_marks(core, principal, kind, calls) if marks else calls
    if not calls:
        raise InvalidInput(field="calls", problem="there is no labelled call and no mark to measure on")
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        ours, theirs = (content_at(core, uow, kind, reference) for reference in (candidate, against))
        lexicon = content_at(core, uow, RulesetKind.LEXICON, PUBLISHED)
    book = core.rulebook()
    if kind is RulesetKind.RUBRIC:
        return _scores(book.scores(lexicon, ours, calls), book.scores(lexicon, theirs, calls))
    new, old = book.evaluate(ours, calls), book.evaluate(theirs, calls)
    return {
        "candidate": new["figures"],
        "against": old["figures"],
        "mended": [p for p in old["places"] if p not in new["places"]],
        "broken": [p for p in new["places"] if p not in old["places"]],
    }


def _with_marks(core: Core, principal: Principal, kind: RulesetKind, calls: Sequence[Any]) -> list[Any]:
    if kind is not RulesetKind.LEXICON:
        raise InvalidInput(field="marks", problem="only a lexicon is measured on marks")
    return [*calls, *export_marks(core, principal)]


def _scores(new: list[dict[str, Any]], old: list[dict[str, Any]]) -> dict[str, Any]:
    calls = [
        {
            "call_id": one["call_id"],
            "candidate": one["total"],
            "against": other["total"],
            "crosses": one["counts_toward_performance"] != other["counts_toward_performance"],
        }
        for one, other in zip(new, old, strict=True)
    ]
    changed = [c for c in calls if c["candidate"] != c["against"]]
    return {"calls": calls, "changed": len(changed), "crossing": sum(c["crosses"] for c in calls)}
