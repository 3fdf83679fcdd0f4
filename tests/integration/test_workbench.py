"""The workbench's evidence through the API, on SQLite and PostgreSQL: preview, re-tagging, marks, statistics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest

from speechsvc.config import Settings
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.job import JobKind
from speechsvc.domain.ruleset import RulesetKind
from speechsvc.domain.run import CallRange
from speechsvc.ports import StaleLease
from speechsvc.services.index_calls import index_state, rebuild_index
from speechsvc.services.preview_lexicon import preview_here, start_preview
from speechsvc.services.retag_calls import retag_step
from speechsvc.services.run_next import run_next
from speechsvc.tagging.evaluate import evaluate, labelled_call
from speechsvc.tagging.lexicon_file import parse_lexicon
from speechsvc.tagging.tagger import LexiconTagger
from tests.bench.corpus import NEWEST, fill
from tests.fakes.api_service import ApiService, running

TEXTS = (
    ("客户：你们的报价单发我看看", "销售：好的马上发"),
    ("客户：预算审批还没下来", "销售：那等您消息"),
    ("客户：报价单和合同一起寄", "销售：没问题，我手机13912345678"),
    ("客户：今天天气真不错", "销售：是啊"),
    ("客户：抱价单收到了吗", "销售：收到了"),  # by sound only
)
ADMIN = Principal(tenant_id="acme", key_id="test", role=Role.ADMIN)


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[ApiService]:
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", database_url=database_url, log_level="ERROR")
    with running(settings) as service:
        yield service


@pytest.fixture
def calls(service: ApiService) -> list[str]:
    """Five analysed texts, oldest first."""
    with service.client("crm") as client:
        ids = [
            client.post(
                "/v1/texts",
                json={
                    "external_id": f"t-{n}",
                    "started_at": f"2026-11-{10 + n}T09:00:00+08:00",
                    "source": "transcript",
                    "text": "\n".join(lines),
                    "salesperson": {"id": "s-1", "team": "east"},
                    "customer": {"id": f"c-{n}"},
                },
            ).json()["id"]
            for n, lines in enumerate(TEXTS)
        ]
    service.work()
    return ids


def content(service: ApiService) -> dict[str, Any]:
    return deepcopy(service.core.rulebook().default(RulesetKind.LEXICON).content)


def with_entries(data: dict[str, Any], topic: str, *entries: dict[str, Any]) -> dict[str, Any]:
    for one in data["topics"]:
        if one["id"] == topic:
            one["entries"] = [*one["entries"], *entries]
    return data


def draft_of(service: ApiService) -> dict[str, Any]:
    """报价单 goes from prices to contracts, and the weather becomes a topic of training."""
    data = with_entries(content(service), "contract_terms", {"id": "x/form", "term": "报价单"})
    return with_entries(data, "service_training", {"id": "x/weather", "term": "天气"})


def preview(client: httpx.Client, service: ApiService, **body: Any) -> dict[str, Any]:
    began = client.post("/v1/lexicon/draft/preview", json={"from": "2026-11-01", "wait_s": 0} | body)
    assert began.status_code == 202, began.text
    service.work()
    return dict(client.get(began.headers["Location"]).json())


@pytest.mark.parametrize("indexed", [False, True])
def test_a_preview_names_what_a_draft_would_change_and_changes_nothing(
    service: ApiService, calls: list[str], indexed: bool
) -> None:
    if indexed:
        assert rebuild_index(service.core, ADMIN).indexed == 5
    with service.client("qa") as client:
        before = [client.get(f"/v1/calls/{c}/mentions").json() for c in calls]
        found = preview(client, service, lexicon=draft_of(service), row="customer")
        assert [client.get(f"/v1/calls/{c}/mentions").json() for c in calls] == before
    assert (found["state"], found["total"], found["seen"]) == ("finished", 5, 5)
    assert [c["call_id"] for c in found["calls"]] == list(reversed(brute_force(service, calls)))
    assert found["changed"] == len(found["calls"])
    assert len(found["calls"]) <= found["looked_at"] <= (4 if indexed else 5), "the index rules out a call"
    weather = next(c for c in found["calls"] if c["call_id"] == calls[3])
    assert weather["gained"][0]["sentence"] == "今天天气真不错"
    assert weather["gained"][0]["entry"] == "x/weather"
    assert {e["entry"]: e["gained"] for e in found["entries"]}["x/weather"] == 1
    cells = {(c["row_key"], c["topic"]): c["calls_gained"] for c in found["cells"]}
    assert cells["c-3", "service_training"] == 1
    assert found["scores"]["changed"] >= 1


def brute_force(service: ApiService, calls: list[str]) -> list[str]:
    """Calls in which tagging with the whole draft gives something else."""
    old, new = (LexiconTagger(parse_lexicon(x)) for x in (content(service), draft_of(service)))
    changed = []
    for call_id, lines in zip(calls, TEXTS, strict=True):
        speakers = {"客户": Speaker.CUSTOMER, "销售": Speaker.AGENT}
        turns = tuple(
            Turn(speaker=speakers[line[:2]], start=n, end=n + 1, text=line[3:]) for n, line in enumerate(lines)
        )
        conversation = Conversation(call_id=call_id, turns=turns)
        if [m.finding for m in old.tag(conversation)] != [m.finding for m in new.tag(conversation)]:
            changed.append(call_id)
    assert calls[3] in changed
    assert calls[4] in changed, "what only sounds like an entry must be in the test"
    return changed


def test_a_preview_streams_each_call_once_and_the_result_last(service: ApiService, calls: list[str]) -> None:
    with service.client("qa", accept="application/x-ndjson") as client:
        body = {"from": "2026-11-01", "wait_s": 0, "lexicon": draft_of(service)}
        where = client.post("/v1/lexicon/draft/preview", json=body).headers["Location"]
        lines: list[dict[str, Any]] = []
        with client.stream("GET", where) as answer:
            assert answer.headers["content-type"].startswith("application/x-ndjson")
            for line in answer.iter_lines():
                lines.append(json.loads(line))
                if len(lines) == 1:
                    assert (lines[0]["type"], lines[0]["seen"]) == ("progress", 0), "it streams before work is done"
                    service.work()
        assert client.get("/v1/lexicon/preview/prv_none").status_code == 404
    with service.client("qa") as client:
        whole = client.get(where).json()
    assert [line["call_id"] for line in lines if line["type"] == "call"] == [c["call_id"] for c in whole["calls"]]
    assert lines[-1] == {"type": "result"} | {k: v for k, v in whole.items() if k not in ("calls", "cursor")}


def test_a_long_preview_is_estimated_before_all_is_counted(service: ApiService) -> None:
    """The sample's bounds hold the exact count; the estimate goes when that is there."""
    fill(service.core, service.database.engine, "acme", 820, distinct=30)
    often = {"id": "x/day", "term": "半天", "variants": ["周末", "半夜"]}
    draft = with_entries(content(service), "service_training", often)
    run = start_preview(service.core, ADMIN, CallRange(until=NEWEST), content=draft, queue=False)
    assert run.counts["total"] == 820
    with service.core.db.tenant("acme") as uow:  # as if each call had taken a second
        uow.runs.change(run.id, only=(run.state,), counts=run.counts | {"seen": 3, "looked_at": 3, "busy_s": 3.0})
        uow.commit()
    heard: list[dict[str, Any]] = []
    with service.client("qa") as client:
        found = preview_here(
            service.core, ADMIN, run, lambda _: heard.append(client.get(f"/v1/lexicon/preview/{run.id}").json())
        )
        guess = heard[0]["estimate"]
        assert (heard[0]["state"], heard[0]["seen"]) == ("running", 0)
        assert guess["sampled"] >= 60
        for name in ("changed", "gained", "lost", "moved", "scores_changed"):
            exact, one = getattr(found.tally, name), guess[name]
            assert one["low"] <= one["value"] <= one["high"]
            slack = one["high"] - one["low"]  # one time in twenty it lies outside
            assert one["low"] - slack <= exact <= one["high"] + slack, name
        done = client.get(f"/v1/lexicon/preview/{run.id}").json()
    assert found.tally.gained > 60
    assert (done["state"], done["seen"], done["estimate"]) == ("finished", 820, None)


