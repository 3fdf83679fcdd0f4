"""What people see while they wait: percentage, expected finish, place in the queue, pace of the machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from speechsvc.config import Settings
from speechsvc.domain.call import CallStatus
from speechsvc.domain.job import JobKind
from speechsvc.domain.pace import Pace
from speechsvc.domain.transcript import Transcript
from speechsvc.errors import NotFound
from speechsvc.ports import Tenant
from speechsvc.services.core import Core
from speechsvc.services.read_calls import read_call
from speechsvc.services.run_next import run_next
from tests.fakes.api_service import ApiService, ScriptedTranscriber, make_application, running, wav
from tests.integration.test_jobs_end_well import ADMIN, upload

HERE = Pace(host="h", model="scripted", profile="sequential")


@pytest.fixture
def core(settings: Settings) -> Iterator[Core]:
    application, database = make_application(settings, [])
    application.core.system.migrate()
    application.core.system.add_tenant(Tenant(id="t", name="T", timezone="Asia/Shanghai"))
    yield application.core
    database.dispose()


@pytest.fixture
def service(settings: Settings) -> Iterator[ApiService]:
    with running(settings) as service:
        yield service


class Halting(ScriptedTranscriber):
    """Stops half way until it is let go."""

    def __init__(self) -> None:
        self.half, self.go_on = threading.Event(), threading.Event()
        self.language = ""

    def transcribe(self, recording: Path, **options: Any) -> Transcript:
        self.language = options["language"]
        options["opened"](40.0)
        options["progress"](0.5)
        self.half.set()
        assert self.go_on.wait(20)
        return super().transcribe(recording)


def seconds_from_now(moment: datetime | None) -> float:
    assert moment is not None
    return (moment - datetime.now(UTC)).total_seconds()


def test_a_queued_call_tells_its_place_and_finish(core: Core) -> None:
    first, second = upload(core, 1), upload(core, 2)
    assert [read_call(core, ADMIN, c.id)[1] for c in (first, second)] == [0, 1]
    assert read_call(core, ADMIN, first.id)[0].expected_at is None, "no call was recognised yet"
    core.system.note_pace(HERE, audio_s=100.0, work_s=50.0)
    assert seconds_from_now(read_call(core, ADMIN, first.id)[0].expected_at) == pytest.approx(50, abs=10)
    assert seconds_from_now(read_call(core, ADMIN, second.id)[0].expected_at) == pytest.approx(100, abs=10)


def test_a_call_in_work_tells_percentage_and_finish(core: Core) -> None:
    call, hears = upload(core), Halting()
    core.system.note_pace(replace(HERE, host="elsewhere"), audio_s=10.0, work_s=100.0)
    fast = replace(core.limits, lease_s=2.0)
    work = threading.Thread(
        target=run_next, args=(replace(core, transcriber=lambda: hears, limits=fast), "asr"), daemon=True
    )
    work.start()
    try:
        assert hears.half.wait(20)
        deadline = datetime.now(UTC) + timedelta(seconds=20)
        found = read_call(core, ADMIN, call.id)[0]
        while found.progress < 0.5 and datetime.now(UTC) < deadline:
            threading.Event().wait(0.1)
            found = read_call(core, ADMIN, call.id)[0]
        assert (found.status, found.progress) == (CallStatus.TRANSCRIBING, 0.5)
        assert abs(seconds_from_now(found.expected_at)) < 60
    finally:
        hears.go_on.set()
        work.join(20)
    found = read_call(core, ADMIN, call.id)[0]
    assert (found.status, found.expected_at) == (CallStatus.ANALYSING, None)


def test_a_recognised_call_moves_the_pace_of_its_model(core: Core) -> None:
    upload(core)
    run_next(core, "asr")
    (pace,) = core.system.paces()
    assert (pace.model, pace.profile, pace.calls, pace.audio_s) == ("scripted", "sequential", 1, 40.0)
    assert pace.host
    assert 0 < pace.factor == pytest.approx(pace.work_s / 40.0)


def test_the_api_and_the_metrics_show_it(service: ApiService) -> None:
    waiting = service.upload(wav(seed=7)).json()["id"]
    service.core.system.note_pace(HERE, audio_s=100.0, work_s=50.0)
    with service.client() as client:
        call = client.get(f"/v1/calls/{waiting}").json()
        assert (call["status"], call["queue_position"], call["progress"]) == ("queued", 0, 0.0)
        assert seconds_from_now(datetime.fromisoformat(call["expected_at"])) == pytest.approx(50, abs=20)
        properties = client.get("/openapi.json").json()["components"]["schemas"]["CallOut"]["properties"]
        assert "expected" in properties["expected_at"]["description"]
        service.work()
        assert client.get(f"/v1/calls/{waiting}").json()["expected_at"] is None
        text = client.get("/metrics").text
    labels = 'host="h",model="scripted",profile="sequential"'
    assert f"speechsvc_real_time_factor{{{labels}}} 0.5" in text
    assert f"speechsvc_recognised_audio_seconds_total{{{labels}}} 100.0" in text
    assert f"speechsvc_recognition_seconds_total{{{labels}}} 50.0" in text
    assert text.count("speechsvc_real_time_factor{") == 2, "this machine's own beside it"


def test_a_tenants_language_goes_to_the_recogniser(core: Core) -> None:
    for language, expected in ((None, core.language), ("yue", "yue")):
        core.system.set_language("t", language)
        hears = Halting()
        hears.go_on.set()
        upload(core, 5 if language else 6)
        assert run_next(replace(core, transcriber=lambda hears=hears: hears), JobKind.TRANSCRIBE.queue)
        assert hears.language == expected
    assert core.system.tenant("t").language == "yue"
    with pytest.raises(NotFound):
        core.system.set_language("nobody", "zh")
