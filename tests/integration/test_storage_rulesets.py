"""Versions and drafts of lexicon and rubric on SQLite and PostgreSQL: numbers never come again, no draft is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from speechsvc.domain.ruleset import RulesetKind
from speechsvc.errors import InvalidInput, NotFound
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.system import SqlSystem
from tests.unit.storage.builders import make_base, make_draft, make_version

LEXICON, RUBRIC = RulesetKind.LEXICON, RulesetKind.RUBRIC


def test_versions_come_back_as_stored_and_the_newest_is_in_force(database: SqlDatabase, system: SqlSystem) -> None:
    stored = [make_version(n, base="d" * 64, restored_from=1 if n == 3 else None) for n in (1, 2, 3)]
    rubric = make_version(7, kind=RUBRIC)
    with database.tenant("t") as uow:
        assert uow.rulesets.current() == {}
        assert all(uow.rulesets.add(v, {"topics": [v.number]}) for v in stored)
        assert uow.rulesets.add(rubric, {"pass_line": 60})
        assert not uow.rulesets.add(replace(stored[0], note="again"), {"topics": []})
        uow.commit()
    with database.tenant("t", write=False) as uow:
        assert uow.rulesets.current() == {LEXICON: stored[2], RUBRIC: rubric}
        assert uow.rulesets.version(LEXICON, 1) == stored[0]
        assert uow.rulesets.content(LEXICON, 2) == {"topics": [2]}
        first = uow.rulesets.versions(LEXICON, limit=2)
        rest = uow.rulesets.versions(LEXICON, limit=2, cursor=first.cursor)
        assert (*first.items, *rest.items) == tuple(reversed(stored))
        assert rest.cursor is None
        for missing in ((LEXICON, 4), (RUBRIC, 1), (LEXICON, 1 << 40)):
            with pytest.raises((NotFound, InvalidInput)):
                uow.rulesets.version(*missing)


def test_only_who_has_seen_the_draft_changes_it(database: SqlDatabase, system: SqlSystem) -> None:
    with database.tenant("t") as uow:
        assert uow.rulesets.draft(LEXICON) is None
        assert uow.rulesets.save_draft(make_draft(conflicts=({"path": "x"},), base="d" * 64))
        assert not uow.rulesets.save_draft(make_draft(content={"topics": ["lost"]}))
        assert not uow.rulesets.save_draft(make_draft(revision=9))
        seen = uow.rulesets.draft(LEXICON)
        assert seen is not None
        assert (seen.revision, seen.content, seen.conflicts) == (1, {"topics": ["价格"]}, ({"path": "x"},))
        assert uow.rulesets.save_draft(replace(seen, content=None, conflicts=()))
        emptied = uow.rulesets.draft(LEXICON)
        assert emptied is not None
        assert (emptied.revision, emptied.content, emptied.base) == (2, None, "d" * 64)
        assert not uow.rulesets.save_draft(seen)
        uow.commit()


def test_of_many_writers_at_once_one_wins(database: SqlDatabase, system: SqlSystem) -> None:
    start = Barrier(6)

    def write(n: int) -> tuple[bool, bool]:
        start.wait()
        with database.tenant("t") as uow:
            drafted = uow.rulesets.save_draft(make_draft(content={"topics": [n]}))
            added = uow.rulesets.add(make_version(1), {"topics": [n]})
            uow.commit()
        return drafted, added

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(write, range(6)))
    assert sorted(outcomes) == [(False, False)] * 5 + [(True, True)]


def test_bases_stay_as_they_were(database: SqlDatabase, system: SqlSystem) -> None:
    base = make_base()
    with database.tenant("t") as uow:
        uow.rulesets.add_base(base)
        uow.rulesets.add_base(replace(base, content={"topics": ["other"]}))
        assert uow.rulesets.base(LEXICON, base.digest) == base.content
        assert uow.rulesets.base(RUBRIC, base.digest) is None