def test_a_preview_of_the_stored_draft_masks_and_keeps_to_its_range(service: ApiService, calls: list[str]) -> None:
    with service.client("qa") as client:
        assert client.post("/v1/lexicon/draft/preview", json={}).status_code == 404, "there is no draft yet"
        data = with_entries(content(service), "service_training", {"id": "x/phone", "term": "手机"})
        stored = client.put("/v1/lexicon/draft", json={"content": data}, headers={"If-Match": "*"})
        assert stored.status_code == 200, stored.text
        found = preview(client, service)
        assert [c["call_id"] for c in found["calls"]] == [calls[2]]
        assert "13912345678" not in json.dumps(found)
        assert preview(client, service, to="2026-11-12")["changed"] == 0
        assert preview(client, service, customer_id="c-2")["total"] == 1
        wrong = client.post("/v1/lexicon/draft/preview", json={"lexicon": {"topics": [{"id": "x"}]}})
        assert wrong.status_code == 422


def test_a_cancelled_preview_stops_and_an_erased_call_leaves_its_results(service: ApiService, calls: list[str]) -> None:
    with service.client("admin") as client:
        body = {"from": "2026-11-01", "wait_s": 0, "lexicon": draft_of(service)}
        began = client.post("/v1/lexicon/draft/preview", json=body).json()["id"]
        assert client.post(f"/v1/lexicon/preview/{began}/cancel").status_code == 204
        service.work()
        assert client.get(f"/v1/lexicon/preview/{began}").json()["state"] == "cancelled"
        found = preview(client, service, lexicon=draft_of(service))
        client.delete(f"/v1/calls/{calls[3]}")
        after = client.get(f"/v1/lexicon/preview/{found['id']}").json()
        assert calls[3] in {c["call_id"] for c in found["calls"]} - {c["call_id"] for c in after["calls"]}
        assert len(after["calls"]) == len(found["calls"]) - 1


