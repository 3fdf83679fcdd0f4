"""What differs between two versions, or between a version and the draft."""

from __future__ import annotations

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.ruleset import RulesetKind
from speechsvc.domain.ruleset_diff import Change, compare
from speechsvc.services.core import Core
from speechsvc.services.read_rules import content_at


def compare_rules(core: Core, principal: Principal, kind: RulesetKind, a: str, b: str) -> tuple[Change, ...]:
    """From `a` to `b`: each a number (0: the service's default), "published" or "draft". Raises NotFound."""
    principal.require(Permission.RULES_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        before, after = (content_at(core, uow, kind, reference) for reference in (a, b))
    return compare(kind, before, after)
