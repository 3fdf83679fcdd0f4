"""Brings what a newer default of the service changed into the tenant's draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.ruleset import Draft, RulesetKind
from speechsvc.domain.ruleset_diff import Change, compare
from speechsvc.domain.ruleset_merge import Choice, merge, resolve
from speechsvc.errors import InvalidInput, SpeechsvcError
from speechsvc.services.core import Core
from speechsvc.services.edit_draft import DraftChanged, draft_or_start, save


class NothingToMerge(SpeechsvcError):
    """The draft already holds the service's default {label}."""

    code, status = "nothing_to_merge", 409
    zh = "草稿已包含服务的默认内容 {label}。"
    advice = "There is nothing to do until a release brings a newer default."
    advice_zh = "新版本带来新的默认内容之前无需操作。"


class BaseUnknown(SpeechsvcError):
    """It is not known which default the draft came from."""

    code, status = "base_unknown", 409
    zh = "不知道草稿源自哪一版默认内容。"
    advice = "Compare the draft with the default (version 0) and copy what you want."
    advice_zh = "请把草稿与默认内容（版本 0）比较，手动采用需要的部分。"


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """The draft after it, and what the merge changed in it."""

    draft: Draft
    changes: tuple[Change, ...]


def merge_default(core: Core, principal: Principal, kind: RulesetKind, seen: int | None = None) -> Merge:
    """Three-way, from the default that the draft came from. Conflicts stay in the draft and stop publishing.

    Raises NothingToMerge, BaseUnknown, DraftChanged.
    """
    principal.require(Permission.RULES_WRITE)
    theirs = core.rulebook().default(kind)
    with core.db.tenant(principal.tenant_id) as uow:
        draft = draft_or_start(core, uow, kind)
        assert draft.content is not None
        if seen is not None and seen != draft.revision:
            raise DraftChanged
        if draft.base == theirs.digest:
            raise NothingToMerge(label=theirs.label)
        base = uow.rulesets.base(kind, draft.base or "")
        if base is None:
            raise BaseUnknown
        merged = merge(kind, base, draft.content, theirs.content)
        content = merged.content | {"name": draft.content["name"], "version": draft.content["version"]}
        open_before = {c["id"]: c for c in draft.conflicts}
        conflicts = open_before | {c["id"]: c for c in merged.conflicts}
        merged_draft = replace(draft, content=content, base=theirs.digest, conflicts=tuple(conflicts.values()))
        saved = save(core, uow, principal, merged_draft, seen)
        uow.commit()
    return Merge(draft=saved, changes=compare(kind, draft.content, content))


def resolve_conflicts(
    core: Core, principal: Principal, kind: RulesetKind, choices: Mapping[str, Choice], seen: int | None = None
) -> Draft:
    """By id of the conflict: "draft" keeps what the draft says now, "default" takes the default's.

    Raises InvalidInput for an unknown id, DraftChanged.
    """
    principal.require(Permission.RULES_WRITE)
    with core.db.tenant(principal.tenant_id) as uow:
        draft = draft_or_start(core, uow, kind)
        assert draft.content is not None
        unknown = sorted(set(choices) - {c["id"] for c in draft.conflicts})
        if unknown:
            raise InvalidInput(
                field="choices", problem=f"no open conflict {unknown[0]}", problem_zh=f"没有未决冲突 {unknown[0]}"
            )
        left = resolve(kind, draft.content, draft.conflicts, choices)
        content = left.content | {"name": draft.content["name"], "version": draft.content["version"]}
        saved = save(core, uow, principal, replace(draft, content=content, conflicts=left.conflicts), seen)
        uow.commit()
    return saved
