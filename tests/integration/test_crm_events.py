"""Events from the CRM through the API, and what follows: leads, silence, touch health, stages at call time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from speechsvc.config import Settings
from speechsvc.domain.job import JobKind
from speechsvc.services.over_calls import STEPS
from tests.fakes.api_service import ApiService, running
from tests.unit.storage.builders import make_call, make_mention, make_metadata, store_done

DAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def service(settings: Settings, database_url: str) -> Iterator[ApiService]:
    with running(settings.model_copy(update={"database_url": database_url})) as service:
        yield service


def event(number: int | str, type: str, hours: float = 0.0, **data: Any) -> dict[str, Any]:
    at = (DAY + timedelta(hours=hours)).isoformat()
    return {"id": f"e{number}", "type": type, "occurred_at": at, "data": data}


def tell(service: ApiService, *events: dict[str, Any], status: int = 200) -> list[dict[str, Any]]:
    with service.client("crm") as client:
        answer = client.post("/v1/crm/events", json={"events": list(events)})
    assert answer.status_code == status, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def get(service: ApiService, path: str, key: str = "admin") -> Any:
    with service.client(key) as client:
        answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def called(service: ApiService, number: int, hours: float, contact: str = "effective", **fields: Any) -> None:
    metadata = make_metadata(number, started_at=DAY + timedelta(hours=hours), **fields)
    store_done(service.database, "acme", make_call(number, metadata=metadata, contact=contact), make_mention())
    with service.database.tenant("acme") as uow:
        found = uow.calls.find(metadata.external_id)
        assert found is not None
        uow.calls.update(found.id, contact=contact)
        uow.commit()


def who(number: int, opportunity: str | None = None) -> dict[str, Any]:
    from speechsvc.domain.call import Customer, Opportunity, Salesperson

    about = Opportunity(id=opportunity) if opportunity else None
    person = Salesperson(id="s-1", team="east")
    return {"customer": Customer(id=f"c{number}"), "opportunity": about, "salesperson": person}


def test_events_are_taken_once_and_a_bad_one_hinders_no_other(service: ApiService) -> None:
    good = event(1, "lead.created", lead_id="L1", customer_id="c1", grade="A", salesperson_id="s-1", team="east")
    bad = event(2, "lead.graded", lead_id="L1")
    unknown = event(3, "lead.sold", lead_id="L1")
    results = tell(service, good, bad, unknown, "text", event(4, "lead.graded", 1, lead_id="L1", grade="B"))  # type: ignore[arg-type]
    assert [r["result"] for r in results] == ["accepted", "refused", "refused", "refused", "accepted"]
    assert results[1]["problem"]["errors"][0]["field"].endswith("grade")
    again = tell(service, good, good | {"data": good["data"] | {"grade": "C"}})
    assert [r["result"] for r in again] == ["duplicate", "refused"]
    assert again[1]["problem"]["code"] == "crm_event_conflict"
    with service.client("crm") as client:
        assert client.post("/v1/crm/events", json=good).json()["results"][0]["result"] == "duplicate"
        assert client.post("/v1/crm/events", json=good | {"type": "lead.graded"}).status_code == 422
        other = good | {"data": good["data"] | {"grade": "C"}}
        assert client.post("/v1/crm/events", json=other).status_code == 409
        assert client.post("/v1/crm/events", json={"events": [good] * 1001}).status_code == 422
    [lead] = get(service, "/v1/touch-health/leads")["leads"]
    assert (lead["lead_id"], lead["grade"], lead["touch"]) == ("L1", "B", "none")


def test_the_order_of_arrival_changes_nothing(service: ApiService) -> None:
    told = [
        event(1, "lead.created", 0, lead_id="L", customer_id="c1", grade="C", salesperson_id="s-1", team="east"),
        event(2, "lead.graded", 1, lead_id="L", grade="B"),
        event(3, "lead.graded", 2, lead_id="L", grade="A"),
        event(4, "lead.reassigned", 3, lead_id="L", salesperson_id="s-2", team="west"),
        event(5, "lead.reassigned", 4, lead_id="L", salesperson_id="s-3"),
    ]
    random.Random(5).shuffle(told)
    for one in told:
        tell(service, one)
    [lead] = get(service, "/v1/touch-health/leads")["leads"]
    assert (lead["grade"], lead["salesperson_id"], lead["team"]) == ("A", "s-3", None)


def test_stage_and_grade_are_those_at_call_time_also_when_told_later(service: ApiService) -> None:
    called(service, 1, 5, **who(1, "O1"))
    called(service, 2, 30, **who(1, "O1"))
    tell(
        service,
        event(1, "opportunity.stage_changed", 24, opportunity_id="O1", stage="报价"),
        event(2, "opportunity.stage_changed", 1, opportunity_id="O1", stage="初访"),
        event(3, "lead.created", 0, lead_id="L", customer_id="c1", grade="C"),
        event(4, "lead.graded", 20, lead_id="L", grade="A"),
    )
    called(service, 3, 40, **who(1, "O1"))  # after the events

    def seen() -> list[tuple[str, str]]:
        with service.database.tenant("acme", write=False) as uow:
            calls = [uow.calls.find(f"pbx-{n}") for n in (1, 2, 3)]
        return [(c.metadata.opportunity.stage, c.metadata.lead_grade) for c in calls]  # type: ignore[union-attr,misc]

    assert seen() == [("初访", "C"), ("报价", "A"), ("报价", "A")]
    tell(service, event(5, "opportunity.stage_changed", 4, opportunity_id="O1", stage="演示"))
    assert seen()[0] == ("演示", "C")
    rows = get(service, "/v1/heatmap?row=stage")["rows"]
    assert {r["key"] for r in rows} == {"演示", "报价"}


def test_the_matrix_its_lists_and_scopes(service: ApiService) -> None:
    for n, (hours, grade) in enumerate([(1, "A"), (10, "A"), (50, "B"), (100, "C"), (None, None), (2, "S")], start=1):
        given = {"grade": grade} if grade else {}
        owner = {"salesperson_id": "s-1", "team": "east"} if n < 5 else {"salesperson_id": "s-9", "team": "west"}
        tell(service, event(n, "lead.created", lead_id=f"L{n}", customer_id=f"c{n}", **given, **owner))
        called(service, 10 * n, 0.5, "voicemail", **who(n))  # no contact
        called(service, 10 * n + 1, -5, **who(n))  # before the lead
        if hours is not None:
            called(service, 10 * n + 2, hours, **who(n))
            called(service, 10 * n + 3, hours + 1, **who(n))
    matrix = get(service, "/v1/touch-health?from=2026-11-23&to=2026-11-24")
    assert [(r["grade"], r["leads"]) for r in matrix["rows"]] == [("A", 2), ("B", 1), ("C", 1), ("S", 1), ("none", 1)]
    counts = {r["grade"]: {c["touch"]: c["leads"] for c in r["cells"]} for r in matrix["rows"]}
    assert counts["A"] == {"2h": 1, "24h": 1, "72h": 0, "late": 0, "none": 0}
    assert (counts["B"]["72h"], counts["C"]["late"], counts["none"]["none"], counts["S"]["2h"]) == (1, 1, 1, 1)
    for row in matrix["rows"]:
        for cell in row["cells"]:
            assert len(get(service, cell["leads_url"])["leads"]) == cell["leads"]
    [first] = get(service, "/v1/touch-health/leads?grade=A&touch=2h")["leads"]
    assert first["waited_s"] == 3600
    assert get(service, first["first_contact_call"])["metadata"]["external_id"] == "pbx-12"
    by_team = get(service, "/v1/touch-health?by=team")["rows"]
    assert {r["group"]: 0 for r in by_team} == {"east": 0, "west": 0}
    for key, leads in (("manager", 4), ("manager_west", 2), ("salesperson", 4), ("salesperson_2", 0), ("foreign", 0)):
        assert sum(r["leads"] for r in get(service, "/v1/touch-health", key)["rows"]) == leads, key
        assert len(get(service, "/v1/touch-health/leads", key)["leads"]) == leads
    with service.client("admin", **{"Accept-Language": "zh"}) as client:
        table = client.get("/v1/touch-health?format=csv&by=team").content.decode("utf-8-sig").splitlines()
    assert table[0] == "团队,等级,≤2小时,2-24小时,24-72小时,>72小时,未触达,线索数"
    assert table[1] == "east,A,1,1,0,0,0,2"


def test_a_silent_lead_is_told_once_a_threshold_until_somebody_reaches_it(service: ApiService) -> None:
    tell(
        service,
        event(1, "lead.created", lead_id="L1", customer_id="c1", grade="A"),
        event(2, "lead.created", lead_id="L2", customer_id="c2"),
        event(3, "lead.created", lead_id="L3", customer_id="c3", opportunity_id="O3"),
        event(4, "opportunity.lost", 2, opportunity_id="O3"),
        event(5, "lead.created", -24 * 60, lead_id="old", customer_id="c5"),
    )

    class Later:
        hours = 0.0

        def now(self) -> datetime:
            return DAY + timedelta(hours=self.hours)

    clock = Later()
    core = replace(service.core, clock=clock)

    def look(hours: float) -> list[tuple[str, int]]:
        clock.hours = hours
        with service.database.tenant("acme", write=False) as uow:
            before = uow.events.last_seq()
        from speechsvc.storage.engine import transaction
        from speechsvc.storage.tables import jobs

        with transaction(service.database.engine, write=True) as connection:
            connection.execute(jobs.update().where(jobs.c.kind == "watch").values(not_before=0))
        job = core.system.lease([JobKind.WATCH], 60)
        assert job is not None
        STEPS[job.kind](core, job)
        with service.database.tenant("acme", write=False) as uow:
            told = uow.events.after(before)
        assert {e.type for e in told} <= {"lead.silent"}
        return sorted((e.subject, e.data["hours"]) for e in told)

    assert look(23.9) == []
    assert look(24.1) == [("L1", 24), ("L2", 24)]
    assert look(25) == []
    called(service, 1, 30, **who(1))
    assert look(50) == [("L2", 48)]
    assert look(80) == [("L2", 72)]
    assert look(200) == []
    silent = [lead["lead_id"] for lead in get(service, "/v1/touch-health/leads?silent_h=72")["leads"]]
    assert silent == ["old", "L2"]


def test_reported_done_without_an_effective_contact(service: ApiService) -> None:
    called(service, 1, 1, "voicemail", **who(1), followup_id="F1")
    called(service, 2, 1, **who(2), followup_id="F2")
    called(service, 3, 9, **who(3), followup_id="F3")  # after the report
    for n in (1, 2, 3, 4):
        tell(service, event(n, "followup.reported_done", 5, followup_id=f"F{n}", salesperson_id="s-1"))
    found = get(service, "/v1/touch-health/done-without-contact")["followups"]
    assert [(f["followup_id"], f["calls"]) for f in found] == [("F1", 1), ("F3", 0), ("F4", 0)]
    assert len(get(service, "/v1/touch-health/done-without-contact", "manager")["followups"]) == 3
    assert get(service, "/v1/touch-health/done-without-contact", "manager_west")["followups"] == []


def test_minutes_become_a_text_and_their_words_stay_there(service: ApiService) -> None:
    written = event(1, "minutes.written", followup_id="F1", text="客户：预算审批还没有下来", salesperson_id="s-1")
    [taken] = tell(service, written)
    assert tell(service, written) == [taken | {"result": "duplicate"}]
    service.work()
    call = get(service, f"/v1/calls/{taken['call_id']}")
    assert (call["source"], call["status"], call["score"] is not None) == ("minutes", "done", True)
    with service.database.tenant("acme", write=False) as uow:
        assert uow.calls.get(call["id"]).metadata.followup_id == "F1"
    assert tell(service, written | {"data": written["data"] | {"text": "别的"}})[0]["result"] == "refused"
    from sqlalchemy import text

    from speechsvc.storage.engine import transaction

    with transaction(service.database.engine, write=False) as connection:
        rows = connection.execute(text("SELECT data FROM crm_events")).all()
    assert "预算" not in str(rows)


def test_a_document_joins_its_follow_up_once(service: ApiService) -> None:
    document = {"followup_id": "F7", "name": "报价单.pdf", "sha256": "AB" * 32}
    results = tell(service, event(1, "document.uploaded", 1, **document), event(2, "document.uploaded", 1, **document))
    assert [r["result"] for r in results] == ["accepted", "accepted"]
    assert tell(service, event(1, "document.uploaded", 1, **document))[0]["result"] == "duplicate"
    with service.database.tenant("acme", write=False) as uow:
        followup = uow.followups.get("F7")
        items = uow.followups.items(followup.id)
    assert [(i.kind.value, i.name, i.sha256) for i in items] == [("document", "报价单.pdf", "ab" * 32)]
    told = get(service, "/v1/changes")["events"]
    assert [e["data"]["followup_id"] for e in told if e["type"] == "followup.scored"] == ["F7"]
