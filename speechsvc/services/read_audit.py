"""Who did what: the tenant's audit log."""

from __future__ import annotations

from speechsvc.domain.access import Permission, Principal
from speechsvc.ports import AuditEntry, Page
from speechsvc.services.core import Core


def read_audit(
    core: Core,
    principal: Principal,
    *,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AuditEntry]:
    """Newest first. Raises Forbidden, InvalidInput for a cursor we did not give."""
    principal.require(Permission.AUDIT_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.audit.list(actor=actor, action=action, subject=subject, cursor=cursor, limit=limit)
