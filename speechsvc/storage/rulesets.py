"""Versions and drafts of lexicon and rubric, of one tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, func, select, update

from speechsvc.domain.ruleset import Content, Draft, Ruleset, RulesetKind, RulesetVersion
from speechsvc.errors import NotFound
from speechsvc.ports import Page
from speechsvc.storage import codec
from speechsvc.storage.base import Repository, decode_cursor, encode_cursor, insert_if_absent
from speechsvc.storage.tables import ruleset_bases, ruleset_drafts, rulesets

_INFO = [c for c in rulesets.c if c.name not in ("tenant_id", "body")]


class RulesetTable(Repository):
    """Implements `RulesetRepository`."""

    def current(self) -> dict[RulesetKind, RulesetVersion]:
        newest = (
            select(rulesets.c.kind, func.max(rulesets.c.number).label("number"))
            .where(self._mine(rulesets))
            .group_by(rulesets.c.kind)
            .subquery()
        )
        mine = and_(rulesets.c.kind == newest.c.kind, rulesets.c.number == newest.c.number)
        rows = self._connection.execute(select(*_INFO).join(newest, mine).where(self._mine(rulesets)))
        return {found.kind: found for found in map(_version, rows.mappings())}

    def versions(self, kind: RulesetKind, *, cursor: str | None = None, limit: int = 50) -> Page[RulesetVersion]:
        where = [self._mine(rulesets), rulesets.c.kind == kind.value]
        if cursor:
            where.append(rulesets.c.number < decode_cursor(cursor, int)[0])
        query = select(*_INFO).where(*where).order_by(rulesets.c.number.desc()).limit(limit + 1)
        found = [_version(row) for row in self._connection.execute(query).mappings()]
        page = tuple(found[:limit])
        return Page(items=page, cursor=encode_cursor(page[-1].number) if len(found) > limit else None)

    def version(self, kind: RulesetKind, number: int) -> RulesetVersion:
        return _version(self._row(kind, number, _INFO))

    def content(self, kind: RulesetKind, number: int) -> Content:
        return codec.unpack(self._row(kind, number, [rulesets.c.body])["body"])

    def _row(self, kind: RulesetKind, number: int, columns: Sequence[ColumnElement[Any]]) -> RowMapping:
        where = (self._mine(rulesets), rulesets.c.kind == kind.value, rulesets.c.number == number)
        row = self._connection.execute(select(*columns).where(*where)).mappings().first()
        if row is None:
            raise NotFound(what="version")
        return row

    def add(self, version: RulesetVersion, content: Content) -> bool:
        row = {
            "tenant_id": self._tenant_id,
            "kind": version.kind.value,
            "number": version.number,
            "label": version.label,
            "digest": version.digest,
            "author": version.author,
            "note": version.note,
            "published_at": version.published_at,
            "base": version.base,
            "restored_from": version.restored_from,
            "body": codec.pack(content),
        }
        return insert_if_absent(self._connection, rulesets, row, "tenant_id", "kind", "number")

    def draft(self, kind: RulesetKind) -> Draft | None:
        row = self._connection.execute(select(ruleset_drafts).where(self._draft(kind))).mappings().first()
        return None if row is None else _draft(row)

    def save_draft(self, draft: Draft) -> bool:
        row = {
            "revision": draft.revision + 1,
            "based_on": draft.based_on,
            "base": draft.base,
            "conflicts": [*draft.conflicts],
            "updated_by": draft.updated_by,
            "updated_at": self._now(),
            "body": None if draft.content is None else codec.pack(draft.content),
        }
        if draft.revision == 0:
            key = {"tenant_id": self._tenant_id, "kind": draft.kind.value}
            return insert_if_absent(self._connection, ruleset_drafts, key | row, "tenant_id", "kind")
        seen = ruleset_drafts.c.revision == draft.revision
        changed = self._connection.execute(update(ruleset_drafts).where(self._draft(draft.kind), seen).values(**row))
        return changed.rowcount == 1

    def _draft(self, kind: RulesetKind) -> ColumnElement[bool]:
        return and_(self._mine(ruleset_drafts), ruleset_drafts.c.kind == kind.value)

    def base(self, kind: RulesetKind, digest: str) -> Content | None:
        where = (self._mine(ruleset_bases), ruleset_bases.c.kind == kind.value, ruleset_bases.c.digest == digest)
        body = self._connection.execute(select(ruleset_bases.c.body).where(*where)).scalar()
        return None if body is None else codec.unpack(body)

    def add_base(self, base: Ruleset) -> None:
        row = {
            "tenant_id": self._tenant_id,
            "kind": base.kind.value,
            "digest": base.digest,
            "label": base.label,
            "body": codec.pack(base.content),
        }
        insert_if_absent(self._connection, ruleset_bases, row, "tenant_id", "kind", "digest")


def _version(row: RowMapping) -> RulesetVersion:
    return RulesetVersion(**{**row, "kind": RulesetKind(row["kind"])})


def _draft(row: RowMapping) -> Draft:
    return Draft(
        kind=RulesetKind(row["kind"]),
        revision=row["revision"],
        based_on=row["based_on"],
        content=None if row["body"] is None else codec.unpack(row["body"]),
        base=row["base"],
        conflicts=tuple(row["conflicts"]),
        updated_by=row["updated_by"],
        updated_at=row["updated_at"],
    )
