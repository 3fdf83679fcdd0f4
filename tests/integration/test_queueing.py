"""Wake-ups over the embedded broker, Redis and RabbitMQ, with real Celery worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from speechsvc.config import Settings, child_environment
from speechsvc.domain.job import JobKind
from speechsvc.ports import Tenant
from speechsvc.queueing.announcer import MOST_WAITING, BrokerUnavailable, CeleryAnnouncer
from speechsvc.queueing.celery_app import QUEUES, RUN_NEXT, make_celery
from speechsvc.queueing.dispatcher import Dispatcher
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.system import SqlSystem

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shared(settings: Settings, broker_url: str) -> Settings:
    """Settings of one small installation: its own SQLite file, the broker under test."""
    return settings.model_copy(update={"broker_url": broker_url, "lease_s": 3.0})


@pytest.fixture
def installed(shared: Settings) -> Iterator[SqlDatabase]:
    database = SqlDatabase(shared.effective_database_url)
    system = SqlSystem(database)
    system.migrate()
    system.add_tenant(Tenant(id="t", name="T", timezone="Asia/Shanghai"))
    yield database
    database.dispose()


def add_jobs(database: SqlDatabase, *subjects: str, seconds: float = 0, kind: JobKind = JobKind.ANALYSE) -> None:
    with database.tenant("t") as uow:
        for subject in subjects:
            uow.jobs.add(kind, subject, payload={"seconds": seconds})
        uow.commit()


def history(database: SqlDatabase) -> list[tuple[str, str, str]]:
    """(subject, action, attempt) in order."""
    with database.tenant("t", write=False) as uow:
        return [(e.subject, e.action, e.actor) for e in reversed(uow.audit.list(limit=500).items)]


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


@contextmanager
def dispatching(settings: Settings, database: SqlDatabase, quiet_s: float = 2.0) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(SqlSystem(database), CeleryAnnouncer(settings), quiet_s=quiet_s, idle_s=0.2)
    dispatcher.start()
    yield dispatcher
    dispatcher.stop()


@contextmanager
def worker(settings: Settings, queues: str = "text", **changes: str) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker process; whatever it started is gone at the end."""
    argv = [sys.executable, "-m", "celery", "-A", "tests.integration.worker_app", "worker", "-Q", queues]
    environment = child_environment(settings, {"OMP_NUM_THREADS": "1", **changes})
    process = subprocess.Popen([*argv, "-c", "1", "-l", "WARNING"], cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        family = [process.pid, *(c.pid for c in children(process.pid))]
        for pid in family:
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def children(pid: int) -> Sequence[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return ()


# --- renewal ----------------------------------------------------------------------------------------------------------


def test_a_worker_process_that_has_grown_is_renewed_and_no_job_is_lost(
    shared: Settings, installed: SqlDatabase
) -> None:
    """Each job leaves 400 MB behind; the limit is 300 MB, so each runs in a process of its own, once."""
    subjects = ["a", "b", "c", "d"]
    with installed.tenant("t") as uow:
        for subject in subjects:
            uow.jobs.add(JobKind.ANALYSE, subject, payload={"megabytes": 400})
        uow.commit()
    with worker(shared, SPEECHSVC_WORKER_MEMORY_MB="300"), dispatching(shared, installed):
        until(lambda: sum(action == "finished" for _, action, _ in history(installed)) == 4, 150, "all jobs finished")
    done = history(installed)
    assert sorted(subject for subject, action, _ in done if action == "finished") == subjects
    processes = [action for _, action, _ in done if action.startswith("started")]
    assert len(processes) == len(set(processes)) == 4


# --- announcer --------------------------------------------------------------------------------------------------------


def test_wake_ups_arrive_in_their_queues_and_never_pile_up(shared: Settings) -> None:
    announcer = CeleryAnnouncer(shared)
    announcer.check()
    announcer.announce(["asr", "crm", "asr"])
    announcer.announce(["asr"] * (MOST_WAITING + 10))
    announcer.close()
    waiting = {q: drained(shared, q) for q in QUEUES}
    assert waiting == {"asr": MOST_WAITING, "text": 0, "crm": 1}


def drained(settings: Settings, name: str) -> int:
    """Takes every message of a queue as a worker would, checks it, and counts."""
    app = make_celery(settings)
    count = 0
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(app.amqp.queues[name])
        while True:
            try:
                message = queue.get(timeout=0.5)
            except queue.Empty:
                queue.close()
                return count
            assert message.headers["task"] == RUN_NEXT
            assert message.payload[1] == {"queue": name}
            message.ack()
            count += 1


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1//"])
def test_a_broker_that_is_down_is_said_quickly(settings: Settings, url: str) -> None:
    announcer = CeleryAnnouncer(settings.model_copy(update={"broker_url": url}))
    started = time.monotonic()
    for attempt in (announcer.check, lambda: announcer.announce(["asr"])):
        with pytest.raises(BrokerUnavailable) as caught:
            attempt()
        assert caught.value.permanent is False
    assert time.monotonic() - started < 15


# --- dispatcher -------------------------------------------------------------------------------------------------------


class Flaky:
    """An announcer that is down until told otherwise."""

    def __init__(self) -> None:
        self.down = True
        self.heard: list[str] = []
        self.refused = 0

    def announce(self, queues: Sequence[str]) -> None:
        if self.down:
            self.refused += 1
            raise BrokerUnavailable(problem="test")
        self.heard += queues

    def check(self) -> None: ...


@pytest.mark.parametrize("broker_url", ["embedded"], indirect=True)
def test_what_could_not_be_sent_is_sent_when_the_broker_returns(installed: SqlDatabase) -> None:
    announcer = Flaky()
    dispatcher = Dispatcher(SqlSystem(installed), announcer, quiet_s=600, idle_s=0.05)
    dispatcher.start()
    add_jobs(installed, "a", "b")
    dispatcher.wake()
    until(lambda: announcer.refused >= 2, 10, "tries")
    announcer.down = False
    until(lambda: announcer.heard, 10, "the wake-ups that were claimed while the broker was down")
    dispatcher.stop()
    assert announcer.heard == ["text", "text"]


@pytest.mark.parametrize("broker_url", ["embedded"], indirect=True)
def test_two_dispatchers_share_the_announcements(installed: SqlDatabase) -> None:
    announcers = [Flaky(), Flaky()]
    dispatchers = [Dispatcher(SqlSystem(installed), a, quiet_s=600, idle_s=0.02) for a in announcers]
    for announcer, dispatcher in zip(announcers, dispatchers, strict=True):
        announcer.down = False
        dispatcher.start()
    for n in range(30):
        add_jobs(installed, f"call_{n}")
    until(lambda: sum(len(a.heard) for a in announcers) >= 30, 10, "30 wake-ups")
    time.sleep(0.3)
    for dispatcher in dispatchers:
        dispatcher.stop()
    assert sum(len(a.heard) for a in announcers) == 30


# --- workers ----------------------------------------------------------------------------------------------------------


@pytest.mark.serial
def test_jobs_run_once_each_in_order(shared: Settings, installed: SqlDatabase) -> None:
    add_jobs(installed, *(f"call_{n:02}" for n in range(25)))  # more than one message's worth
    with dispatching(shared, installed), worker(shared):
        until(lambda: len(history(installed)) == 50, 60, "25 jobs")
    started = [s for s, action, _ in history(installed) if action == "started"]
    assert started == sorted(started)
    assert len(set(started)) == 25


@pytest.mark.serial
def test_sigterm_gives_the_running_job_back_and_ends_soon(shared: Settings, installed: SqlDatabase) -> None:
    add_jobs(installed, "long", seconds=600)
    with dispatching(shared, installed), worker(shared) as process:
        until(lambda: history(installed), 60, "the job's start")
        stopping = time.monotonic()
        process.terminate()
        process.wait(timeout=15)
        took = time.monotonic() - stopping
        again = SqlSystem(installed).lease([JobKind.ANALYSE], 30)
    assert again is not None, "the job was not released"
    assert (again.attempt, again.token) == (1, 2)
    assert took < 10


@pytest.mark.serial
def test_a_killed_pool_child_costs_one_attempt_and_the_queue_moves_on(shared: Settings, installed: SqlDatabase) -> None:
    add_jobs(installed, "cut", seconds=600)
    with dispatching(shared, installed), worker(shared) as process:
        until(lambda: history(installed), 60, "the job's start")
        with installed.tenant("t") as uow:
            uow.jobs.add(JobKind.ANALYSE, "next")
            uow.commit()
        pool = [c for c in children(process.pid) if "spawn_main" in " ".join(c.cmdline())]
        assert len(pool) == 1
        pool[0].kill()
        until(lambda: ("cut", "started", "attempt 2") in history(installed), 30, "the second attempt")


@pytest.mark.serial
@pytest.mark.parametrize("broker_url", ["embedded"], indirect=True)
def test_workers_and_their_children_end_with_their_supervisor(shared: Settings, installed: SqlDatabase) -> None:
    add_jobs(installed, "long", seconds=600)
    supervisor = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with dispatching(shared, installed), worker(shared, SPEECHSVC_SUPERVISOR_PID=str(supervisor.pid)) as process:
        until(lambda: history(installed), 60, "the job's start")
        family = [psutil.Process(process.pid), *children(process.pid)]
        assert len(family) > 1
        supervisor.kill()
        supervisor.wait()
        process.wait(timeout=20)
        until(lambda: not any(p.is_running() for p in family), 5, "the end of the pool's children")


@pytest.mark.serial
@pytest.mark.parametrize("broker_url", ["embedded"], indirect=True)
def test_pool_children_end_when_their_worker_is_killed(shared: Settings, installed: SqlDatabase) -> None:
    add_jobs(installed, "long", seconds=600)
    with dispatching(shared, installed), worker(shared) as process:
        until(lambda: history(installed), 60, "the job's start")
        family = children(process.pid)
        assert family
        process.kill()
        until(lambda: not any(p.is_running() for p in family), 15, "the end of the pool's children")
        again = SqlSystem(installed).lease([JobKind.ANALYSE], 30)
    assert again is not None, (history(installed), SqlSystem(installed).queues())
    assert again.attempt == 1  # released on the way out
