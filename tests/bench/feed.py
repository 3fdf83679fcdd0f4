"""The change feed beside bare SQL: events appended one commit each, and read back in pages of 100.

Bare SQL inserts a row with a counter; ours also keeps the feed free of gaps per tenant and looks for webhooks."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from speechsvc.domain.access import Principal, Role
from speechsvc.domain.ids import new_id
from speechsvc.services.publish_event import publish_event
from speechsvc.services.read_feed import read_changes
from tests.bench.databases import Pair, pairs
from tests.bench.result import Result, in_turns, versus

PAGE = 100
DATA: dict[str, Any] = {  # the size of a call.analysed event
    "call_id": "call_01JD0000000000000000000000", "external_id": "pbx-20261116-0001", "source": "call",
    "started_at": "2026-11-16T10:12:00+08:00", "salesperson_id": "S001", "customer_id": "C101",
    "score": {"total": 72, "counts_toward_performance": True}, "contact": "effective",
    "topics": ["budget_approval", "pricing_discount", "go_live_timeline"],
    "versions": {"lexicon": "default-1+3f2a9c01", "rubric": "default-1+00000000", "engine": "1"},
}  # fmt: skip


def run(quick: bool) -> list[Result]:
    """Events a second."""
    events, repetitions = (100, 3) if quick else (400, 5)
    with pairs() as databases:
        return [result for pair in databases for result in _both(pair, events, repetitions)]


def _both(pair: Pair, events: int, repetitions: int) -> list[Result]:
    number = "BIGSERIAL" if pair.kind == "PostgreSQL" else "INTEGER"
    pair.bare.execute(f"CREATE TABLE event (seq {number} PRIMARY KEY, id TEXT, type TEXT, subject TEXT, data TEXT)")
    append = {"ours": partial(_append, pair, events), pair.peer: partial(_append_bare, pair, events)}
    appended = in_turns(repetitions, append)
    stored = events * (repetitions + 1)  # one warm-up
    read = in_turns(repetitions, {"ours": partial(_read, pair), pair.peer: partial(_read_bare, pair)})
    return [
        *versus("feed", f"append, {pair.kind}", "events/s", appended, {"events a repetition": events}),
        *versus("feed", f"read, {pair.kind}", "events/s", read, {"events a repetition": stored, "page": PAGE}),
    ]


def _append(pair: Pair, events: int) -> float:
    for _ in range(events):
        with pair.application.core.db.tenant("default") as uow:
            publish_event(uow, "call.analysed", DATA["call_id"], DATA)
            uow.commit()
    return events


def _append_bare(pair: Pair, events: int) -> float:
    marks = ", ".join([pair.mark] * 4)
    for _ in range(events):
        row = (new_id("evt"), "call.analysed", DATA["call_id"], json.dumps(DATA))
        pair.bare.execute(f"INSERT INTO event (id, type, subject, data) VALUES ({marks})", row)
    return events


def _read(pair: Pair) -> float:
    reader = Principal(tenant_id="default", key_id="bench", role=Role.CRM)
    cursor, seen, more = "", 0, True
    while more:
        page = read_changes(pair.application.core, reader, cursor, PAGE)
        cursor, more, seen = page.cursor, page.more, seen + len(page.events)
    return seen


def _read_bare(pair: Pair) -> float:
    query = f"SELECT seq, id, type, subject, data FROM event WHERE seq > {pair.mark} ORDER BY seq LIMIT {PAGE}"
    last, seen = 0, 0
    while rows := pair.bare.execute(query, (last,)).fetchall():
        events = [(*row[:4], json.loads(row[4])) for row in rows]
        last, seen = events[-1][0], seen + len(events)
    return seen
