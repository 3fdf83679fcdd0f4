"""Which sources a tenant feeds: what it does not is left out of scores, and its points go to the rest, visibly."""

from __future__ import annotations

from enum import StrEnum

from speechsvc.domain.access import Permission, Principal
from speechsvc.services.core import Core


class Fed(StrEnum):
    """Whether documents or minutes are judged."""

    AUTO = "auto"  # where the tenant sent any in the last 90 days
    ON = "on"
    OFF = "off"


def set_sources(
    core: Core, principal: Principal, *, documents: Fed | None = None, minutes: Fed | None = None
) -> dict[str, str | None]:
    """The tenant's own rules as they are now; none: the installation's. Left-out arguments stay as they are.

    Open follow-ups follow at their next scoring, settled ones never. Leaves an audit entry. Raises Forbidden.
    """
    principal.require(Permission.RULES_WRITE)
    given = {name: rule.value for name, rule in (("documents", documents), ("minutes", minutes)) if rule is not None}
    with core.db.tenant(principal.tenant_id) as uow:
        before = uow.followups.sources()
        if given:
            uow.followups.set_sources(given)
            details = {"before": before, "after": before | given}
            uow.audit.add(
                actor=principal.key_id, action="sources.changed", subject=principal.tenant_id, details=details
            )
            uow.commit()
    return before | given
