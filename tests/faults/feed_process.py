"""One writer or reader of the feed, as a process of its own that may be killed at any moment.

`python -m tests.faults.feed_process write DATABASE_URL NUMBER` publishes events until it is killed, and prints the id
of each once its commit has returned. `read DATABASE_URL FILE` reads the feed from where FILE's own database stood,
storing each page with its cursor in one transaction, as docs/crm.md tells a CRM to. A database that is busy too long
(eight writers on SQLite's one lock) is asked again, as workers and clients of the service do.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from speechsvc.domain.access import Principal, Role
from speechsvc.services.publish_event import publish_event
from speechsvc.services.read_feed import read_changes
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.engine import DatabaseUnavailable

FOLLOWUPS = 5


def write(url: str, number: str) -> None:
    database, dice, count = SqlDatabase(url), random.Random(), 0
    stamp = f"{number}-{time.time_ns()}"
    while True:
        count += 1
        data = {"writer": stamp, "count": count, "followup_id": f"F-{dice.randrange(FOLLOWUPS)}"}
        time.sleep(dice.random() / 50)
        with suppress(DatabaseUnavailable), database.tenant("t") as uow:
            event = publish_event(uow, "call.analysed", f"{stamp}:{count}", data)
            if dice.random() < 0.1:
                continue  # rolled back: its number must be given again
            uow.commit()
            print(event.id, flush=True)


def read(url: str, path: str) -> None:
    core: Any = SimpleNamespace(db=SqlDatabase(url))
    reader = Principal(tenant_id="t", key_id="k", role=Role.CRM)
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("CREATE TABLE IF NOT EXISTS seen (place INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER, id TEXT)")
    store.execute("CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY, cursor TEXT)")
    while True:
        row = store.execute("SELECT cursor FROM position").fetchone()
        try:
            page = read_changes(core, reader, row[0] if row else None, 20)
        except DatabaseUnavailable:
            continue
        store.execute("BEGIN IMMEDIATE")
        store.executemany("INSERT INTO seen (seq, id) VALUES (?, ?)", [(e.seq, e.id) for e in page.events])
        store.execute("INSERT OR REPLACE INTO position VALUES (1, ?)", (page.cursor,))
        store.execute("COMMIT")
        if not page.more:
            time.sleep(0.01)


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](*sys.argv[2:])
