"""`speechsvc lexicon preview|retag|stats|suggestions|marks|index` over the local database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from speechsvc.bootstrap import Application
from speechsvc.cli.main import app
from speechsvc.config import Settings
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.call import CallMetadata, Source
from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.domain.mark import Verdict
from speechsvc.domain.ruleset import RulesetKind
from speechsvc.errors import NotFound
from speechsvc.ports import CallFilter
from speechsvc.services.mark_mentions import mark_mention
from speechsvc.services.read_calls import read_mentions
from speechsvc.services.receive_text import receive_text
from speechsvc.services.run_next import run_next
from tests.bench.workbench import publish

ME = Principal(tenant_id="default", key_id="k", role=Role.ADMIN)
SAID = ("你们的报价单发我看看", "预算审批还没下来", "今天天气真不错", "抱价单收到了吗")  # the last by sound only
AUGUST = ("--from", "2026-08-01", "--to", "2026-09-01")


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["lexicon", *arguments])


def run(*arguments: str) -> str:
    done = invoke(*arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


@pytest.fixture
def application(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    """Four analysed texts of August; the commands below find the same data folder through the environment."""
    monkeypatch.setenv("SPEECHSVC_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    application = Application(settings)
    application.prepare()
    for n, text in enumerate(SAID):
        metadata = CallMetadata(external_id=f"t-{n}", started_at=datetime(2026, 8, 3 + n, 2, tzinfo=UTC))
        turns = [Turn(speaker=Speaker.CUSTOMER, start=0, end=3, text=text)]
        receive_text(application.core, ME, metadata, Source.TRANSCRIPT, turns)
    work(application)
    yield application
    application.close()


def work(application: Application) -> None:
    while run_next(application.core, "text"):
        pass


def content(application: Application, *, term: str = "天气") -> dict[str, Any]:
    """The default, with one more term of training."""
    data = deepcopy(application.core.rulebook().default(RulesetKind.LEXICON).content)
    for topic in data["topics"]:
        if topic["id"] == "service_training":
            topic["entries"].append({"id": "x/new", "term": term})
    return data


@pytest.fixture
def draft(application: Application, tmp_path: Path) -> str:
    path = tmp_path / "draft.yaml"
    path.write_text(yaml.safe_dump(content(application), allow_unicode=True), "utf-8")
    return str(path)


def test_preview_of_a_file_changes_nothing_and_says_what_would(application: Application, draft: str) -> None:
    found = run_json("preview", draft, *AUGUST)
    assert (found["total"], found["seen"], found["changed"], found["gained"], found["lost"]) == (4, 4, 1, 1, 0)
    [call] = found["calls"]
    assert (call["external_id"], call["gained"][0]["entry"]) == ("t-2", "x/new")
    assert call["gained"][0]["sentence"] == SAID[2]
    said = run("preview", draft, *AUGUST)
    assert "1 of 4 calls change" in said
    assert f"+ t-2  service_training  {SAID[2]}" in said
    assert run_json("preview", draft, "--from", "2026-09-01")["total"] == 0
    assert "x/new" not in json.dumps(run_json("stats", *AUGUST))
    refused = invoke("preview", *AUGUST)
    assert isinstance(refused.exception, NotFound), "there is no stored draft"
    assert invoke("preview", "/no/such/file.yaml").exit_code != 0


def test_retag_is_queued_watched_paused_and_listed(application: Application) -> None:
    publish(application, content(application))
    began = run_json("retag")
    assert (began["state"], began["total"], began["seen"]) == ("running", 4, 0)
    assert run_json("retag", "--pause", began["id"])["state"] == "paused"
    work(application)
    assert run_json("retag", "--list")["seen"] == 0
    assert run_json("retag", "--resume", began["id"])["state"] == "running"
    work(application)
    done = run_json("retag", "--list")
    assert (done["id"], done["state"], done["seen"], done["changed"]) == (began["id"], "finished", 4, 1)
    assert f"{began['id']}  finished  4/4  changed 1" in run("retag", "--list")
    assert invoke("retag", "--cancel", began["id"]).exit_code != 0, "it has ended"
    other = run_json("retag", *AUGUST)
    assert run_json("retag", "--cancel", other["id"])["state"] == "cancelled"


def test_stats_suggestions_and_marks(application: Application, tmp_path: Path) -> None:
    with application.core.db.tenant("default", write=False) as uow:
        ids = [call.id for call in uow.calls.list(CallFilter()).items]
    by_text = {m.sentence: m for call_id in ids for m in read_mentions(application.core, ME, call_id)}
    found = by_text[SAID[1]]
    mark_mention(application.core, ME, found.id, Verdict.WRONG)
    stats = run_json("stats", *AUGUST)
    [entry] = [e for e in stats["entries"] if e["hits"]["entry"] == found.mention.entry]
    assert (entry["hits"]["mentions"], entry["right"], entry["wrong"]) == (1, 0, 1)
    assert stats["dead"]
    assert "0.00 (0/1)" in run("stats", *AUGUST)
    publish(application, content(application, term="报价单"))
    run("retag")
    work(application)
    heard = run_json("suggestions", *AUGUST)
    assert heard["calls"] == 4
    assert [h["text"] for h in heard["homophones"]] == ["抱价单"]
    assert "抱价单" in run("suggestions", *AUGUST)
    out = tmp_path / "marks.jsonl"
    run("marks", "--out", str(out))
    [line] = [json.loads(x) for x in out.read_text("utf-8").splitlines()]
    assert line["turns"][0]["text"] == SAID[1]
    assert json.loads(run("marks")) == line


def test_index_is_brought_up_to_date_and_made_anew(application: Application, draft: str) -> None:
    state = run_json("index")
    assert (state["calls"], state["indexed"], state["blocks"]) == (4, 4, 1)
    assert state["size"] > 0
    assert run_json("index", "--rebuild") == state
    assert "4 of 4 calls in 1 blocks" in run("index")
    found = run_json("preview", draft, *AUGUST)
    assert (found["seen"], found["looked_at"], found["changed"]) == (4, 1, 1), "the index rules the others out"
