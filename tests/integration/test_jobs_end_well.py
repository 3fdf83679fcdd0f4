"""No job may end in a call or a delivery that nobody touches again, whatever fails on the way. Real SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from speechsvc.config import Settings
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.call import Call, CallStatus, Source
from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.transcript import Transcript
from speechsvc.domain.webhook import DeliveryState, Endpoint
from speechsvc.errors import SpeechsvcError, StorageFull
from speechsvc.ports import Tenant
from speechsvc.services.core import Core
from speechsvc.services.erase_call import erase_call
from speechsvc.services.manage_keys import authenticate, create_key
from speechsvc.services.receive_call import receive_call
from speechsvc.services.receive_text import receive_text
from speechsvc.services.run_next import run_next
from speechsvc.services.transcribe_call import transcribe_call
from speechsvc.storage.blobs import BlobsUnavailable
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.engine import DatabaseUnavailable, transaction
from speechsvc.storage.system import SqlSystem
from speechsvc.tagging.lexicon_file import LexiconInvalid
from speechsvc.transcription.errors import ModelUnknown
from tests.fakes.api_service import ScriptedTranscriber, make_application, wav
from tests.unit.storage.builders import make_metadata

ADMIN = Principal(tenant_id="t", key_id="k", role=Role.ADMIN)


@pytest.fixture
def core(settings: Settings) -> Iterator[Core]:
    application, database = make_application(settings, [])
    system = application.core.system
    system.migrate()
    system.add_tenant(Tenant(id="t", name="T", timezone="Asia/Shanghai"))
    yield application.core
    database.dispose()


def upload(core: Core, number: int = 1) -> Call:
    writer = core.blobs.writer("t")
    writer.write(wav(seed=number))
    return receive_call(core, ADMIN, make_metadata(number), writer.commit()).call


def read(core: Core, call: Call) -> Call:
    with core.db.tenant("t", write=False) as uow:
        return uow.calls.get(call.id)


def hurry(core: Core) -> None:
    """Makes every waiting job due, as if its pause had passed."""
    assert isinstance(core.db, SqlDatabase)
    with transaction(core.db.engine, write=True) as connection:
        connection.execute(text("UPDATE jobs SET not_before = 0, lease_until = CASE WHEN state = 'leased' THEN 0 END"))


def jobs(core: Core) -> list[tuple[str, str, int]]:
    """Those of calls and deliveries; the call's follow-up waits for its time to settle, whatever happens."""
    assert isinstance(core.db, SqlDatabase)
    with transaction(core.db.engine, write=False) as connection:
        rows = connection.execute(text("SELECT kind, state, attempt FROM jobs WHERE kind != 'settle' ORDER BY id"))
        return [tuple(r) for r in rows]


def events(core: Core) -> list[str]:
    """Those of calls, not of their follow-up."""
    with core.db.tenant("t", write=False) as uow:
        return [e.type for e in uow.events.after(0) if not e.type.startswith("followup.")]


class Raising(ScriptedTranscriber):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def transcribe(self, recording: Path, **_: Any) -> Transcript:
        raise self.error


def failing(core: Core, error: Exception) -> Core:
    return replace(core, transcriber=lambda: Raising(error))


def test_a_recording_missing_from_the_store_fails_its_call_after_the_tries(core: Core) -> None:
    call = upload(core)
    assert call.recording is not None
    core.blobs.delete(call.recording.blob)
    for _ in range(3):
        assert run_next(core, "asr")
        hurry(core)
    found = read(core, call)
    assert (found.status, found.error_code) == (CallStatus.FAILED, "recording_missing")
    assert events(core) == ["call.failed"]


def test_a_missing_transcript_fails_its_call(core: Core) -> None:
    call = upload(core)
    run_next(core, "asr")
    assert isinstance(core.db, SqlDatabase)
    with transaction(core.db.engine, write=True) as connection:
        connection.execute(text("DELETE FROM transcripts"))
    run_next(core, "text")
    found = read(core, call)
    assert (found.status, found.error_code) == (CallStatus.FAILED, "transcript_missing")
    assert events(core) == ["call.failed"]


