"""Lexicon and rubric as files: YAML, JSON, Excel or CSV out, and back in as the draft."""

from __future__ import annotations

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.ruleset import Draft, FileFormat, RulesetKind
from speechsvc.services.core import Core
from speechsvc.services.edit_draft import draft_or_start, replace_draft
from speechsvc.services.read_rules import content_at

_TABLE_MEMBERS = ("name", "version", "topics")  # what tables hold of a lexicon


def export_rules(core: Core, principal: Principal, kind: RulesetKind, reference: str, format: FileFormat) -> bytes:
    """A number, "published" or "draft". Raises NotFound, and FormatUnusable for a rubric as a table."""
    principal.require(Permission.RULES_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        content = content_at(core, uow, kind, reference)
    return core.rulebook().write(kind, content, format)


def import_rules(
    core: Core, principal: Principal, kind: RulesetKind, data: bytes, format: FileFormat, seen: int | None
) -> Draft:
    """Replaces the draft. Members that a table cannot hold stay as they are in the draft.

    Raises DraftChanged, and SpeechsvcError (422) that names the cells or lines that cannot be used.
    """
    principal.require(Permission.RULES_WRITE)
    content = core.rulebook().parse(kind, data, format)
    if format.is_table:
        with core.db.tenant(principal.tenant_id, write=False) as uow:
            now = draft_or_start(core, uow, kind).content or {}
        content = {k: v for k, v in now.items() if k not in _TABLE_MEMBERS} | content
    return replace_draft(core, principal, kind, content, seen)
