"""API keys: made once, stored as a hash only."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from speechsvc.domain.access import Principal, Role
from speechsvc.domain.ids import new_id
from speechsvc.errors import InvalidInput, Unauthenticated
from speechsvc.ports import System


def create_key(
    system: System,
    *,
    tenant_id: str,
    role: Role,
    name: str = "",
    raw: bool = False,
    teams: Sequence[str] = (),
    salesperson_id: str | None = None,
) -> tuple[str, Principal]:
    """The key (shown once) and its holder. Raises InvalidInput when a role lacks its scope, NotFound for the tenant."""
    system.tenant(tenant_id)
    if role is Role.MANAGER and not teams:
        raise InvalidInput(
            field="teams", problem="a manager's key needs at least one team", problem_zh="经理密钥至少需要一个团队"
        )
    if role is Role.SALESPERSON and not salesperson_id:
        raise InvalidInput(
            field="salesperson_id",
            problem="a salesperson's key needs the salesperson's id",
            problem_zh="销售密钥需要销售人员编号",
        )
    principal = Principal(
        tenant_id=tenant_id,
        key_id=new_id("key"),
        role=role,
        name=name,
        raw=raw,
        teams=tuple(teams),
        salesperson_id=salesperson_id,
    )
    key = f"sk_{secrets.token_urlsafe(32)}"
    system.add_key(principal, digest(key))
    return key, principal


def authenticate(system: System, key: str | None) -> Principal:
    """Raises Unauthenticated. The key has 256 random bits, so a plain SHA-256 cannot be guessed back."""
    principal = system.authenticate(digest(key)) if key else None
    if principal is None:
        raise Unauthenticated
    return principal


def digest(key: str) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()
