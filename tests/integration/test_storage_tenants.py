"""Webhooks, audit and keys; and that nothing crosses tenants, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from speechsvc.domain.access import Principal, Role, Scope
from speechsvc.domain.call import Call, Salesperson
from speechsvc.domain.crm import CrmEvent
from speechsvc.domain.followup import Appeal, AppealState, Followup, Item, ItemKind
from speechsvc.domain.followup_score import Frozen, JudgedCall
from speechsvc.domain.heatmap import HeatmapQuery, RowKind
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.ruleset import RulesetKind
from speechsvc.domain.run import CallRange, RunKind, RunState
from speechsvc.domain.upload import Upload, UploadPart
from speechsvc.domain.webhook import Attempt, Delivery, DeliveryState, Endpoint
from speechsvc.errors import Conflict, NotFound
from speechsvc.ports import CallFilter, DirectoryEntry, EntryKind, FollowupFilter, LeadFilter, MentionFilter, StaleLease
from speechsvc.storage import tables
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.engine import transaction
from speechsvc.storage.mention_rows import mention_id
from speechsvc.storage.system import SqlSystem
from tests.unit.storage.builders import (
    ALL_KINDS,
    START,
    add,
    add_job,
    make_analysis,
    make_base,
    make_call,
    make_draft,
    make_mark,
    make_mention,
    make_run,
    make_transcript,
    make_version,
    store_done,
    take,
)


def test_webhooks_and_their_log(database: SqlDatabase, system: SqlSystem) -> None:
    endpoint = Endpoint(id="whk_1", url="https://crm.example/hook", event_types=("call.failed",), created_at=START)
    attempt = Attempt(at=START, status=500, error=None, response="no", seconds=0.2)
    with database.tenant("t") as uow:
        uow.webhooks.add(endpoint, "whsec_x")
        told = [uow.events.append("call.failed", f"c{n}", {}) for n in range(3)]
        sent = [uow.webhooks.add_delivery("whk_1", e) for e in told]
        assert uow.webhooks.add_delivery("whk_1", told[0]) == sent[0]
        uow.webhooks.record(sent[0].id, attempt, DeliveryState.PENDING, START)
        uow.webhooks.record(sent[0].id, replace(attempt, status=200), DeliveryState.DELIVERED, None)
        uow.jobs.add(JobKind.DELIVER, sent[0].id)
        uow.commit()
    with database.tenant("t") as uow:
        stored = uow.webhooks.delivery(sent[0].id)
        assert (stored.state, [a.status for a in stored.attempts]) == (DeliveryState.DELIVERED, [500, 200])
        assert uow.webhooks.list() == (endpoint,)
        assert uow.webhooks.secret("whk_1") == "whsec_x"
        first = uow.webhooks.deliveries("whk_1", limit=2)
        rest = uow.webhooks.deliveries("whk_1", limit=2, cursor=first.cursor)
        assert {d.id for d in (*first.items, *rest.items)} == {d.id for d in sent}
        assert rest.cursor is None
        uow.webhooks.disable("whk_1", "410 Gone")
        assert uow.webhooks.get("whk_1") == replace(endpoint, enabled=False, disabled_reason="410 Gone")
        uow.webhooks.delete("whk_1")
        uow.commit()
    assert system.lease(ALL_KINDS, 30) is None
    with database.tenant("t") as uow, pytest.raises(NotFound):
        uow.webhooks.delivery(sent[0].id)


def test_audit_pages_newest_first(database: SqlDatabase, system: SqlSystem) -> None:
    with database.tenant("t") as uow:
        for n in range(3):
            uow.audit.add(actor="key_1", action="recording.read_raw", subject=f"c{n}", details={"n": n})
        uow.commit()
        page = uow.audit.list(limit=2)
        rest = uow.audit.list(limit=2, cursor=page.cursor)
    assert {e.subject for e in (*page.items, *rest.items)} == {"c0", "c1", "c2"}
    assert rest.cursor is None
    assert page.items[0].at.tzinfo is UTC


def test_keys(database: SqlDatabase, system: SqlSystem) -> None:
    principal = Principal(tenant_id="t", key_id="key_1", role=Role.MANAGER, name="周报", teams=("华东",), raw=True)
    system.add_key(principal, "a" * 64)
    with pytest.raises(Conflict):
        system.add_key(replace(principal, key_id="key_2"), "a" * 64)
    with pytest.raises(NotFound):
        system.add_key(replace(principal, tenant_id="nobody"), "b" * 64)
    assert system.keys("t")[0].last_used_at is None
    assert system.authenticate("a" * 64) == principal
    assert system.keys("t")[0].last_used_at is not None
    assert system.authenticate("c" * 64) is None
    with pytest.raises(NotFound):
        system.revoke_key("other", "key_1")
    system.revoke_key("t", "key_1")
    assert system.authenticate("a" * 64) is None
    assert system.keys("t")[0].revoked_at is not None


def test_a_secret_is_made_once(database: SqlDatabase, system: SqlSystem) -> None:
    with ThreadPoolExecutor(8) as pool:
        values = set(pool.map(lambda n: system.secret("cookie", lambda: f"made by {n}"), range(8)))
    assert len(values) == 1
    assert system.secret("other", lambda: "x") == "x"


ITEM = Item(id="doc_1", kind=ItemKind.DOCUMENT, at=START, received_at=START, sha256="a")
APPEAL = Appeal(id="apl_1", state=AppealState.OPEN, reason="x", by="key", at=START)
FOLLOWUP = Followup(
    id="fup_1",
    external_id="deal",
    episode_key="k",
    salesperson=Salesperson(id="s1"),
    first_activity=START,
    last_activity=START,
    touched_at=START,
    created_at=START,
)


def reads(
    call: Call, mention_call: str, endpoint: str, delivery: str, event_id: str
) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Every reading method of every repository, asked for another tenant's things by their true ids."""
    ago, later = START - timedelta(days=9999), START + timedelta(days=9999)
    last = Delivery(
        id=delivery,
        endpoint_id=endpoint,
        event_id=event_id,
        event_seq=99,
        event_type="x",
        lane=call.id,
        created_at=START,
    )
    yield "calls.get", lambda u: u.calls.get(call.id)
    yield "calls.find", lambda u: u.calls.find(call.metadata.external_id)
    yield "calls.list", lambda u: u.calls.list(CallFilter()).items
    yield "calls.queue_position", lambda u: u.calls.queue_position(call.id)
    yield "transcripts.get", lambda u: u.transcripts.get(mention_call)
    yield "analyses.get", lambda u: u.analyses.get(mention_call)
    yield "analyses.mentions", lambda u: u.analyses.mentions(mention_call)
    yield "analyses.find_mentions", lambda u: u.analyses.find_mentions(MentionFilter(counting_only=False)).items
    yield "analyses.heatmap", lambda u: [*u.analyses.heatmap(HeatmapQuery())[0], *u.analyses.heatmap(HeatmapQuery())[1]]
    yield "events.after", lambda u: u.events.after(0)
    yield "events.get", lambda u: u.events.get(event_id)
    yield "events.last_seq", lambda u: u.events.last_seq()
    yield "webhooks.list", lambda u: u.webhooks.list()
    yield "webhooks.get", lambda u: u.webhooks.get(endpoint)
    yield "webhooks.secret", lambda u: u.webhooks.secret(endpoint)
    yield "webhooks.delivery", lambda u: u.webhooks.delivery(delivery)
    yield "crm.digest", lambda u: u.crm.digest("e0")
    yield "crm.leads", lambda u: u.crm.leads(LeadFilter())
    yield "crm.silent", lambda u: u.crm.silent(START + timedelta(days=5), limit=9)
    yield "crm.done_without_contact", lambda u: u.crm.done_without_contact(LeadFilter())
    yield "webhooks.blocker", lambda u: u.webhooks.blocker(last)
    yield "webhooks.next_in_lane", lambda u: u.webhooks.next_in_lane(last)
    yield "events.between", lambda u: u.events.between(ago, later, 0, limit=9)
    yield "webhooks.deliveries", lambda u: u.webhooks.deliveries(endpoint).items
    yield "audit.list", lambda u: u.audit.list().items
    yield "uploads.get", lambda u: u.uploads.get("upl_1")
    yield "uploads.waiting", lambda u: u.uploads.waiting()
    yield "uploads.expired", lambda u: u.uploads.expired(START + timedelta(days=9))
    yield "analyses.found_mentions", lambda u: u.analyses.found_mentions([mention_call])
    yield "followups.by_id", lambda u: u.followups.by_id("fup_1")
    yield "call_index.some", lambda u: u.call_index.some(CallRange(), RowKind.WEEK, [mention_call])
    yield "analyses.traces", lambda u: u.analyses.traces([mention_call])
    yield "analyses.bare", lambda u: u.analyses.bare([mention_call])
    yield "analyses.mention", lambda u: u.analyses.mention(mention_id(mention_call, make_mention()))
    yield "analyses.entry_hits", lambda u: u.analyses.entry_hits(CallRange())
    yield "analyses.heard_as", lambda u: u.analyses.heard_as(CallRange(), limit=9)
    yield "jobs.waits", lambda u: u.jobs.waits(JobKind.ANALYSE, call.id)
    yield "call_index.calls", lambda u: u.call_index.calls(CallRange(), RowKind.TEAM).items
    yield "call_index.position", lambda u: u.call_index.position(call.id)
    yield "call_index.count", lambda u: u.call_index.count(CallRange())
    yield "call_index.versions", lambda u: u.call_index.versions()
    yield "call_index.made", lambda u: u.call_index.made()
    yield "call_index.postings", lambda u: u.call_index.postings(1, [7])
    yield "call_index.missing", lambda u: u.call_index.missing(limit=9)
    yield "call_index.conversations", lambda u: u.call_index.conversations([call.id])
    yield "call_index.texts", lambda u: u.call_index.texts([call.id])
    yield "call_index.partial_block", lambda u: u.call_index.partial_block(9)
    yield "call_index.state", lambda u: u.call_index.state("v").calls + u.call_index.state("v").blocks
    yield "runs.get", lambda u: u.runs.get("prv_1", RunKind.PREVIEW)
    yield "runs.list", lambda u: u.runs.list(RunKind.PREVIEW)
    yield "runs.calls", lambda u: u.runs.calls("prv_1")
    yield "marks.get", lambda u: u.marks.get("mrk_1")
    yield "marks.of_call", lambda u: u.marks.of_call(call.id)
    yield "marks.list", lambda u: u.marks.list().items
    yield "marks.by_entry", lambda u: u.marks.by_entry()
    yield "marks.call_ids", lambda u: u.marks.call_ids()
    items = (replace(ITEM, id="doc_9", received_at=later),)
    yield "followups.find", lambda u: u.followups.find("deal")
    yield "followups.get", lambda u: u.followups.get("deal")
    yield "followups.episodes", lambda u: u.followups.episodes("k")
    yield "followups.list", lambda u: u.followups.list(FollowupFilter()).items
    yield "followups.all", lambda u: u.followups.all(FollowupFilter())
    yield "followups.frozen", lambda u: u.followups.frozen("fup_1")
    yield "followups.of_item", lambda u: u.followups.of_item("doc_1")
    yield "followups.items", lambda u: u.followups.items("fup_1")
    yield "followups.judged", lambda u: u.followups.judged((replace(ITEM, id=call.id),))
    yield "followups.unfinished", lambda u: u.followups.unfinished("fup_1")
    yield "followups.elsewhere", lambda u: u.followups.elsewhere("fup_2", items)
    yield "followups.beside", lambda u: u.followups.beside("fup_2", _same_time(call))
    yield "followups.salespeople", lambda u: u.followups.salespeople(Scope())
    yield "followups.sources", lambda u: any(u.followups.sources().values())
    yield "followups.fed", lambda u: u.followups.fed("document", ago)
    yield "followups.appeals", lambda u: u.followups.appeals("fup_1")
    yield "directory.at", lambda u: u.directory.at(EntryKind.CUSTOMER, "c", later)
    yield "directory.by_number", lambda u: u.directory.by_number(EntryKind.CUSTOMER, ["1"], later)
    yield "directory.list", lambda u: u.directory.list(EntryKind.CUSTOMER).items
    yield "directory.unmatched", lambda u: u.directory.unmatched(EntryKind.CUSTOMER, ["13800000000"])
    yield "rulesets.current", lambda u: u.rulesets.current()
    yield "rulesets.versions", lambda u: u.rulesets.versions(RulesetKind.LEXICON).items
    yield "rulesets.version", lambda u: u.rulesets.version(RulesetKind.LEXICON, 1)
    yield "rulesets.content", lambda u: u.rulesets.content(RulesetKind.LEXICON, 1)
    yield "rulesets.draft", lambda u: u.rulesets.draft(RulesetKind.LEXICON)
    yield "rulesets.base", lambda u: u.rulesets.base(RulesetKind.LEXICON, "d" * 64)


