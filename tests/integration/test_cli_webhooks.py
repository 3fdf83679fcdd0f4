"""`speechsvc webhooks` against a running service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from speechsvc.cli.main import app
from speechsvc.config import Settings
from tests.fakes.api_service import ApiService, running


@pytest.fixture
def service(settings: Settings) -> Iterator[ApiService]:
    with running(settings) as service:
        yield service


def test_a_webhook_from_creation_to_removal(service: ApiService) -> None:
    def run(*arguments: str, code: int = 0, key: str = "crm") -> Any:
        options = ("--service", service.url, "--key", service.keys[key])
        done = CliRunner().invoke(app, ["webhooks", *arguments, *options])
        assert done.exit_code == code, done.output
        return done.stdout

    made = json.loads(run("create", "https://example.com/hook", "--event", "call.analysed", "--json"))
    hook = made["id"]
    assert made["secret"].startswith("whsec_")
    rotated = json.loads(run("rotate", hook, "--overlap", "2", "--json"))
    assert rotated["secret"] != made["secret"]
    [listed] = json.loads(run("list", "--json"))
    assert listed["secret_overlap_until"]
    assert hook in run("list")
    assert json.loads(run("deliveries", hook, "--json")) == []
    sent = run("replay", hook, "--from", "2026-11-01T00:00:00Z", "--to", "2026-11-02T00:00:00Z", "--json")
    assert json.loads(sent) == {"events": 0}
    run("enable", hook)
    run("replay", hook, code=1)
    run("list", key="uploader", code=1)
    run("delete", hook)
    assert json.loads(run("list", "--json")) == []