@pytest.mark.parametrize(
    "error",
    [
        BlobsUnavailable(problem="no answer"),
        DatabaseUnavailable(problem="no answer"),
        ModelUnknown(name="large", known="demo"),
    ],
    ids=lambda e: e.code,
)
def test_an_outage_uses_up_no_tries_and_says_why_it_waits(core: Core, error: SpeechsvcError) -> None:
    call = upload(core)
    for _ in range(5):
        assert run_next(failing(core, error), "asr")
        found = read(core, call)
        assert (found.status, found.error_code) == (CallStatus.QUEUED, error.code)
        assert not run_next(core, "asr")  # pauses first
        hurry(core)
    while run_next(core, "asr") or run_next(core, "text"):
        pass
    found = read(core, call)
    assert (found.status, found.error_code, found.error) == (CallStatus.DONE, None, None)
    assert events(core) == ["call.analysed"]


def test_an_unexpected_error_of_the_stage_still_fails_the_call_after_three_tries(core: Core) -> None:
    call = upload(core)
    for _ in range(3):
        assert run_next(failing(core, RuntimeError("x")), "asr")
        hurry(core)
    assert not run_next(core, "asr")
    assert (read(core, call).status, read(core, call).error_code) == (CallStatus.FAILED, "stage_failed")
    assert jobs(core) == [("transcribe", "dead", 3)]


def test_a_broken_lexicon_fails_no_call(core: Core) -> None:
    def broken(tenant_id: str) -> Any:
        raise LexiconInvalid(file="default.yaml", problem="no topics")

    call = upload(core)
    run_next(core, "asr")
    for _ in range(4):
        assert run_next(replace(core, analyser=broken), "text")
        assert (read(core, call).status, read(core, call).error_code) == (CallStatus.ANALYSING, "analyser_unavailable")
        hurry(core)
    run_next(core, "text")
    assert read(core, call).status is CallStatus.DONE


def test_a_database_that_fails_while_a_failure_is_noted_leaves_the_job_to_its_lease(core: Core) -> None:
    class Down:
        def tenant(self, tenant_id: str, *, write: bool = True) -> Any:
            raise DatabaseUnavailable(problem="gone")

    call = upload(core)
    assert run_next(replace(core, db=Down()), "asr")  # raises nothing
    assert jobs(core) == [("transcribe", "leased", 1)]
    hurry(core)
    while run_next(core, "asr") or run_next(core, "text"):
        pass
    assert read(core, call).status is CallStatus.DONE


def test_a_worker_that_wakes_after_its_lease_does_not_set_a_finished_call_back(core: Core) -> None:
    call = upload(core)
    slept = core.system.lease([JobKind.TRANSCRIBE], -1)
    assert slept is not None
    while run_next(core, "asr") or run_next(core, "text"):
        pass
    with pytest.raises(SpeechsvcError) as caught:
        transcribe_call(core, slept, lambda _: None)
    assert caught.value.code == "stale_lease"
    assert read(core, call).status is CallStatus.DONE


class LosesTheAnswer:
    """The commit that stores the transcript goes through, and its answer is lost."""

    def __init__(self, core: Core) -> None:
        self.db = core.db

    def tenant(self, tenant_id: str, *, write: bool = True) -> Any:
        uow = self.db.tenant(tenant_id, write=write)
        saved: list[bool] = []
        commit: Callable[[], None] = uow.commit

        class Uow:
            def __enter__(self) -> Any:
                uow.__enter__()
                return self

            def __exit__(self, *about: Any) -> None:
                uow.__exit__(*about)

            def __getattr__(self, name: str) -> Any:
                if name == "transcripts":
                    saved.append(True)
                return getattr(uow, name)

            def commit(self) -> None:
                commit()
                if saved:
                    raise DatabaseUnavailable(problem="connection lost during commit")

        return Uow()


def test_a_commit_whose_answer_is_lost_keeps_the_playback_that_it_stored(core: Core) -> None:
    call = upload(core)
    assert run_next(replace(core, db=LosesTheAnswer(core)), "asr")
    playback = read(core, call).playback
    assert playback is not None
    assert core.blobs.size(playback.blob) == playback.size


def erased_in_the_middle(core: Core, call: Call) -> Core:
    class Erases(ScriptedTranscriber):
        def transcribe(self, recording: Path, **options: Any) -> Transcript:
            erase_call(core, ADMIN, call.id)
            return super().transcribe(recording, **options)

    return replace(core, transcriber=Erases)


def test_erased_while_it_is_transcribed_leaves_nothing(core: Core, settings: Settings) -> None:
    call = upload(core)
    erasing = erased_in_the_middle(core, call)
    assert run_next(erasing, "asr")
    hurry(core)
    assert not run_next(core, "asr")
    assert jobs(core) == []
    assert [p for p in (settings.data_dir / "recordings").rglob("*") if p.is_file()] == []
    assert events(core) == ["call.erased"]


