"""Leases, announcements and many writers at once, on SQLite and PostgreSQL."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from speechsvc.domain.job import JobKind
from speechsvc.ports import CallFilter, StaleLease
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.engine import transaction
from speechsvc.storage.system import SqlSystem
from tests.unit.storage.builders import (
    ALL_KINDS,
    add,
    add_job,
    make_call,
    take,
)


def test_jobs_are_taken_in_order_and_by_kind(database: SqlDatabase, system: SqlSystem) -> None:
    add_job(database, "a")
    add_job(database, "b", JobKind.ANALYSE, payload={"x": [1]})
    add_job(database, "c")
    add_job(database, "later", delay_s=60)
    analyse = system.lease([JobKind.ANALYSE], 30)
    assert analyse is not None
    assert (analyse.subject, analyse.payload, analyse.attempt, analyse.token) == ("b", {"x": [1]}, 1, 1)
    assert [take(system).subject for _ in range(2)] == ["a", "c"]
    assert system.lease(ALL_KINDS, 30) is None


def test_a_job_whose_worker_went_silent_goes_to_another_and_the_first_is_fenced_off(
    database: SqlDatabase, system: SqlSystem
) -> None:
    add_job(database)
    first = take(system, lease_s=-1)
    second = take(system)
    assert (second.id, second.attempt, second.token) == (first.id, 2, 2)
    assert not system.renew(first, 30)
    system.release(first)
    leave: list[Callable[[Any], None]] = [
        lambda jobs: jobs.finish(first),
        lambda jobs: jobs.retry(first, delay_s=0, error_code="x", error="x"),
        lambda jobs: jobs.bury(first, error_code="x", error="x"),
    ]
    for attempt in leave:
        with database.tenant("t") as uow:
            uow.audit.add(actor="a", action="stale", subject="s")
            with pytest.raises(StaleLease):
                attempt(uow.jobs)
    with database.tenant("t") as uow:
        assert uow.audit.list().items == ()  # nothing of the stale worker's commit was kept
        uow.jobs.finish(second)
        uow.commit()
    assert system.lease(ALL_KINDS, 30) is None


def test_renewing_keeps_the_lease_and_shows_progress(database: SqlDatabase, system: SqlSystem) -> None:
    call = add(database, make_call())
    add_job(database, call.id)
    job = take(system, lease_s=-1)
    assert system.renew(job, 30, progress=0.4)
    assert system.lease(ALL_KINDS, 30) is None
    with database.tenant("t", write=False) as uow:
        assert uow.calls.get(call.id).progress == 0.4


def test_released_retried_and_buried_jobs(database: SqlDatabase, system: SqlSystem) -> None:
    add_job(database)
    system.release(take(system))
    again = take(system)
    assert (again.attempt, again.token) == (1, 2)  # the attempt does not count, the old token stays worthless
    with database.tenant("t") as uow:
        uow.jobs.retry(again, delay_s=0, error_code="busy", error="try later")
        uow.commit()
    third = take(system)
    assert (third.attempt, third.token) == (2, 3)
    with database.tenant("t") as uow:
        uow.jobs.bury(third, error_code="gone", error="gave up")
        uow.commit()
    asr = next(q for q in system.queues() if q.queue == "asr")
    assert (asr.ready, asr.leased, asr.dead) == (0, 0, 1)


def test_queue_states_and_position(database: SqlDatabase, system: SqlSystem) -> None:
    calls = [add(database, make_call(n)) for n in range(3)]
    for call in calls:
        add_job(database, call.id)
    add_job(database, "later", JobKind.DELIVER, delay_s=60)
    with database.tenant("t", write=False) as uow:
        assert [uow.calls.queue_position(c.id) for c in calls] == [0, 1, 2]
    take(system, lease_s=-5)
    with database.tenant("t", write=False) as uow:
        assert [uow.calls.queue_position(c.id) for c in calls] == [None, 0, 1]
    states = {q.queue: q for q in system.queues()}
    assert states.keys() == {"asr", "text", "crm"}
    assert (states["asr"].ready, states["asr"].leased) == (3, 0)  # the silent worker's job is due again
    assert 4.5 < states["asr"].oldest_ready_s < 60
    assert (states["crm"].ready, states["crm"].oldest_ready_s) == (0, 0.0)


def test_announcements_are_repeated_only_after_the_quiet_time(database: SqlDatabase, system: SqlSystem) -> None:
    add_job(database)
    add_job(database, "b", JobKind.ANALYSE)
    add_job(database, "later", JobKind.DELIVER, delay_s=60)
    assert system.claim_announcements(60, limit=1) == ["asr"]
    assert system.claim_announcements(-1) == ["text"]
    assert system.claim_announcements(60) == ["text"]  # its quiet time is over
    assert system.claim_announcements(60) == []
    job = system.lease([JobKind.TRANSCRIBE], 30)
    assert job is not None
    system.release(job)
    assert system.claim_announcements(60) == ["asr"]  # a job given back is told at once


def test_leases_follow_the_database_clock(database: SqlDatabase, system: SqlSystem, monkeypatch: Any) -> None:
    import time

    add_job(database)
    take(system, lease_s=30)
    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)
    assert system.lease(ALL_KINDS, 30) is None


def test_no_job_is_leased_or_announced_twice(database: SqlDatabase, system: SqlSystem) -> None:
    for n in range(40):
        add_job(database, f"call_{n}")
    leased: list[str] = []
    announced: list[str] = []

    def work(_: int) -> None:
        while job := system.lease(ALL_KINDS, 60):
            leased.append(job.subject)

    def announce(_: int) -> None:
        while names := system.claim_announcements(60, limit=3):
            announced.extend(names)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(announce, range(8)))
        list(pool.map(work, range(8)))
    assert sorted(leased) == sorted(f"call_{n}" for n in range(40))
    assert len(announced) == 40


def test_the_feed_has_no_gaps_under_eight_writers_that_sometimes_roll_back(
    database: SqlDatabase, system: SqlSystem
) -> None:
    stop = threading.Event()
    gaps: list[str] = []

    def write(seed: int) -> int:
        chance, kept = random.Random(seed), 0
        for n in range(25):
            with database.tenant("t") as uow:
                uow.events.append("call.analysed", f"call_{seed}_{n}", {"n": n})
                if chance.random() < 0.7:
                    uow.commit()
                    kept += 1
        return kept

    def read() -> None:
        last = 0
        while not stop.is_set():
            with database.tenant("t", write=False) as uow:
                for found in uow.events.after(last):
                    if found.seq != last + 1:
                        gaps.append(f"{last} then {found.seq}")
                    last = found.seq

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(8) as pool:
        kept = sum(pool.map(write, range(8)))
    stop.set()
    reader.join()
    assert gaps == []
    with database.tenant("t", write=False) as uow:
        assert [e.seq for e in uow.events.after(0, limit=1000)] == list(range(1, kept + 1))
        assert uow.events.last_seq() == kept
    assert 0 < kept < 200


def test_eight_writers_do_not_lock_each_other_out(database: SqlDatabase, system: SqlSystem) -> None:
    def write(writer: int) -> None:
        for n in range(15):
            call = make_call(writer * 100 + n)
            with database.tenant("t") as uow:
                assert uow.calls.find(call.metadata.external_id) is None  # reads first, then writes
                uow.calls.add(call, local_week="2026-W48")
                uow.jobs.add(JobKind.TRANSCRIBE, call.id)
                uow.commit()
            with database.tenant("t", write=False) as uow:
                uow.calls.list(CallFilter(), limit=5)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert next(q for q in system.queues() if q.queue == "asr").ready == 120


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_restarted_server_costs_nobody_an_error(database: SqlDatabase, system: SqlSystem) -> None:
    system.check()
    killer = SqlDatabase(database.url)
    with transaction(killer.engine, write=False) as connection:
        killed = connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'speechsvc'"
            )
        ).all()
    killer.dispose()
    assert killed  # the pool held at least one connection that is dead now
    assert system.tenant("t").name == "T"
