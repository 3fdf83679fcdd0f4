"""The draft of the next lexicon or rubric: one for all editors of a tenant, guarded by its revision."""

from __future__ import annotations

from dataclasses import replace

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.ruleset import Content, Draft, RulesetKind
from speechsvc.errors import SpeechsvcError
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.read_rules import content_of, in_force


class DraftChanged(SpeechsvcError):
    """Somebody changed the draft meanwhile; nothing was stored."""

    code, status = "draft_changed", 412
    zh = "草稿已被他人修改，本次未保存任何内容。"
    advice = "Read the draft again, put your changes into it, and send it with its new revision."
    advice_zh = "请重新读取草稿，把改动合并进去，再用新的修订号提交。"


def read_draft(core: Core, principal: Principal, kind: RulesetKind) -> Draft:
    """Where nobody began one: the content in force, as a draft would begin from it. `updated_at` is then none."""
    principal.require(Permission.RULES_READ)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return draft_or_start(core, uow, kind)


def replace_draft(core: Core, principal: Principal, kind: RulesetKind, content: Content, seen: int | None) -> Draft:
    """`seen`: the revision that the writer has read; none overwrites whatever is there.

    Raises DraftChanged, and SpeechsvcError (422) with every problem of form; what the examples show comes later, when
    the draft is checked.
    """
    principal.require(Permission.RULES_WRITE)
    read = core.rulebook().read(kind, content)
    with core.db.tenant(principal.tenant_id) as uow:
        draft = draft_or_start(core, uow, kind)
        saved = save(core, uow, principal, replace(draft, content=read.content), seen)
        uow.commit()
    return saved


def drop_draft(core: Core, principal: Principal, kind: RulesetKind, seen: int | None) -> None:
    """No error where there is none. Raises DraftChanged."""
    principal.require(Permission.RULES_WRITE)
    with core.db.tenant(principal.tenant_id) as uow:
        draft = uow.rulesets.draft(kind)
        if draft is not None and draft.content is not None:
            save(core, uow, principal, replace(draft, content=None, conflicts=()), seen)
            uow.commit()


def draft_or_start(core: Core, uow: UnitOfWork, kind: RulesetKind) -> Draft:
    """The stored draft, or one that would begin now."""
    draft = uow.rulesets.draft(kind)
    if draft is not None and draft.content is not None:
        return draft
    version = in_force(core, uow, kind)
    return Draft(
        kind=kind,
        revision=draft.revision if draft else 0,
        based_on=version.number,
        content=content_of(core, uow, kind, version.number),
        base=version.base,
    )


def save(core: Core, uow: UnitOfWork, principal: Principal, draft: Draft, seen: int | None) -> Draft:
    """Raises DraftChanged."""
    if seen is not None and seen != draft.revision:
        raise DraftChanged
    default = core.rulebook().default(draft.kind)
    if draft.base == default.digest:
        uow.rulesets.add_base(default)  # a later release brings another one, and a merge needs this one
    if not uow.rulesets.save_draft(replace(draft, updated_by=principal.key_id)):
        raise DraftChanged
    stored = uow.rulesets.draft(draft.kind)
    assert stored is not None, "just stored in this transaction"
    return stored
