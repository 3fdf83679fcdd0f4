"""Who did what."""

from __future__ import annotations

from dataclasses import asdict

from speechsvc.api.queries import Cursor, Limit, Short
from speechsvc.api.route import From, api_router, needs
from speechsvc.api.schemas import AuditOut, AuditPage
from speechsvc.domain.access import Permission
from speechsvc.services.read_audit import read_audit

router = api_router("audit")


@router.get("/audit", summary="Audit log", openapi_extra=needs(Permission.AUDIT_READ), response_model=AuditPage)
def get_audit(
    caller: From,
    actor: Short = None,
    action: Short = None,
    subject: Short = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AuditPage:
    """Newest first; ids only, never content. `actor` is a key id; `action` also by its first part: followup."""
    page = read_audit(
        caller.core, caller.principal, actor=actor, action=action, subject=subject, cursor=cursor, limit=limit
    )
    return AuditPage(entries=[AuditOut.model_validate(asdict(e)) for e in page.items], cursor=page.cursor)