def test_erasing_does_not_fail_with_the_store(core: Core) -> None:
    class Away:
        def delete(self, key: str) -> None:
            raise BlobsUnavailable(problem="no answer")

    call = upload(core)
    erase_call(replace(core, blobs=Away()), ADMIN, call.id)  # type: ignore[arg-type]
    assert events(core) == ["call.erased"]


# --- deliveries -----------------------------------------------------------------------------------------------------


def _endpoint(endpoint_id: str) -> Endpoint:
    return Endpoint(
        id=endpoint_id, url="https://crm.example/x", event_types=("call.analysed",), created_at=datetime.now(UTC)
    )


def with_delivery(core: Core) -> Job:
    """A webhook, and one event on its way to it."""
    with core.db.tenant("t") as uow:
        uow.webhooks.add(_endpoint("h"), "whsec_x")
        uow.commit()
    turns = [Turn(speaker=Speaker.AGENT, start=0, end=1, text="您好")]
    receive_text(core, ADMIN, make_metadata(9), Source.MINUTES, turns)
    assert run_next(core, "text")
    [job] = [j for j in jobs(core) if j[0] == "deliver"]
    assert job == ("deliver", "ready", 0)
    leased = core.system.lease([JobKind.DELIVER], 60)
    assert leased is not None
    core.system.release(leased)
    return leased


def state(core: Core, job: Job) -> tuple[DeliveryState, int]:
    with core.db.tenant("t", write=False) as uow:
        delivery = uow.webhooks.delivery(job.subject)
    assert (delivery.next_at is None) == (delivery.state is not DeliveryState.PENDING)
    return delivery.state, len(delivery.attempts)


class Breaks:
    def send(self, url: str, **_: Any) -> Any:
        raise RuntimeError("a bug")

    def validate(self, url: str) -> None: ...


def test_an_error_of_ours_ends_a_delivery_with_its_schedule(core: Core) -> None:
    job = with_delivery(core)
    broken = replace(core, sender=Breaks())
    tries = 0
    while run_next(broken, "crm"):
        tries += 1
        assert tries <= 10
        hurry(core)
    assert tries == 10
    assert state(core, job) == (DeliveryState.FAILED, 10)


def test_a_delivery_that_takes_its_worker_down_each_time_ends(core: Core) -> None:
    job = with_delivery(core)
    for _ in range(10):
        assert core.system.lease([JobKind.DELIVER], -1) is not None
    assert run_next(replace(core, sender=Breaks()), "crm")
    assert state(core, job)[0] is DeliveryState.FAILED
    hurry(core)
    assert not run_next(core, "crm")


def test_a_delivery_to_a_switched_off_endpoint_is_not_shown_as_pending(core: Core) -> None:
    job = with_delivery(core)
    with core.db.tenant("t") as uow:
        uow.webhooks.disable("h", "gone")
        uow.commit()
    assert run_next(core, "crm")
    assert state(core, job)[0] is DeliveryState.FAILED


def test_an_endpoint_deleted_meanwhile_does_not_cost_the_call_its_result(core: Core) -> None:
    class Forgets:
        """Lists an endpoint that is gone when its delivery is added."""

        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def list(self) -> tuple[Endpoint, ...]:
            return (Endpoint(id="gone", url="https://crm.example", created_at=datetime.now(UTC)),)

    class Db:
        def tenant(self, tenant_id: str, *, write: bool = True) -> Any:
            uow = core.db.tenant(tenant_id, write=write)

            class Uow:
                webhooks = property(lambda self: Forgets(uow.webhooks))

                def __enter__(self) -> Any:
                    uow.__enter__()
                    return self

                def __exit__(self, *about: Any) -> None:
                    uow.__exit__(*about)

                def __getattr__(self, name: str) -> Any:
                    return getattr(uow, name)

            return Uow()

    call = upload(core)
    run_next(core, "asr")
    assert run_next(replace(core, db=Db()), "text")
    assert read(core, call).status is CallStatus.DONE
    assert events(core) == ["call.analysed"]


def test_a_full_disk_lets_readers_in(core: Core) -> None:
    assert isinstance(core.system, SqlSystem)
    assert isinstance(core.db, SqlDatabase)
    key, _ = create_key(core.system, tenant_id="t", role=Role.QA)

    @event.listens_for(core.db.engine, "before_cursor_execute")
    def full(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("UPDATE"):
            raise StorageFull

    assert authenticate(core.system, key).role is Role.QA
