"""Small domain values for storage tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from speechsvc.domain.analysis import Contact, ContactFinding, NextStep, Tagging, TurnEvidence, Versions
from speechsvc.domain.call import Call, CallMetadata, CallStatus, Customer, Opportunity, Recording, Salesperson
from speechsvc.domain.conversation import Speaker
from speechsvc.domain.facts import topic_facts
from speechsvc.domain.ids import new_id
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.mark import Mark, Verdict
from speechsvc.domain.mention import MatchKind, Mention, Polarity
from speechsvc.domain.ruleset import Draft, Ruleset, RulesetKind, RulesetVersion
from speechsvc.domain.run import CallRange, Run, RunKind, RunState
from speechsvc.domain.talk import TalkMetrics
from speechsvc.domain.transcript import Segment, SpeechInterval, Transcript
from speechsvc.ports import Analysis
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.system import SqlSystem

ALL_KINDS = tuple(JobKind)
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def make_call(number: int = 1, **fields: Any) -> Call:
    """The `number`th call: one minute after the one before."""
    metadata = fields.pop("metadata", None) or make_metadata(number)
    values: dict[str, Any] = {
        "id": new_id("call"),
        "metadata": metadata,
        "received_at": START + timedelta(minutes=number),
        "recording": Recording(blob=f"t/{number:032x}", sha256=f"{number:064x}", size=number),
    }
    return Call(**values | fields)


def make_metadata(number: int = 1, **fields: Any) -> CallMetadata:
    values: dict[str, Any] = {
        "external_id": f"pbx-{number}",
        "started_at": START + timedelta(minutes=number),
        "salesperson": Salesperson(id="s1", name="王芳", team="华东"),
        "customer": Customer(id="c1", name="蓝天科技", industry="制造", region="上海"),
        "opportunity": Opportunity(id="o1", stage="报价"),
        "caller": "13800000000",
        "channels": {"left": "agent", "right": "customer"},
    }
    return CallMetadata(**values | fields)


def make_mention(turn: int = 1, topic: str = "pricing_discount", **fields: Any) -> Mention:
    values: dict[str, Any] = {
        "topic": topic,
        "turn": turn,
        "speaker": Speaker.CUSTOMER,
        "polarity": Polarity.AFFIRMED,
        "text": "价格",
        "start_char": 2,
        "end_char": 4,
        "start": 3.0,
        "end": 3.5,
        "entry": "pricing_discount.price",
        "match": MatchKind.EXACT,
        "reason": "the term itself",
    }
    return Mention(**values | fields)


def make_transcript() -> Transcript:
    """Three turns: agent, customer, unknown; 2, 4 and 1 seconds."""
    return Transcript(
        segments=(
            Segment(speaker=Speaker.AGENT, channel=0, start=0.0, end=2.0, text="您好，方便吗", confidence=0.9),
            Segment(speaker=Speaker.CUSTOMER, channel=1, start=2.0, end=6.0, text="你们价格多少，预算批了"),
            Segment(speaker=Speaker.UNKNOWN, channel=1, start=6.0, end=7.0, text="价格", suspect=("repeated",)),
        ),
        speech=(SpeechInterval(channel=1, speaker=Speaker.CUSTOMER, start=2.1, end=5.9),),
        duration=7.5,
        language="zh",
        model={"name": "demo", "settings": {"beam": 1}},
        warnings=("truncated",),
        partial=True,
    )


def make_analysis(call_id: str, *mentions: Mention, **fields: Any) -> Analysis:
    found = mentions or (make_mention(),)
    evidence = TurnEvidence(turn=1, text="价格", start=2.0, end=6.0, reason="asks")
    values: dict[str, Any] = {
        "tagging": Tagging(
            trace=b"numbers",
            call_id=call_id,
            mentions=found,
            contact=ContactFinding(outcome=Contact.EFFECTIVE, evidence=(evidence,)),
            next_step=NextStep(agreed=True, has_time=True, evidence=(evidence,)),
        ),
        "talk": TalkMetrics(
            duration=7.5,
            agent=2.0,
            customer=4.0,
            unknown=1.0,
            silence=0.5,
            turns=3,
            customer_turns=1,
            longest_monologue=2.0,
        ),
        "score": {"total": 72, "components": [{"id": "talk", "points": 20}]},
        "snapshot": {"talk": {"customer_ms": 4000}},
        "versions": Versions(lexicon="default-1+00", rubric="default-1", engine="0.1.0", transcript="demo"),
        "facts": topic_facts(make_transcript().conversation(call_id), found),
    }
    return Analysis(**values | fields)


def store_done(
    database: SqlDatabase, tenant_id: str, call: Call, *mentions: Mention, week: str = "2026-W48", **fields: Any
) -> None:
    """A call with transcript and analysis, effective and done unless `fields` say otherwise."""
    with database.tenant(tenant_id) as uow:
        assert uow.calls.add(call, local_week=week)
        uow.transcripts.save(call.id, make_transcript())
        uow.analyses.save(call.id, make_analysis(call.id, *mentions))
        uow.calls.update(call.id, **{"status": CallStatus.DONE, "contact": "effective", "score": 72} | fields)
        uow.commit()


def add(database: SqlDatabase, call: Call, tenant: str = "t", week: str = "2026-W48") -> Call:
    """Stores a call that just arrived."""
    with database.tenant(tenant) as uow:
        assert uow.calls.add(call, local_week=week)
        uow.commit()
    return call


def add_job(database: SqlDatabase, subject: str = "call_x", kind: JobKind = JobKind.TRANSCRIBE, **more: Any) -> None:
    """Queues a job of tenant t."""
    with database.tenant("t") as uow:
        uow.jobs.add(kind, subject, **more)
        uow.commit()


def take(system: SqlSystem, lease_s: float = 30) -> Job:
    """Leases the next job; there must be one."""
    job = system.lease(ALL_KINDS, lease_s)
    assert job is not None
    return job


def store_three(database: SqlDatabase) -> list[Call]:
    """1: price; 2: price and budget, other people; 3: price negated, partial, low score."""
    calls = [make_call(1), make_call(2, metadata=second()), make_call(3)]
    store_done(database, "t", calls[0], make_mention())
    budget = make_mention(topic="budget_approval", start_char=7, end_char=9, entry="budget")
    agents = make_mention(turn=0, speaker=Speaker.AGENT)
    store_done(database, "t", calls[1], make_mention(), budget, agents, week="2026-W49")
    negated = make_mention(polarity=Polarity.NEGATED)
    store_done(database, "t", calls[2], negated, status=CallStatus.PARTIAL, score=40)
    return calls


def second() -> CallMetadata:
    return make_metadata(
        2,
        salesperson=Salesperson(id="s2", name="李雷", team="华南"),
        customer=Customer(id="c9", name=None, industry=None, region="广东"),
        opportunity=None,
    )


def make_version(number: int = 1, **fields: Any) -> RulesetVersion:
    values: dict[str, Any] = {
        "kind": RulesetKind.LEXICON,
        "number": number,
        "label": f"lexicon-{number}+12345678",
        "digest": f"{number:064x}",
        "author": "质检王芳",
        "note": "加上“报价单”",
        "published_at": START + timedelta(days=number),
    }
    return RulesetVersion(**values | fields)


def make_draft(**fields: Any) -> Draft:
    values: dict[str, Any] = {
        "kind": RulesetKind.LEXICON,
        "based_on": 1,
        "content": {"topics": ["价格"]},
        "updated_by": "key_1",
    }
    return Draft(**values | fields)


def make_base() -> Ruleset:
    return Ruleset(kind=RulesetKind.LEXICON, label="default-1+dddddddd", digest="d" * 64, content={"topics": ["旧"]})


def make_run(**fields: Any) -> Run:
    """A preview that has begun."""
    values: dict[str, Any] = {
        "id": "prv_1",
        "kind": RunKind.PREVIEW,
        "state": RunState.RUNNING,
        "created_at": START,
        "created_by": "key_1",
        "where": CallRange(since=START, team="华东"),
        "request": {"row": "team"},
        "counts": {"total": 3},
    }
    return Run(**values | fields)


def make_mark(call_id: str, **fields: Any) -> Mark:
    """On `make_mention`."""
    values: dict[str, Any] = {
        "id": "mrk_1",
        "call_id": call_id,
        "turn": 1,
        "topic": "pricing_discount",
        "verdict": Verdict.WRONG,
        "polarity": None,
        "start_char": 2,
        "end_char": 4,
        "evidence": "价格",
        "entry": "pricing_discount.price",
        "lexicon": "default-1+00",
        "note": "在说别的",
        "author": "key_1",
        "created_at": START,
    }
    return Mark(**values | fields)