def publish(client: httpx.Client, data: dict[str, Any]) -> None:
    assert client.put("/v1/lexicon/draft", json={"content": data}, headers={"If-Match": "*"}).status_code == 200
    published = client.post("/v1/lexicon/draft/publish", json={"author": "王", "note": "n"})
    assert published.status_code in (200, 201), published.text


def test_retag_changes_only_what_changes_and_tells_it_once(service: ApiService, calls: list[str]) -> None:
    rebuild_index(service.core, ADMIN)
    with service.client("admin") as client:
        publish(client, draft_of(service))
        told = len(client.get("/v1/changes").json()["events"])
        run = client.post("/v1/lexicon/retag", json={}).json()
        assert client.post(f"/v1/lexicon/retag/{run['id']}/pause").json()["state"] == "paused"
        service.work()
        assert client.get(f"/v1/lexicon/retag/{run['id']}").json()["seen"] == 0
        assert client.post(f"/v1/lexicon/retag/{run['id']}/resume").json()["state"] == "running"
        service.work()
        done = client.get(f"/v1/lexicon/retag/{run['id']}").json()
        expected = brute_force(service, calls)
        assert (done["state"], done["seen"], done["changed"]) == ("finished", 5, len(expected))
        assert done["read"] < 5, "the index rules calls out"
        events = client.get("/v1/changes").json()["events"][told:]
        assert sorted(e["subject"] for e in events if e["type"] == "call.analysed") == sorted(expected)
        assert [e["type"] for e in events][-1] == "retag.finished"
        assert events[-1]["data"]["changed"] == len(expected)
        for call_id in calls:
            revision = client.get(f"/v1/calls/{call_id}").json()["revision"]
            assert revision == (2 if call_id in expected else 1)
        again = client.post("/v1/lexicon/retag", json={}).json()
        service.work()
        assert client.get(f"/v1/lexicon/retag/{again['id']}").json()["changed"] == 0
        assert client.post(f"/v1/lexicon/retag/{again['id']}/pause").status_code == 409


def test_a_worker_killed_between_pages_costs_nothing_twice(service: ApiService, calls: list[str]) -> None:
    """A lease that runs out in the middle: the next worker goes on, and the late one can store nothing."""
    with service.client("admin") as client:
        publish(client, draft_of(service))
        run = client.post("/v1/lexicon/retag", json={}).json()
        dead = service.core.system.lease((JobKind.RETAG,), 0.0)
        assert dead is not None
        assert run_next(service.core, "text"), "its lease ran out at once"
        with pytest.raises(StaleLease):
            retag_step(service.core, dead)
        service.work()
        done = client.get(f"/v1/lexicon/retag/{run['id']}").json()
        assert (done["state"], done["changed"]) == ("finished", len(brute_force(service, calls)))
        events = [e for e in client.get("/v1/changes").json()["events"] if e["type"] == "retag.finished"]
        assert len(events) == 1


