"""The tenant's audit log: who did what to what; never content."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, or_, select

from speechsvc.domain.ids import new_id
from speechsvc.ports import AuditEntry, Page
from speechsvc.storage.base import Repository, decode_cursor, encode_cursor
from speechsvc.storage.tables import audit


class AuditTable(Repository):
    """Implements `AuditRepository`."""

    def add(self, *, actor: str, action: str, subject: str, details: dict[str, Any] | None = None) -> None:
        self._connection.execute(
            insert(audit).values(
                tenant_id=self._tenant_id,
                id=new_id("aud"),
                at=self._now(),
                actor=actor,
                action=action,
                subject=subject,
                details=details or {},
            )
        )

    def list(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[AuditEntry]:
        """Newest first: ids are time-ordered."""
        query = select(audit).where(self._mine(audit)).order_by(audit.c.id.desc()).limit(limit + 1)
        if actor is not None:
            query = query.where(audit.c.actor == actor)
        if action is not None:
            query = query.where(or_(audit.c.action == action, audit.c.action.startswith(f"{action}.", autoescape=True)))
        if subject is not None:
            query = query.where(audit.c.subject == subject)
        if cursor:
            query = query.where(audit.c.id < decode_cursor(cursor, str)[0])
        rows = self._connection.execute(query).mappings().all()
        entries = tuple(
            AuditEntry(at=r["at"], actor=r["actor"], action=r["action"], subject=r["subject"], details=r["details"])
            for r in rows[:limit]
        )
        return Page(items=entries, cursor=encode_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None)
