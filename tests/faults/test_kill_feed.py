"""Eight writers and three readers of one feed, killed at random: every reader sees every event once, in order."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from speechsvc.domain.event import Event
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.system import SqlSystem

pytestmark = [pytest.mark.serial, pytest.mark.slow]

WRITERS, READERS, KILLS, EVENTS = 8, 3, 20, 250


class Fleet:
    """Processes that are started again where they are killed; writers note what they were told is stored."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.started = 0

    def start(self, name: str) -> None:
        self.started += 1
        role, number = name.split("-")
        target = number if role == "write" else str(self.folder / f"{name}.db")
        with (self.folder / f"{name}.{self.started}.out").open("wb") as out, (self.folder / "errors").open("ab") as err:
            command = [sys.executable, "-m", "tests.faults.feed_process", role, self.url, target]
            self.running[name] = subprocess.Popen(command, stdout=out, stderr=err)

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def errors(self) -> str:
        return (self.folder / "errors").read_text()

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 200
        while not condition():
            died = [name for name, process in self.running.items() if process.poll() is not None]
            assert not died, f"{died}: {self.errors()[-3000:]}"
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def acknowledged(self) -> set[str]:
        lines = (line for path in self.folder.glob("write-*.out") for line in path.read_text().split("\n")[:-1])
        return set(lines)


def test_every_reader_sees_every_event_once_in_order(
    database: SqlDatabase, system: SqlSystem, tmp_path: Path, database_url: str
) -> None:
    folder = tmp_path / "fleet"
    folder.mkdir()
    fleet, dice = Fleet(database_url, folder), random.Random(7)
    names = [*(f"write-{n}" for n in range(WRITERS)), *(f"read-{n}" for n in range(READERS))]
    try:
        for name in names:
            fleet.start(name)
        fleet.until(lambda: _last(database) > 20)
        for _ in range(KILLS):
            victim = dice.choice(names)
            time.sleep(dice.uniform(0.05, 1.0))
            fleet.kill(victim)
            fleet.start(victim)
        fleet.until(lambda: _last(database) > EVENTS)
        for name in names[:WRITERS]:
            fleet.kill(name)
        last = _last(database)
        fleet.until(lambda: all([s for s, _ in _seen(folder, n)][-1:] == [last] for n in range(READERS)))
    finally:
        for name in list(fleet.running):
            fleet.kill(name)
    assert "Traceback" not in fleet.errors(), fleet.errors()[-3000:]
    feed = _feed(database)
    assert [e.seq for e in feed] == list(range(1, last + 1))
    assert fleet.acknowledged() <= {e.id for e in feed}
    for n in range(READERS):
        assert _seen(folder, n) == [(e.seq, e.id) for e in feed]
    _each_writer_in_its_order(feed)
    print(f"{last} events, {KILLS} kills, {fleet.started} processes, {len(fleet.acknowledged())} acknowledged")


def _each_writer_in_its_order(feed: list[Event]) -> None:
    counts: dict[str, list[int]] = defaultdict(list)
    for event in feed:
        counts[f"{event.data['writer']} {event.data['followup_id']}"].append(event.data["count"])
    assert all(each == sorted(each) for each in counts.values())


def _feed(database: SqlDatabase) -> list[Event]:
    with database.tenant("t", write=False) as uow:
        return uow.events.after(0, limit=1_000_000)


def _last(database: SqlDatabase) -> int:
    with database.tenant("t", write=False) as uow:
        return uow.events.last_seq()


def _seen(folder: Path, number: int) -> list[tuple[int, str]]:
    path = folder / f"read-{number}.db"
    if not path.exists():
        return []
    store = sqlite3.connect(path, timeout=10)
    try:
        return store.execute("SELECT seq, id FROM seen ORDER BY place").fetchall()
    except sqlite3.OperationalError:  # its tables are being made
        return []
    finally:
        store.close()
