"""Makes a new version of the lexicon or rubric: from the draft, or from an earlier version. Versions never change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.ruleset import Content, Draft, Ruleset, RulesetKind, RulesetVersion
from speechsvc.domain.ruleset_diff import compare, tally
from speechsvc.errors import SpeechsvcError
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.edit_draft import DraftChanged, save
from speechsvc.services.publish_event import publish_event
from speechsvc.services.read_rules import as_number, content_of, in_force, version_of


class NothingToPublish(SpeechsvcError):
    """There is no draft that differs from what is published."""

    code, status = "nothing_to_publish", 409
    zh = "没有与已发布内容不同的草稿。"
    advice, advice_zh = "Change the draft first.", "请先修改草稿。"


class DraftOutdated(SpeechsvcError):
    """The draft was to replace version {based_on}, but version {current} is in force."""

    code, status = "draft_outdated", 409
    zh = "草稿原本要取代版本 {based_on}，但现行版本已是 {current}。"
    advice = (
        "Compare version {based_on} with {current}, bring what you want to keep into the draft, then publish it "
        "with 'replaces': {current}."
    )
    advice_zh = "请比较版本 {based_on} 与 {current}，把要保留的改动并入草稿，再带上 'replaces': {current} 发布。"


class ConflictsOpen(SpeechsvcError):
    """The draft has {number} conflicts from a merge that nobody has decided."""

    code, status = "conflicts_open", 409
    zh = "草稿还有 {number} 处合并冲突尚未决定。"
    advice = "Decide each: keep the draft's wording or take the default's."
    advice_zh = "请逐处决定：保留草稿，或采用默认内容。"


class CheckFailed(SpeechsvcError):
    """The check found {number} problems; nothing was published."""

    code, status = "check_failed", 422
    zh = "检查发现 {number} 个问题，未发布。"
    advice = "Correct the entries named in 'errors', then publish again."
    advice_zh = "请按 errors 中的提示更正后再发布。"


def publish_draft(
    core: Core,
    principal: Principal,
    kind: RulesetKind,
    *,
    author: str = "",
    note: str = "",
    seen: int | None = None,
    replaces: int | None = None,
) -> RulesetVersion:
    """`replaces`: the version that the publisher knows to be in force; none: the one that the draft began from.

    Raises NothingToPublish, ConflictsOpen, DraftOutdated, DraftChanged, CheckFailed. Takes a second or two.
    """
    principal.require(Permission.RULES_WRITE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        draft, before, old = _ready(core, uow, kind, seen, replaces)
    assert draft.content is not None
    problems = core.rulebook().check(kind, draft.content)
    if problems:
        raise CheckFailed(number=len(problems), problems=list(problems))
    read = core.rulebook().read(kind, draft.content, before.number + 1)
    version = _version(core, principal, read, before, author=author, note=note, base=draft.base)
    with core.db.tenant(principal.tenant_id) as uow:
        _still(core, uow, kind, before)
        emptied = replace(draft, content=None, conflicts=(), based_on=version.number)
        save(core, uow, principal, emptied, draft.revision)
        _publish(core, uow, principal, version, read.content, old)
        uow.commit()
    core.wake()
    return version


def restore_version(
    core: Core, principal: Principal, kind: RulesetKind, number: str, *, author: str = "", note: str = ""
) -> RulesetVersion:
    """A new version with the old content. Nothing is checked but its form: the way back must always be open.

    Raises NotFound, DraftOutdated when somebody published at the same moment. A draft stays as it is.
    """
    principal.require(Permission.RULES_WRITE)
    with core.db.tenant(principal.tenant_id) as uow:
        wanted = version_of(core, uow, kind, as_number(number))
        content = content_of(core, uow, kind, wanted.number)
        before = in_force(core, uow, kind)
        old = content_of(core, uow, kind, before.number)
        read = core.rulebook().read(kind, content, before.number + 1)
        version = _version(core, principal, read, before, author=author, note=note, base=wanted.base)
        version = replace(version, restored_from=wanted.number)
        _publish(core, uow, principal, version, read.content, old)
        uow.commit()
    core.wake()
    return version


def _ready(
    core: Core, uow: UnitOfWork, kind: RulesetKind, seen: int | None, replaces: int | None
) -> tuple[Draft, RulesetVersion, Content]:
    """Draft, version in force and its content."""
    draft = uow.rulesets.draft(kind)
    if draft is None or draft.content is None:
        raise NothingToPublish
    if seen is not None and seen != draft.revision:
        raise DraftChanged
    if draft.conflicts:
        raise ConflictsOpen(number=len(draft.conflicts))
    before = in_force(core, uow, kind)
    expected = draft.based_on if replaces is None else replaces
    if expected != before.number:
        raise DraftOutdated(based_on=expected, current=before.number)
    old = content_of(core, uow, kind, before.number)
    if _same(old, draft.content):
        raise NothingToPublish
    return draft, before, old


def _same(one: Content, other: Content) -> bool:
    """Name and version apart."""
    return {**one, "name": "", "version": 0} == {**other, "name": "", "version": 0}


def _still(core: Core, uow: UnitOfWork, kind: RulesetKind, before: RulesetVersion) -> None:
    now = in_force(core, uow, kind)
    if now.number != before.number:
        raise DraftOutdated(based_on=before.number, current=now.number)


def _version(
    core: Core,
    principal: Principal,
    read: Ruleset,
    before: RulesetVersion,
    *,
    author: str,
    note: str,
    base: str | None,
) -> RulesetVersion:
    return RulesetVersion(
        kind=read.kind,
        number=before.number + 1,
        label=read.label,
        digest=read.digest,
        author=author or principal.name or principal.key_id,
        note=note,
        published_at=core.clock.now(),
        base=base,
    )


def _publish(
    core: Core, uow: UnitOfWork, principal: Principal, version: RulesetVersion, content: Content, old: Content
) -> None:
    default = core.rulebook().default(version.kind)
    if version.base == default.digest:
        uow.rulesets.add_base(default)
    if not uow.rulesets.add(version, content):
        raise DraftOutdated(based_on=version.number - 1, current=version.number)
    facts = _facts(version)
    action = "published" if version.restored_from is None else "restored"
    uow.audit.add(actor=principal.key_id, action=f"{version.kind}.{action}", subject=version.label, details=facts)
    changes = tally(compare(version.kind, old, content))
    publish_event(uow, f"{version.kind}.published", version.label, facts | {"changes": changes})


def _facts(version: RulesetVersion) -> dict[str, Any]:
    """What a CRM and the audit log are told; the note stays with the version."""
    return {
        "number": version.number,
        "label": version.label,
        "digest": version.digest,
        "author": version.author,
        "restored_from": version.restored_from,
    }
