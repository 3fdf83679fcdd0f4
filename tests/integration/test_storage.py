"""Schema and calls on SQLite and on a real PostgreSQL: the same promises on both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from speechsvc.domain.access import Scope
from speechsvc.domain.call import Call, CallStatus, Recording, Source
from speechsvc.domain.job import JobKind
from speechsvc.errors import NotFound
from speechsvc.ports import CallFilter
from speechsvc.storage import tables
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.engine import transaction
from speechsvc.storage.migrate import SchemaTooNew
from speechsvc.storage.system import SqlSystem
from tests.unit.storage.builders import (
    START,
    add,
    make_call,
    make_metadata,
    store_three,
)


@pytest.fixture
def three_calls(database: SqlDatabase, system: SqlSystem) -> list[Call]:
    return store_three(database)


def test_migrations_make_exactly_the_tables_that_the_code_uses(database: SqlDatabase) -> None:
    with transaction(database.engine, write=False) as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    databases = [SqlDatabase(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda d: SqlSystem(d).migrate(), databases))
    SqlSystem(databases[0]).check()
    for database in databases:
        database.dispose()


def test_a_newer_schema_is_refused_and_left_alone(database: SqlDatabase) -> None:
    with transaction(database.engine, write=True) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match="9999"):
        SqlSystem(database).migrate()


def test_tenant_id_leads_every_primary_key(database: SqlDatabase) -> None:
    found = inspect(database.engine)
    keys = {t: found.get_pk_constraint(t)["constrained_columns"] for t in found.get_table_names()}
    exempt = {"tenants", "secrets", "jobs", "alembic_version"}  # jobs: see tables.py
    exempt |= {"recognition_pace"}  # of machines
    assert {t for t, key in keys.items() if key[:1] != ["tenant_id"]} == exempt


def test_a_call_comes_back_as_it_was_stored(database: SqlDatabase, system: SqlSystem) -> None:
    shanghai = timezone(timedelta(hours=8))
    metadata = make_metadata(started_at=datetime(2026, 11, 23, 17, 30, 0, 123456, tzinfo=shanghai))
    call = add(database, make_call(metadata=metadata, warnings=("channel_silent",), topics=("a", "b")))
    with database.tenant("t", write=False) as uow:
        stored = uow.calls.get(call.id)
        assert stored == call == uow.calls.find("pbx-1")
        assert stored.metadata.started_at.tzinfo is UTC
        assert uow.calls.find("pbx-2") is None


def test_a_bare_call_needs_no_parties(database: SqlDatabase, system: SqlSystem) -> None:
    metadata = make_metadata(salesperson=None, customer=None, opportunity=None, caller=None, channels=None)
    call = add(database, make_call(metadata=metadata, recording=None, source=Source.MINUTES))
    with database.tenant("t", write=False) as uow:
        assert uow.calls.get(call.id) == call


def test_times_without_zone_are_refused(database: SqlDatabase, system: SqlSystem) -> None:
    call = make_call(received_at=datetime(2026, 1, 1))
    with database.tenant("t") as uow, pytest.raises(Exception, match="time zone"):
        uow.calls.add(call, local_week="2026-W48")


def test_an_external_id_is_taken_once_even_by_fifty_at_once(database: SqlDatabase, system: SqlSystem) -> None:
    def upload(_: int) -> bool:
        with database.tenant("t") as uow:
            new = uow.calls.add(make_call(), local_week="2026-W48")
            uow.commit()
            return new

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(upload, range(50))) == 1
    with database.tenant("other") as uow:
        assert uow.calls.add(make_call(), local_week="2026-W48")  # another tenant's ids are its own


def test_fields_are_set_by_name(database: SqlDatabase, system: SqlSystem) -> None:
    call = add(database, make_call())
    playback = Recording(blob="t/play", sha256="p", size=9, media_type="audio/wav")
    changed: dict[str, Any] = {
        "status": CallStatus.FAILED,
        "error_code": "decode_failed",
        "playback": playback,
        "topics": ("x",),
    }
    with database.tenant("t") as uow:
        uow.calls.update(call.id, **changed)
        uow.commit()
    with database.tenant("t") as uow:
        assert uow.calls.get(call.id) == replace(call, **changed)
        with pytest.raises(NotFound):
            uow.calls.update("call_none", progress=1.0)
        with pytest.raises(TypeError):
            uow.calls.update(call.id, tenant_id="other")
    assert system.knows_blob("t/play")
    assert system.knows_blob(call.recording.blob)  # type: ignore[union-attr]
    assert not system.knows_blob("t/none")


def test_pages_show_every_call_once_newest_first(database: SqlDatabase, system: SqlSystem) -> None:
    same_moment = [make_call(n, received_at=START) for n in range(5)]
    stored = [add(database, c) for c in (*same_moment, *(make_call(n) for n in range(5, 9)))]
    seen: list[Call] = []
    cursor = None
    with database.tenant("t", write=False) as uow:
        while True:
            page = uow.calls.list(CallFilter(), cursor=cursor, limit=2)
            seen += page.items
            cursor = page.cursor
            if cursor is None:
                break
    assert seen == sorted(stored, key=lambda c: (c.received_at, c.id), reverse=True)


FILTERS: list[tuple[dict[str, Any], set[int]]] = [
    ({}, {1, 2, 3}),
    ({"status": CallStatus.DONE}, {1, 2}),
    ({"contact": "effective"}, {1, 2, 3}),
    ({"topic": "budget_approval"}, {2}),
    ({"topic": "pricing_discount"}, {1, 2}),  # the third is only negated
    ({"external_id": "pbx-2"}, {2}),
    ({"customer_id": "c9"}, {2}),
    ({"salesperson_id": "s1"}, {1, 3}),
    ({"team": "华南"}, {2}),
    ({"source": Source.CALL}, {1, 2, 3}),
    ({"source": Source.CHAT}, set()),
    ({"since": START + timedelta(minutes=2)}, {2, 3}),
    ({"until": START + timedelta(minutes=2)}, {1}),
    ({"score_below": 60}, {3}),
    ({"score_from": 60}, {1, 2}),
    ({"scope": Scope(teams=("华东",))}, {1, 3}),
    ({"scope": Scope(teams=())}, set()),
    ({"scope": Scope(salesperson_id="s2")}, {2}),
    ({"scope": Scope(salesperson_id="")}, set()),
]


def test_filters(database: SqlDatabase, three_calls: list[Call]) -> None:
    with database.tenant("t", write=False) as uow:
        for fields, expected in FILTERS:
            found = {int(c.metadata.external_id[4:]) for c in uow.calls.list(CallFilter(**fields)).items}
            assert found == expected, fields


def test_a_call_outside_the_scope_is_not_found(database: SqlDatabase, three_calls: list[Call]) -> None:
    with database.tenant("t", write=False) as uow:
        assert uow.calls.get(three_calls[0].id, Scope(teams=("华东",)))
        with pytest.raises(NotFound):
            uow.calls.get(three_calls[0].id, Scope(teams=("华南",)))


def test_erasing_leaves_no_row_that_names_the_call(database: SqlDatabase, three_calls: list[Call]) -> None:
    gone, kept = three_calls[0].id, three_calls[1].id
    with database.tenant("t") as uow:
        for call_id in (gone, kept):
            uow.jobs.add(JobKind.ANALYSE, call_id)
            told = uow.events.append("call.analysed", call_id, {"call_id": call_id})
        uow.commit()
    with database.tenant("t") as uow:
        assert uow.calls.erase(gone).id == gone
        assert uow.events.erase_bodies(gone) == 1
        uow.commit()
    with transaction(database.engine, write=False) as connection:
        named = {
            t.name for t in tables.metadata.sorted_tables for row in connection.execute(select(t)) if gone in str(row)
        }
        assert named == {"events"}  # its place in the feed stays, empty
    with database.tenant("t", write=False) as uow:
        assert uow.analyses.get(kept) is not None
        assert [e.data for e in uow.events.after(0)] == [{}, {"call_id": kept}]
        assert uow.events.get(told.id) == told
        with pytest.raises(NotFound):
            uow.calls.get(gone)
