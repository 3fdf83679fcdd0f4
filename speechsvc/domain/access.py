"""Who may do what. Pure rules; keys are looked up by storage, enforced by services and API."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from speechsvc.errors import Forbidden


class Role(StrEnum):
    UPLOADER = "uploader"
    MANAGER = "manager"
    QA = "qa"
    CRM = "crm"
    SALESPERSON = "salesperson"
    ADMIN = "admin"


class Permission(StrEnum):
    CALLS_WRITE = "calls:write"
    CALLS_STATUS = "calls:status"  # see that a call exists and how far it is
    CALLS_READ = "calls:read"  # transcript, mentions, score, recording; masked
    CALLS_ERASE = "calls:erase"
    HEATMAP_READ = "heatmap:read"
    FEED_READ = "feed:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    CRM_WRITE = "crm:write"  # tell of leads, opportunities, documents, minutes
    AUDIT_READ = "audit:read"
    RULES_READ = "rules:read"  # lexicon and rubric: everybody may see by what they are measured
    MARKS_WRITE = "marks:write"  # say that a mention is right, wrong or missed
    RULES_WRITE = "rules:write"  # draft, publish, restore them
    FOLLOWUPS_APPEAL = "followups:appeal"  # a salesperson: own follow-ups only
    FOLLOWUPS_DECIDE = "followups:decide"  # appeals and overrides; a manager: own teams only
    DIRECTORY_MANAGE = "directory:manage"  # salespeople and customers with their numbers
    RAW_READ = "raw:read"  # unmasked text and original audio; given to a key one by one


_P = Permission
_ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.UPLOADER: frozenset({_P.CALLS_WRITE, _P.CALLS_STATUS, _P.RULES_READ}),
    Role.MANAGER: frozenset(
        {_P.CALLS_STATUS, _P.CALLS_READ, _P.HEATMAP_READ, _P.RULES_READ, _P.MARKS_WRITE, _P.FOLLOWUPS_DECIDE}
    ),
    Role.QA: frozenset(
        {_P.CALLS_STATUS, _P.CALLS_READ, _P.HEATMAP_READ, _P.RULES_READ, _P.RULES_WRITE, _P.MARKS_WRITE}
    ),
    Role.CRM: frozenset(
        {
            _P.CALLS_WRITE,
            _P.CALLS_STATUS,
            _P.CALLS_READ,
            _P.HEATMAP_READ,
            _P.FEED_READ,
            _P.WEBHOOKS_MANAGE,
            _P.CRM_WRITE,
            _P.RULES_READ,
            _P.DIRECTORY_MANAGE,
        }
    ),
    Role.SALESPERSON: frozenset({_P.CALLS_STATUS, _P.CALLS_READ, _P.RULES_READ, _P.FOLLOWUPS_APPEAL}),
    Role.ADMIN: frozenset(set(Permission) - {_P.RAW_READ}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """The holder of a valid key."""

    tenant_id: str
    key_id: str
    role: Role
    name: str = ""
    raw: bool = False  # may read unmasked
    teams: tuple[str, ...] = ()  # a manager's own teams; empty for other roles
    salesperson_id: str | None = None  # a salesperson's own id

    def may(self, permission: Permission) -> bool:
        if permission is Permission.RAW_READ:
            return self.raw
        return permission in _ROLE_PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raises Forbidden unless this principal has `permission`."""
        if not self.may(permission):
            raise Forbidden(permission=permission.value)

    def scope(self) -> Scope:
        """Which of the tenant's calls this principal sees."""
        if self.role is Role.MANAGER:
            return Scope(teams=self.teams)
        if self.role is Role.SALESPERSON:
            return Scope(salesperson_id=self.salesperson_id or "")
        return Scope()


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """A filter on calls; `None` means no limit, an empty tuple means nothing."""

    teams: tuple[str, ...] | None = None
    salesperson_id: str | None = None
