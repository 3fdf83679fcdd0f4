"""Deliveries over days in seconds: real HTTP receivers, the real job table, and a clock that tests move.

The database's clock decides when a job is due, so moving time means moving the jobs' `not_before` by as much.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from speechsvc.config import Settings
from speechsvc.crm.sender import HttpxSender
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.event import lane_of
from speechsvc.domain.retry import SCHEDULE
from speechsvc.domain.webhook import Delivery, DeliveryState
from speechsvc.errors import Conflict, NotFound
from speechsvc.ports import Tenant
from speechsvc.services import manage_webhooks as hooks
from speechsvc.services.core import Core
from speechsvc.services.publish_event import publish_event
from speechsvc.services.run_next import run_next
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.engine import transaction
from tests.fakes.api_service import make_application

CRM = Principal(tenant_id="t", key_id="k", role=Role.CRM)
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)  # a Friday evening
FIVE_DAYS = timedelta(hours=120)


@dataclass
class Time:
    """The clock of service and storage, and the jobs that follow it."""

    core: Core | None = None
    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        assert self.core is not None
        self.at += timedelta(seconds=seconds)
        # leased ones are left alone: their workers lock other jobs too, in another order
        _sql(self.core, "UPDATE jobs SET not_before = not_before - :s WHERE state = 'ready'", s=seconds)

    def next_due(self) -> float | None:
        """Seconds until the next job."""
        assert self.core is not None
        now = "(julianday('now') - 2440587.5) * 86400.0"
        if _postgres(self.core):
            now = "extract(epoch from clock_timestamp())"
        [row] = _sql(self.core, f"SELECT min(not_before) - {now} FROM jobs WHERE state = 'ready' AND kind = 'deliver'")
        return None if row[0] is None else max(0.0, float(row[0]))


def _postgres(core: Core) -> bool:
    assert isinstance(core.db, SqlDatabase)
    return core.db.engine.dialect.name == "postgresql"


def _sql(core: Core, query: str, **values: Any) -> list[Any]:
    assert isinstance(core.db, SqlDatabase)
    with transaction(core.db.engine, write=True) as connection:
        done = connection.execute(text(query), values)
        return [tuple(r) for r in done] if done.returns_rows else []


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def core(settings: Settings, database_url: str, time: Time) -> Iterator[Core]:
    application, database = make_application(settings.model_copy(update={"database_url": database_url}), [])
    database.now = time.now
    sender = HttpxSender(allow_cidrs=["127.0.0.0/8"], allow_http=True, timeout_s=0.5, clock=time)
    core = replace(application.core, clock=time, sender=sender)
    core.system.migrate()
    core.system.add_tenant(Tenant(id="t", name="T", timezone="Asia/Shanghai"))
    time.core = core
    yield core
    database.dispose()


@dataclass
class Crm:
    """A receiver. `answer` says what it does with a request: a status, or a function on the connection."""

    answer: Callable[[dict[str, Any]], int | Callable[[BaseHTTPRequestHandler], None]]
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    accepted: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def listening(crm: Crm) -> Iterator[Crm]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            crm.seen.append(({k.lower(): v for k, v in self.headers.items()}, body))
            event = json.loads(body)
            answer = crm.answer(event)
            if callable(answer):
                answer(self)
                return
            if 200 <= answer < 300:
                crm.accepted.append(event)
            self.send_response(answer)
            for name, value in crm.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    crm.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield crm
    finally:
        server.shutdown()
        server.server_close()


def subscribe(core: Core, url: str) -> tuple[str, str]:
    endpoint, secret = hooks.create_webhook(core, CRM, url)
    return endpoint.id, secret


def publish(core: Core, number: int, followup: str | None = "F-1") -> str:
    with core.db.tenant("t") as uow:
        event = publish_event(uow, "call.analysed", f"call_{number}", {"n": number, "followup_id": followup})
        uow.commit()
    return event.id


def drain(core: Core) -> None:
    while run_next(core, "crm"):
        pass


def run_until(core: Core, time: Time, end: datetime) -> None:
    """Every job at its time, like a service that runs through."""
    drain(core)
    while (pause := time.next_due()) is not None and time.at + timedelta(seconds=pause) <= end:
        time.pass_by(pause + 0.01)
        drain(core)
    if time.at < end:
        time.pass_by((end - time.at).total_seconds())


def log(core: Core, hook: str) -> list[Delivery]:
    with core.db.tenant("t", write=False) as uow:
        return sorted(uow.webhooks.deliveries(hook, limit=200).items, key=lambda d: d.event_seq)


def feed(core: Core) -> list[str]:
    with core.db.tenant("t", write=False) as uow:
        return [e.type for e in uow.events.after(0, limit=1000)]


# --- receivers ------------------------------------------------------------------------------------------------------


def hang(handler: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(0.8)


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def a_gigabyte(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 30))
    handler.end_headers()
    block = b"x" * (1 << 16)
    try:
        for _ in range((1 << 30) // len(block)):
            handler.wfile.write(block)
    except OSError:
        pass


@pytest.mark.parametrize(
    ("answer", "error"),
    [(500, None), (301, "redirect"), (hang, "timeout"), (reset, "broken")],
    ids=["500", "301", "hang", "reset"],
)
def test_ten_tries_over_the_whole_schedule_then_failed(core: Core, time: Time, answer: Any, error: str | None) -> None:
    with listening(Crm(lambda e: answer, {"Location": "/elsewhere"})) as crm:
        hook, _ = subscribe(core, crm.url)
        publish(core, 1)
        run_until(core, time, START + timedelta(hours=100))
        [delivery] = log(core, hook)
    assert (delivery.state, len(delivery.attempts), len(crm.seen)) == (DeliveryState.FAILED, 10, 10)
    # the moved clock stands still while a try is made, so each wait seems a little short
    waits = [(b.at - a.at).total_seconds() for a, b in zip(delivery.attempts, delivery.attempts[1:], strict=False)]
    assert all(s - 1 < w <= s * 1.1 + 2 for s, w in zip(SCHEDULE, waits, strict=True))
    assert timedelta(hours=75.59) <= delivery.attempts[-1].at - START <= timedelta(hours=83.2)
    assert {(a.error or "").split(":")[0] or None for a in delivery.attempts} == {error}
    assert len({headers["webhook-id"] for headers, _ in crm.seen}) == len({body for _, body in crm.seen}) == 1


def test_410_gives_up_at_once_switches_off_and_tells_the_feed(core: Core, time: Time) -> None:
    with listening(Crm(lambda e: 410)) as crm, listening(Crm(lambda e: 200)) as other:
        hook, _ = subscribe(core, crm.url)
        subscribe(core, other.url)
        publish(core, 1)
        publish(core, 2)
        run_until(core, time, START + FIVE_DAYS)
        assert [d.state for d in log(core, hook)] == [DeliveryState.FAILED] * 2
    assert len(crm.seen) == 1
    [gone] = [e for e in hooks.list_webhooks(core, CRM) if e.id == hook]
    assert not gone.enabled
    assert "410" in str(gone.disabled_reason)
    assert [e["type"] for e in other.accepted] == ["call.analysed", "call.analysed", "webhook.disabled"]
    assert other.accepted[-1]["data"]["reason"] == "gone"


def test_429_waits_as_long_as_it_is_asked_to(core: Core, time: Time) -> None:
    with listening(Crm(lambda e: 429 if len(crm.seen) == 1 else 200, {"Retry-After": "7200"})) as crm:
        hook, _ = subscribe(core, crm.url)
        publish(core, 1)
        run_until(core, time, START + FIVE_DAYS)
        [delivery] = log(core, hook)
    first, second = delivery.attempts
    assert 7199 < (second.at - first.at).total_seconds() < 7300
    assert delivery.state is DeliveryState.DELIVERED


def test_a_gigabyte_of_answer_is_delivered_and_not_read(core: Core, time: Time) -> None:
    with listening(Crm(lambda e: a_gigabyte)) as crm:
        hook, _ = subscribe(core, crm.url)
        publish(core, 1)
        run_until(core, time, START + FIVE_DAYS)
        [delivery] = log(core, hook)
    assert (delivery.state, len(delivery.attempts)) == (DeliveryState.DELIVERED, 1)
    assert len(delivery.attempts[0].response or "") == 500


# --- outage, order, state -------------------------------------------------------------------------------------------


def test_three_days_of_outage_lose_and_double_nothing_and_keep_the_order(core: Core, time: Time) -> None:
    back = START + timedelta(days=3)
    with listening(Crm(lambda e: 200 if time.at >= back else 503)) as crm:
        hook, secret = subscribe(core, crm.url)
        sent = []
        for n in range(36):  # an event every two hours, of four follow-ups
            sent.append(publish(core, n, f"F-{n % 4}"))
            run_until(core, time, START + timedelta(hours=2 * (n + 1)))
        run_until(core, time, START + timedelta(days=12))
        assert {d.state for d in log(core, hook)} == {DeliveryState.DELIVERED}
    assert Counter(e["id"] for e in crm.accepted) == dict.fromkeys(sent, 1)
    for f in range(4):
        seqs = [e["seq"] for e in crm.accepted if e["data"]["followup_id"] == f"F-{f}"]
        assert seqs == sorted(seqs)
    for headers, body in crm.seen[:3]:
        with pytest.raises(WebhookVerificationError):  # signed by the moved clock: too old for a real one
            Webhook(secret).verify(body, headers)


def test_an_event_waits_for_an_earlier_one_of_its_follow_up_and_stops_no_other(core: Core, time: Time) -> None:
    refuse = [True]
    with listening(Crm(lambda e: 500 if e["data"]["n"] == 1 and refuse[0] else 200)) as crm:
        hook, _ = subscribe(core, crm.url)
        for n, followup in enumerate(["F-1", "F-2", "F-1", None, "F-1"], start=1):
            publish(core, n, followup)
        run_until(core, time, START + timedelta(hours=1))
        assert sorted(e["data"]["n"] for e in crm.accepted) == [2, 4]
        tried = Counter(json.loads(body)["data"]["n"] for _, body in crm.seen)
        assert set(tried) == {1, 2, 4}
        refuse[0] = False
        run_until(core, time, START + timedelta(hours=6))
        first = log(core, hook)[0]
        ended = {d.event_seq: d.attempts[-1].at for d in log(core, hook)}
    assert [e["data"]["n"] for e in crm.accepted if e["data"]["followup_id"] == "F-1"] == [1, 3, 5]
    assert ended[5] - first.attempts[-1].at < timedelta(seconds=1), "woken, not found at the next look"


def test_four_workers_at_once_keep_the_order_and_lose_nothing(core: Core, time: Time) -> None:
    lock, dice = threading.Lock(), random.Random(3)

    def answer(event: dict[str, Any]) -> int:
        with lock:
            return 200 if dice.random() < 0.7 else 500

    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            if not run_next(core, "crm"):
                stop.wait(0.01)

    with listening(Crm(answer)) as crm:
        hook, _ = subscribe(core, crm.url)
        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        sent = [publish(core, n, f"F-{n % 3}") for n in range(30)]
        deadline = monotonic() + 100
        while {d.state for d in log(core, hook)} != {DeliveryState.DELIVERED} and monotonic() < deadline:
            time.pass_by(400)  # less than most pauses: jobs that wait for another are not simply due again
            stop.wait(0.2)
        stop.set()
        for worker in workers:
            worker.join()
    assert Counter(e["id"] for e in crm.accepted) == dict.fromkeys(sent, 1)
    for f in range(3):
        seqs = [e["seq"] for e in crm.accepted if e["data"]["followup_id"] == f"F-{f}"]
        assert seqs == sorted(seqs)


def test_erasing_keeps_its_place_behind_the_calls_other_events() -> None:
    from speechsvc.services.publish_event import call_lane
    from tests.unit.storage.builders import make_call, make_metadata

    call = make_call(metadata=make_metadata(followup_id="F-9"))
    assert call_lane(call) == lane_of(call.id, {"followup_id": "F-9", "seq": 1})  # of all its other events
    assert "F-9" not in call_lane(call)  # the lane outlives the erasure, people's words do not
    assert call_lane(make_call(id="call_1")) == "call_1"


def test_switched_off_after_120_hours_of_failure_then_on_again_and_replayed(core: Core, time: Time) -> None:
    up = [False]
    with listening(Crm(lambda e: 200 if up[0] else 500)) as crm:
        hook, _ = subscribe(core, crm.url)
        ids = []
        for n in range(15):
            ids.append(publish(core, n, None))
            run_until(core, time, START + timedelta(hours=10 * (n + 1)))
        [off] = hooks.list_webhooks(core, CRM)
        assert (off.enabled, off.failing_since) == (False, log(core, hook)[0].attempts[0].at)
        failing = max(a.at for d in log(core, hook) for a in d.attempts) - START
        assert FIVE_DAYS <= failing < timedelta(hours=145)
        assert "webhook.disabled" in feed(core)
        with pytest.raises(Conflict):
            hooks.replay_range(core, CRM, hook, START, time.at, undelivered_only=False)
        up[0] = True
        assert hooks.enable_webhook(core, CRM, hook).failing_since is None
        missed = hooks.replay_range(core, CRM, hook, START, time.at, undelivered_only=True)
        assert missed == len(feed(core))
        run_until(core, time, time.at + timedelta(hours=1))
        assert {e["id"] for e in crm.accepted} >= set(ids)
        assert hooks.replay_range(core, CRM, hook, START, time.at, undelivered_only=True) == 0


def test_replay_by_id_sends_the_same_bytes_again(core: Core, time: Time) -> None:
    with listening(Crm(lambda e: 200)) as crm:
        hook, _ = subscribe(core, crm.url)
        first, second = publish(core, 1), publish(core, 2)
        drain(core)
        assert hooks.replay_events(core, CRM, hook, [second, first, second]) == 2
        assert hooks.replay_events(core, CRM, hook, [first]) == 0  # on its way
        drain(core)
        assert [e["id"] for e in crm.accepted] == [first, second, first, second]
        assert crm.seen[0][1] == crm.seen[2][1]
        assert [len(d.attempts) for d in log(core, hook)] == [2, 2]
        with pytest.raises(NotFound):
            hooks.replay_events(core, CRM, hook, ["evt_none"])


def test_rotation_signs_with_both_until_the_overlap_ends(core: Core, time: Time) -> None:
    time.at = datetime.now(UTC)  # the official library compares with the real time
    with listening(Crm(lambda e: 200)) as crm:
        hook, old = subscribe(core, crm.url)
        endpoint, new = hooks.rotate_secret(core, CRM, hook, 24)
        assert endpoint.secret_overlap_until == time.at + timedelta(hours=24)
        publish(core, 1)
        drain(core)
        headers, body = crm.seen[-1]
        assert Webhook(old).verify(body, headers) == Webhook(new).verify(body, headers) == crm.accepted[-1]
        hooks.rotate_secret(core, CRM, hook, 0)
        publish(core, 2)
        drain(core)
        headers, body = crm.seen[-1]
        for secret in (old, new):
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(body, headers)


def test_a_test_event_is_sent_at_once_and_is_in_no_feed(core: Core, time: Time) -> None:
    time.at = datetime.now(UTC)
    with listening(Crm(lambda e: 204)) as crm:
        hook, secret = subscribe(core, crm.url)
        attempt = hooks.send_test(core, CRM, hook)
        headers, body = crm.seen[0]
    assert attempt.status == 204
    assert Webhook(secret).verify(body, headers)["type"] == "webhook.test"
    assert feed(core) == []
    assert log(core, hook) == []


def test_an_event_that_would_be_too_large_is_cut_and_says_so(core: Core) -> None:
    topics = [{"topic": f"topic_{n}", "speaker": "customer", "mentions": 1, "seconds": 1.0} for n in range(900)]
    with core.db.tenant("t") as uow:
        event = publish_event(uow, "call.analysed", "c", {"call_id": "c", "topics": topics})
    assert event.data["truncated"]
    assert 100 < len(event.data["topics"]) < 900
    assert len(json.dumps(event.data).encode()) < 20_000
