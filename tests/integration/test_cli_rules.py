"""`speechsvc lexicon` and `rubric` against a running service, and on files alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from speechsvc.cli.client import Refused
from speechsvc.cli.main import app
from speechsvc.config import Settings
from speechsvc.errors import SpeechsvcError
from tests.fakes.api_service import ApiService, running

Run = Callable[..., Any]
WORD = "蓝鲸计划"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ApiService]:
    with running(Settings(_env_file=None, data_dir=tmp_path / "data", log_level="ERROR")) as service:
        yield service


@pytest.fixture
def run(service: ApiService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command with the QA's key; its JSON if it gives any. Raises our errors as `main` would explain them."""
    monkeypatch.setenv("SPEECHSVC_API_KEY", service.keys["qa"])
    monkeypatch.setenv("SPEECHSVC_PORT", service.url.rsplit(":", 1)[1])
    monkeypatch.setenv("SPEECHSVC_LOG_LEVEL", "CRITICAL")
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Any:
        result: Result = CliRunner().invoke(app, arguments)
        if isinstance(result.exception, SpeechsvcError):
            raise result.exception
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.stdout) if "--json" in arguments else result.output

    return call


def add_word(path: Path, topic: str = "pricing_discount") -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    home = next(t for t in content["topics"] if t["id"] == topic)
    home["entries"].append({"term": WORD})
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_lexicon_goes_out_is_changed_published_and_restored(run: Run, tmp_path: Path) -> None:
    assert run("lexicon", "versions", "--json") == []
    run("lexicon", "export", "mine.json")
    add_word(tmp_path / "mine.json")
    difference = run("lexicon", "diff", "published", "mine.json", "--json")
    assert difference["counts"] == {"entry": {"added": 1}}
    assert WORD in run("lexicon", "diff", "0", "mine.json")
    assert run("lexicon", "import", "mine.json", "--json")["revision"] == 1
    assert run("lexicon", "check", "--draft", "--json")["ok"]
    published = run("lexicon", "publish", "--note", "客户这么说", "--author", "李质检", "--json")
    assert (published["number"], published["author"], published["note"]) == (1, "李质检", "客户这么说")
    assert run("lexicon", "restore", "0", "--note", "回退", "--json")["number"] == 2
    assert "李质检" in run("lexicon", "versions")
    assert run("lexicon", "diff", "0", "published", "--json")["changes"] == []
    with pytest.raises(Refused, match="no draft"):
        run("lexicon", "publish")


def test_a_spreadsheet_becomes_the_draft_and_mistakes_are_named(run: Run, tmp_path: Path) -> None:
    for form in ("sheet.xlsx", "sheet.zip", "folder"):
        run("lexicon", "export", form)
        run("lexicon", "import", form, "--to", "again.yaml")
        assert run("lexicon", "diff", "again.yaml", form, "--json")["changes"] == []
        run("lexicon", "import", form)
        assert run("lexicon", "diff", "published", "draft", "--json")["changes"] == []
    assert "18 " in run("lexicon", "check", "sheet.xlsx")
    entries = tmp_path / "folder" / "entries.csv"
    entries.write_text(entries.read_text(encoding="utf-8-sig") + "nowhere,x,词\r\n", encoding="utf-8")
    with pytest.raises(SpeechsvcError, match="its topic is on no row"):
        run("lexicon", "publish", "folder")
    run("lexicon", "discard")


def test_a_check_that_fails_names_each_problem(run: Run, tmp_path: Path) -> None:
    run("lexicon", "export", "mine.json")
    content = json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))
    content["topics"][0]["examples"]["match"].append("今天天气不错")
    (tmp_path / "mine.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(Refused, match="今天天气不错"):
        run("lexicon", "publish", "mine.json")
    failed = CliRunner().invoke(app, ["lexicon", "check", "--draft"])
    assert (failed.exit_code, "今天天气不错" in failed.output) == (1, True)


def test_a_rubric_is_checked_published_and_restored(run: Run, tmp_path: Path) -> None:
    run("rubric", "export", "mine.yaml")
    file = tmp_path / "mine.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("pass_line: 60", "pass_line: 65"), encoding="utf-8")
    assert run("rubric", "check", "mine.yaml", "--json")["problems"] == []
    (change,) = run("rubric", "diff", "published", "mine.yaml", "--json")["changes"]
    assert change["fields"] == [{"field": "pass_line", "before": 60, "after": 65}]
    assert run("rubric", "publish", "mine.yaml", "--json")["number"] == 1
    assert run("rubric", "restore", "0", "--json")["number"] == 2
    assert len(run("rubric", "versions", "--json")) == 2
    with pytest.raises(SpeechsvcError, match="table"):
        run("rubric", "export", "mine.xlsx")
    with pytest.raises(Refused):
        run("rubric", "merge")
    with pytest.raises(SpeechsvcError, match="write one of"):
        run("rubric", "resolve", "x=y")