def test_marks_grow_the_labelled_calls_and_survive_retagging(service: ApiService, calls: list[str]) -> None:
    with service.client("qa") as client:
        [mention] = client.get(f"/v1/calls/{calls[1]}/mentions").json()["mentions"]
        wrong = client.post(f"/v1/mentions/{mention['id']}/marks", json={"verdict": "wrong", "note": "x"}).json()
        assert (wrong["topic"], wrong["evidence"], wrong["current"]) == (mention["topic"], mention["text"], True)
        missed = {"turn": 0, "topic": "service_training", "evidence": "天气", "polarity": "affirmed"}
        made = client.post(f"/v1/calls/{calls[3]}/marks", json=missed)
        assert made.status_code == 201, made.text
        for bad in ({"turn": 9}, {"evidence": "没有的话"}, {"topic": "nothing"}, {"evidence": None, "start_char": 99}):
            assert client.post(f"/v1/calls/{calls[3]}/marks", json=missed | bad).status_code == 422
        publish(client, draft_of(service))
        client.post("/v1/lexicon/retag", json={})
        service.work()
        assert client.get(f"/v1/calls/{calls[3]}/marks").json()["marks"] == [made.json()]
        lines = [json.loads(x) for x in client.get("/v1/marks/export").text.splitlines()]
        assert {line["call_id"] for line in lines} == {calls[1], calls[3]}
        report = evaluate(LexiconTagger(parse_lexicon(draft_of(service))), map(labelled_call, lines))
        assert (report.micro.right, report.micro.wrong, report.micro.missed) == (1, 1, 0)
        measured = client.post("/v1/lexicon/evaluate", json={"marks": True, "candidate": "published"}).json()
        figures = measured["candidate"]
        assert (figures["calls"], figures["micro"]["right"], figures["micro"]["wrong"]) == (2, 1, 1)
        for kind, asked in (("lexicon", {"marks": False}), ("rubric", {"marks": True})):
            refused = client.post(f"/v1/{kind}/evaluate", json=asked)
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
        statistics = client.get("/v1/lexicon/statistics").json()
        entry = next(e for e in statistics["entries"] if e["entry"] == mention["entry"])
        assert (entry["mentions"], entry["wrong"], entry["precision"]) == (1, 1, 0.0)
        assert statistics["dead"]
        assert client.delete(f"/v1/marks/{wrong['id']}").status_code == 204
    with service.client("admin") as client:
        client.delete(f"/v1/calls/{calls[3]}")
        assert client.get("/v1/marks").json()["marks"] == []


def test_marks_keep_to_a_managers_own_teams(service: ApiService, calls: list[str]) -> None:
    with service.client("qa") as client:
        [mention] = client.get(f"/v1/calls/{calls[1]}/mentions").json()["mentions"]
    body = {"verdict": "right"}
    with service.client("manager") as client:
        mark = client.post(f"/v1/mentions/{mention['id']}/marks", json=body)
        assert mark.status_code == 201
    with service.client("manager_west") as client:
        assert client.post(f"/v1/mentions/{mention['id']}/marks", json=body).status_code == 404
        assert client.post(f"/v1/calls/{calls[1]}/marks", json={"turn": 0, "topic": "roi_case"}).status_code == 404
        assert client.get(f"/v1/calls/{calls[1]}/marks").status_code == 404
        assert client.delete(f"/v1/marks/{mark.json()['id']}").status_code == 404


def test_the_index_forgets_what_was_erased_and_catches_up(service: ApiService, calls: list[str]) -> None:
    rebuild_index(service.core, ADMIN)
    with service.client("admin") as client:
        client.delete(f"/v1/calls/{calls[0]}")
    state = index_state(service.core, "acme")
    assert (state.calls, state.indexed, state.size) == (4, 0, 0)
    assert rebuild_index(service.core, ADMIN).indexed == 4
    with service.client("qa") as client:
        found = preview(client, service, lexicon=draft_of(service))
    assert found["seen"] == 4
