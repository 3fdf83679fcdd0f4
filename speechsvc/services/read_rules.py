"""The tenant's lexicon or rubric as it stands, and the versions before it."""

from __future__ import annotations

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.ruleset import Content, RulesetKind, RulesetVersion
from speechsvc.errors import NotFound
from speechsvc.ports import Page, UnitOfWork
from speechsvc.services.core import Core

PUBLISHED, DRAFT = "published", "draft"  # what a reference may say besides a number
_LARGEST = (1 << 31) - 1


def read_current(core: Core, principal: Principal, kind: RulesetKind) -> tuple[RulesetVersion, Content]:
    """What is in force. Number 0, without author or time, while the tenant has published nothing."""
    principal.require(Permission.RULES_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        version = in_force(core, uow, kind)
        return version, content_of(core, uow, kind, version.number)


def list_versions(
    core: Core, principal: Principal, kind: RulesetKind, *, cursor: str | None = None, limit: int = 50
) -> Page[RulesetVersion]:
    """Newest first, without content."""
    principal.require(Permission.RULES_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.rulesets.versions(kind, cursor=cursor, limit=limit)


def read_version(core: Core, principal: Principal, kind: RulesetKind, number: str) -> tuple[RulesetVersion, Content]:
    """One published version, or 0 for the service's default. Raises NotFound."""
    principal.require(Permission.RULES_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        version = version_of(core, uow, kind, as_number(number))
        return version, content_of(core, uow, kind, version.number)


def in_force(core: Core, uow: UnitOfWork, kind: RulesetKind) -> RulesetVersion:
    return uow.rulesets.current().get(kind) or _default(core, kind)


def version_of(core: Core, uow: UnitOfWork, kind: RulesetKind, number: int) -> RulesetVersion:
    """Raises NotFound."""
    return _default(core, kind) if number == 0 else uow.rulesets.version(kind, number)


def content_of(core: Core, uow: UnitOfWork, kind: RulesetKind, number: int) -> Content:
    """Raises NotFound."""
    return core.rulebook().default(kind).content if number == 0 else uow.rulesets.content(kind, number)


def content_at(core: Core, uow: UnitOfWork, kind: RulesetKind, reference: str) -> Content:
    """Of a number, "published" or "draft"; where there is no draft, it equals what is published. Raises NotFound."""
    if reference == DRAFT:
        draft = uow.rulesets.draft(kind)
        if draft is not None and draft.content is not None:
            return draft.content
    if reference in (DRAFT, PUBLISHED):
        return content_of(core, uow, kind, in_force(core, uow, kind).number)
    return content_of(core, uow, kind, as_number(reference))


def as_number(text: str) -> int:
    """Raises NotFound for what can be no version's number."""
    if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _LARGEST:
        return int(text)
    raise NotFound(what="version")


def _default(core: Core, kind: RulesetKind) -> RulesetVersion:
    default = core.rulebook().default(kind)
    return RulesetVersion(kind=kind, number=0, label=default.label, digest=default.digest, base=default.digest)
