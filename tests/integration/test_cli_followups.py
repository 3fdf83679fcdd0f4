"""`speechsvc score`, `touch-health` over the local database, and `rubric preview` against a running service."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from speechsvc.bootstrap import Application
from speechsvc.cli.main import app
from speechsvc.config import Settings
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.call import CallMetadata, Customer, Salesperson, Source
from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.domain.crm import CrmEvent
from speechsvc.domain.job import JobKind
from speechsvc.services.crm_events import CrmItem, receive_crm_events
from speechsvc.services.receive_text import receive_text
from speechsvc.services.run_next import run_next
from speechsvc.storage.engine import transaction
from speechsvc.storage.tables import followups
from tests.fakes.api_service import running
from tests.integration.test_followups import GOOD, OTHER, send, talk

ADMIN = Principal(tenant_id="default", key_id="k", role=Role.ADMIN)
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == code, done.output
    return done.stdout


@pytest.fixture
def application(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The commands below find the same data folder through the environment."""
    monkeypatch.setenv("SPEECHSVC_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    application = Application(settings)
    application.prepare()
    yield application
    application.close()


def spoken(application: Application, name: str, lines: tuple[tuple[str, str], ...], at: datetime = AT) -> None:
    turns = [Turn(**t | {"speaker": Speaker(t["speaker"])}) for t in talk(lines)]
    metadata = CallMetadata(
        external_id=f"t-{name}-{at.timestamp():.0f}",
        started_at=at,
        followup_id=name,
        salesperson=Salesperson(id="s-1", team="east"),
        customer=Customer(id="c-1"),
    )
    receive_text(application.core, ADMIN, metadata, Source.TRANSCRIPT, turns)
    while run_next(application.core, "text"):
        pass


def settle(application: Application, name: str) -> None:
    with application.core.db.tenant("default") as uow:
        internal = uow.followups.get(name).id
        uow.followups.update(internal, settles_at=AT)
        uow.jobs.hasten(JobKind.SETTLE, internal)
        uow.commit()
    while run_next(application.core, "text"):
        pass


def test_score_recompute_and_rescore(application: Application) -> None:
    spoken(application, "deal-1", OTHER)
    spoken(application, "deal-2", GOOD)
    settle(application, "deal-1")
    spoken(application, "deal-1", GOOD[:-1], AT + timedelta(days=1))  # late, and not the words of deal-2
    assert json.loads(run("score", "recompute", "--json")) == {"checked": 2, "different": []}
    assert "2 of 2 scores are the same" in run("score", "recompute", "--all")
    assert "1 of 1" in run("score", "recompute", "--followup", "deal-2")
    run("score", "recompute", "--followup", "none", code=1)

    wish = ("score", "rescore", "--followup", "deal-1", "--reason", "late upload", "--with-late")
    listed = run(*wish)
    assert "crosses the line" in listed
    assert "Nothing was stored" in listed
    applied = json.loads(run(*wish, "--apply", "--json"))
    [line] = applied["followups"]
    assert (applied["applied"], line["crosses"]) == (True, True)
    assert json.loads(run("score", "recompute", "--followup", "deal-1", "--json"))["different"] == []

    with transaction(application.database.engine, write=True) as connection:  # somebody writes into the table
        connection.execute(update(followups).where(followups.c.external_id == "deal-2").values(total=99))
    [different] = json.loads(run("score", "recompute", "--json", code=1))["different"]
    assert (different["followup_id"], different["equal"]) == ("deal-2", False)


def test_a_tenant_that_feeds_no_documents_is_not_judged_by_them(application: Application) -> None:
    spoken(application, "deal-1", GOOD)

    def left_out() -> set[str]:
        with application.core.db.tenant("default", write=False) as uow:
            frozen, _ = uow.followups.frozen(uow.followups.get("deal-1").id)
        assert frozen is not None
        assert sum(c["max_points"] for c in frozen.score["components"]) == 100
        return {x["id"] for x in frozen.score["left_out"]}

    assert left_out() == {"documents", "minutes"}  # none were ever sent
    assert json.loads(run("tenants", "sources", "default", "--json")) == {"documents": None, "minutes": None}
    run("tenants", "sources", "default", "--documents", "on")
    spoken(application, "deal-1", OTHER, AT + timedelta(hours=1))
    assert left_out() == {"minutes"}
    assert "documents: off" in run("tenants", "sources", "default", "--documents", "off", "--minutes", "on")
    spoken(application, "deal-1", GOOD[:4], AT + timedelta(hours=2))
    assert left_out() == {"documents"}
    run("tenants", "sources", "nobody", code=1)
    with application.core.db.tenant("default", write=False) as uow:
        entries = uow.audit.list(action="sources").items
    assert [e.details["after"]["documents"] for e in entries] == ["off", "on"]


def test_touch_health_as_table_json_and_csv(application: Application) -> None:
    spoken(application, "deal-1", GOOD, AT + timedelta(hours=3))
    facts = {"grade": "A", "salesperson_id": "s-1", "team": "east", "customer_id": "c-1"}
    for id_, more in (("l-1", facts), ("l-2", facts | {"team": "west", "grade": "B", "customer_id": "c-2"})):
        event = CrmEvent(id=id_, type="lead.created", occurred_at=AT, data={"lead_id": id_} | more, digest=id_)
        receive_crm_events(application.core, ADMIN, [CrmItem(event=event)])
    rows = {(r["group"], r["grade"]): r for r in json.loads(run("touch-health", "--json"))}
    assert rows[None, "A"]["counts"]["24h"] == rows[None, "A"]["leads"] == 1
    assert rows[None, "B"]["counts"]["none"] == 1
    teams = json.loads(run("touch-health", "--by", "team", "--team", "east", "--json"))
    assert {r["group"] for r in teams} == {"east"}
    table = list(csv.reader(io.StringIO(run("touch-health", "--csv"))))
    assert [line[-1] for line in table[1:3]] == ["1", "1"]
    assert "A" in run("touch-health")
    late = json.loads(run("touch-health", "--from", "2026-11-24", "--json"))
    assert sum(r["leads"] for r in late) == 0


def test_rubric_preview_names_who_would_cross(settings: Settings, tmp_path: Path) -> None:
    with running(settings) as service:
        send(service, 1, GOOD, followup_id="good")
        service.work()
        options = ("--url", service.url, "--key", service.keys["qa"])
        file = tmp_path / "rubric.json"
        with service.client("qa") as client:
            content = client.get("/v1/rubric").json()["content"]
            before = client.get("/v1/followups/good").json()["score"]["total"]
        file.write_text(json.dumps(content | {"pass_line": min(100, before + 1)}, ensure_ascii=False), "utf-8")
        found = json.loads(run("rubric", "preview", str(file), *options, "--json"))
        assert (found["followups"], found["crossing"]) == (1, 1)
        assert f"good {before} → {before}" in run("rubric", "preview", str(file), *options)
        assert json.loads(run("rubric", "preview", *options, "--json"))["changed"] == 0  # the draft is in force
        run("rubric", "preview", str(file), "--url", service.url, "--key", service.keys["uploader"], code=1)