def writes(call: Call, job: Job, endpoint: str, delivery: str, mine: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Every writing method that names something that exists."""
    attempt = Attempt(at=START, status=200, error=None, response=None, seconds=0.1)
    yield "calls.update", lambda u: u.calls.update(call.id, progress=0.9)
    yield "calls.erase", lambda u: u.calls.erase(call.id)
    yield "transcripts.save", lambda u: u.transcripts.save(call.id, make_transcript())
    yield "analyses.save", lambda u: u.analyses.save(call.id, make_analysis(call.id))
    yield "jobs.finish", lambda u: u.jobs.finish(job)
    yield "jobs.retry", lambda u: u.jobs.retry(job, delay_s=0, error_code="x", error="x")
    yield "jobs.hold", lambda u: u.jobs.hold(job)
    yield "jobs.bury", lambda u: u.jobs.bury(job, error_code="x", error="x")
    yield "events.erase_bodies", lambda u: u.events.erase_bodies(call.id)
    yield "webhooks.disable", lambda u: u.webhooks.disable(endpoint, "x")
    yield "crm.told_silent", lambda u: u.crm.told_silent("L1", 24)
    yield "webhooks.rotate", lambda u: u.webhooks.rotate(endpoint, "x", timedelta(hours=1))
    yield "webhooks.enable", lambda u: u.webhooks.enable(endpoint)
    yield "webhooks.note_failing", lambda u: u.webhooks.note_failing(endpoint, START)
    yield "webhooks.again", lambda u: u.webhooks.again(endpoint, mine)
    yield "jobs.hasten", lambda u: u.jobs.hasten(JobKind.ANALYSE, call.id)
    yield "webhooks.delete", lambda u: u.webhooks.delete(endpoint)
    yield "webhooks.add_delivery", lambda u: u.webhooks.add_delivery(endpoint, mine)
    yield "webhooks.drop", lambda u: u.webhooks.drop(delivery)
    yield "webhooks.record", lambda u: u.webhooks.record(delivery, attempt, DeliveryState.FAILED, None)
    yield "uploads.append", lambda u: u.uploads.append("upl_2", UploadPart(start=0, size=1, blob="other/x"))
    yield "uploads.finish", lambda u: u.uploads.finish("upl_1", call.id)
    yield "uploads.refuse", lambda u: u.uploads.refuse("upl_1", "x")
    yield "uploads.remove", lambda u: u.uploads.remove("upl_1")
    yield "call_index.add_block", lambda u: u.call_index.add_block("v", {call.id: "x"}, {}) and u.commit()
    yield "call_index.still_there", lambda u: u.call_index.still_there([call.id])  # locks
    yield "call_index.drop_block", lambda u: u.call_index.drop_block(1)
    yield "runs.change", lambda u: u.runs.change("prv_1", only=tuple(RunState), state=RunState.CANCELLED)
    yield "runs.add_calls", lambda u: u.runs.add_calls("prv_1", [(5, call.id, {})])
    yield "runs.forget", lambda u: u.runs.forget(RunKind.PREVIEW, START + timedelta(days=99))
    yield "marks.put", lambda u: u.marks.put(make_mark(call.id, id="mrk_2"))
    yield "marks.remove", lambda u: u.marks.remove("mrk_1")
    yield "followups.erase", lambda u: u.followups.erase("fup_1")
    yield "followups.lock", lambda u: u.followups.lock("fup_1")
    yield "followups.update", lambda u: u.followups.update("fup_1", total=9)
    yield "followups.freeze", lambda u: u.followups.freeze("fup_1", Frozen(score={}, snapshot={}))
    yield "followups.add_item", lambda u: u.followups.add_item("fup_1", replace(ITEM, id="doc_2"))
    yield "followups.change_item", lambda u: u.followups.change_item("doc_1", late=True)
    yield "followups.add_appeal", lambda u: u.followups.add_appeal("fup_1", replace(APPEAL, id="apl_2"))
    yield "followups.change_appeal", lambda u: u.followups.change_appeal("apl_1", state=AppealState.UPHELD)
    yield "rulesets.save_draft", lambda u: u.rulesets.save_draft(make_draft(revision=1, content={}))


CREATES = {
    "followups.add",
    "followups.set_sources",  # of the tenant itself
    "directory.put",
    "calls.add",
    "jobs.add",
    "events.append",
    "webhooks.add",
    "audit.add",
    "uploads.add",
    "crm.add",
    "crm.derive",
    "rulesets.add",
    "runs.add",
    "rulesets.add_base",
}  # name nothing that exists


def _same_time(call: Call) -> JudgedCall:
    """Another one of the same salesperson, received later."""
    later = call.received_at + timedelta(days=1)
    return JudgedCall(
        item=replace(ITEM, id="call_2", kind=ItemKind.CALL, received_at=later),
        salesperson_id="s1",
        customer_id="c1",
        started_at=call.metadata.started_at,
        duration_s=60.0,
        spoken=True,
        total=0,
        snapshot={},
        topics=(),
        versions={},
    )


def make_upload(upload_id: str) -> Upload:
    return Upload(
        id=upload_id,
        key_id="key_1",
        external_id=upload_id,
        length=5,
        metadata=make_call().metadata,
        created_at=START,
        expires_at=START + timedelta(days=1),
    )


def test_an_upload_comes_back_as_it_was_stored(database: SqlDatabase, system: SqlSystem) -> None:
    parts = (UploadPart(start=0, size=2, blob="t/one"), UploadPart(start=2, size=3, blob="t/two"))
    with database.tenant("t") as uow:
        uow.uploads.add(replace(make_upload("upl_1"), header="metadata e30="))
        assert [uow.uploads.append("upl_1", p) for p in (*parts, parts[1])] == [True, True, False]
        uow.commit()
    with database.tenant("t", write=False) as uow:
        stored = uow.uploads.get("upl_1")
    assert stored == replace(make_upload("upl_1"), header="metadata e30=", offset=5, parts=parts)
    assert [system.knows_blob(b) for b in ("t/one", "t/two", "t/none")] == [True, True, False]
    with database.tenant("t") as uow:
        assert [uow.uploads.finish("upl_1", "call_1"), uow.uploads.refuse("upl_1", "x")] == [True, False]
        uow.commit()
    assert not system.knows_blob("t/one")


def dump(database: SqlDatabase) -> dict[str, list[str]]:
    with transaction(database.engine, write=False) as connection:
        return {t.name: sorted(map(str, connection.execute(select(t)))) for t in tables.metadata.sorted_tables}


def test_tenants_never_see_or_touch_each_others_rows(database: SqlDatabase, system: SqlSystem) -> None:
    call = make_call()
    store_done(database, "t", call, make_mention(), duration=60.0)
    with database.tenant("t") as uow:
        uow.webhooks.add(Endpoint(id="whk_1", url="https://x.example", created_at=START), "s")
        told = uow.events.append("call.analysed", call.id, {"a": 1})
        delivery = uow.webhooks.add_delivery("whk_1", told)
        uow.audit.add(actor="a", action="b", subject="c")
        for number, (kind, about) in enumerate(
            [("lead.created", "lead_id"), ("followup.reported_done", "followup_id")]
        ):
            uow.crm.add(CrmEvent(id=f"e{number}", type=kind, occurred_at=START, data={about: "L1"}, digest="d"))
        uow.crm.derive(["L1"], [])
        assert uow.followups.add(FOLLOWUP)
        assert uow.followups.add_item("fup_1", ITEM)
        assert uow.followups.add_item("fup_1", replace(ITEM, id=call.id, kind=ItemKind.CALL))
        uow.followups.set_sources({"documents": "off"})
        assert uow.followups.beside("fup_2", _same_time(call))
        uow.followups.add_appeal("fup_1", APPEAL)
        uow.directory.put(DirectoryEntry(kind=EntryKind.CUSTOMER, id="c", valid_from=START, numbers=("1",)))
        uow.jobs.add(JobKind.ANALYSE, call.id)
        for name in ("upl_1", "upl_2"):
            uow.uploads.add(make_upload(name))
        assert uow.uploads.append("upl_1", UploadPart(start=0, size=5, blob="t/part"))
        assert uow.uploads.waiting() == ("upl_1",)
        assert uow.uploads.expired(START + timedelta(days=9)) == ("upl_2",)
        assert uow.rulesets.add(make_version(), {"topics": []})
        digest = uow.call_index.conversations([call.id])[call.id][1]
        assert uow.call_index.add_block("v", {call.id: digest}, {7: b"x"})
        uow.runs.add(make_run())
        uow.runs.add_calls("prv_1", [(1, call.id, {"gained": []})])
        uow.marks.put(make_mark(call.id))
        assert uow.rulesets.save_draft(make_draft())
        uow.rulesets.add_base(make_base())
        uow.commit()
    job = take(system)
    before = dump(database)
    checked = set(CREATES)
    with database.tenant("other", write=False) as uow:
        for name, read in reads(call, call.id, "whk_1", delivery.id, told.id):
            checked.add(name)
            try:
                assert not read(uow), name
            except NotFound:
                continue
    for name, write in writes(call, job, "whk_1", delivery.id, told):
        checked.add(name)
        with database.tenant("other") as uow:
            try:
                write(uow)
                uow.commit()
            except (NotFound, StaleLease, IntegrityError):
                continue
    assert dump(database) == before
    assert checked == every_method(database)


def every_method(database: SqlDatabase) -> set[str]:
    """A new repository or method without a case above fails the test."""
    with database.tenant("t", write=False) as uow:
        repositories = {
            name: getattr(uow, name) for name in dir(type(uow)) if isinstance(getattr(type(uow), name), property)
        }
    return {f"{name}.{method}" for name, r in repositories.items() for method in dir(r) if not method.startswith("_")}


def test_a_job_of_one_tenant_is_fenced_in_its_tenant(database: SqlDatabase, system: SqlSystem) -> None:
    call = add(database, make_call())
    add_job(database, call.id)
    job = take(system)
    with transaction(database.engine, write=True) as connection:
        connection.execute(update(tables.calls).values(progress=0.0))
    assert not system.renew(replace(job, tenant_id="other"), 30, progress=0.7)
    with database.tenant("t", write=False) as uow:
        assert uow.calls.get(call.id).progress == 0.0
