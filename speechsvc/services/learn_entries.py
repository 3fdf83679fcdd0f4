"""Learned entries of a draft: trained from labelled calls and the marks of QA, and switched by their thresholds.

Nothing is published here: preview shows the sentences that they would find, publishing is as for any entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.learned_report import learned_report, with_thresholds
from speechsvc.domain.ruleset import Content, Draft, RulesetKind
from speechsvc.errors import InvalidInput, SpeechsvcError
from speechsvc.services.core import Core
from speechsvc.services.edit_draft import DraftChanged, draft_or_start, save
from speechsvc.services.mark_mentions import export_marks


class NothingLearned(SpeechsvcError):
    """The draft has no learned entries."""

    code, status = "nothing_learned", 409
    zh = "草稿中没有学习词条。"
    advice, advice_zh = "Train them first.", "请先训练。"


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """The draft with its learned entries, and what they are worth."""

    draft: Draft
    trained: dict[str, Any]  # calls, turns, labels, options; precision and recall of negation
    topics: list[dict[str, Any]]  # as `learned_report`


def train_draft(
    core: Core,
    principal: Principal,
    calls: Sequence[Any],
    *,
    floor: float,
    thresholds: Mapping[str, int | None],
    seen: int | None,
) -> Learned:
    """`calls` as in the gold set; the tenant's own marks are added. Takes seconds to minutes, and holds no transaction
    meanwhile. Raises DraftChanged, SpeechsvcError (422) for calls that cannot be used, or too few of them.
    """
    draft = _draft(core, principal, seen)
    marked = list(export_marks(core, principal))
    learned = core.rulebook().train(_content(draft), [*calls, *marked], floor)
    return _stored(core, principal, draft, with_thresholds(learned, _checked(learned, thresholds)))


def set_thresholds(core: Core, principal: Principal, thresholds: Mapping[str, int | None], seen: int | None) -> Learned:
    """None switches a topic's model off. Raises NothingLearned, DraftChanged."""
    draft = _draft(core, principal, seen)
    learned = _content(draft).get("learned")
    if learned is None:
        raise NothingLearned
    return _stored(core, principal, draft, with_thresholds(learned, _checked(learned, thresholds)))


def _draft(core: Core, principal: Principal, seen: int | None) -> Draft:
    principal.require(Permission.RULES_WRITE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        draft = draft_or_start(core, uow, RulesetKind.LEXICON)
    if seen is not None and seen != draft.revision:
        raise DraftChanged
    return draft


def _content(draft: Draft) -> Content:
    assert draft.content is not None, "a draft that was read or started has content"
    return draft.content


def _checked(learned: Content, thresholds: Mapping[str, int | None]) -> Mapping[str, int | None]:
    unknown = sorted(thresholds.keys() - {topic["id"] for topic in learned["topics"]})
    if unknown:
        raise InvalidInput(field="thresholds", problem=f"'{unknown[0]}' is no topic with a model")
    return thresholds


def _stored(core: Core, principal: Principal, draft: Draft, learned: Content) -> Learned:
    read = core.rulebook().read(RulesetKind.LEXICON, _content(draft) | {"learned": learned})
    with core.db.tenant(principal.tenant_id) as uow:
        saved = save(core, uow, principal, replace(draft, content=read.content), draft.revision)
        uow.commit()
    return Learned(draft=saved, trained=learned.get("trained") or {}, topics=learned_report(learned))
