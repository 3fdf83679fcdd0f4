"""The performance report within what the reader may see."""

from __future__ import annotations

from datetime import datetime

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.performance import Performance, PerformanceRow, performance
from speechsvc.ports import FollowupFilter
from speechsvc.services.core import Core


def build_performance(
    core: Core, principal: Principal, row: PerformanceRow, since: datetime | None, until: datetime | None
) -> tuple[Performance, ...]:
    """Follow-ups by their last activity; managers see their teams, salespeople themselves. Raises Forbidden."""
    principal.require(Permission.CALLS_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        found = uow.followups.all(FollowupFilter(scope=principal.scope(), since=since, until=until))
    return performance(found, row)
