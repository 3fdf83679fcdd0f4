"""What is stored is for its owner alone, what is erased is gone, and nothing is swept away by mistake."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from speechsvc.bootstrap import Application
from speechsvc.cli.demo import FolderTaken, _settings
from speechsvc.cli.supervisor import Child
from speechsvc.config import Settings
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.call import CallStatus, Source
from speechsvc.domain.conversation import Speaker, Turn
from speechsvc.domain.transcript import Segment, Transcript
from speechsvc.errors import Forbidden
from speechsvc.services.clean_up import STRAYS, StoreUnfamiliar, clean_up, remove_leftovers
from speechsvc.services.core import Core
from speechsvc.services.erase_call import erase_call
from speechsvc.services.mask_words import silent_spans
from speechsvc.services.read_calls import NotReady, read_recording
from speechsvc.services.receive_call import receive_call
from speechsvc.services.receive_text import receive_text
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.engine import transaction
from tests.unit.storage.builders import make_metadata

ADMIN = Principal(tenant_id="default", key_id="k", role=Role.ADMIN)
EVERYTHING = -60.0  # older than minus a minute: every file


@pytest.fixture
def application(settings: Settings) -> Iterator[Application]:
    application = Application(settings)
    application.prepare()
    yield application
    application.close()


@pytest.fixture
def core(application: Application) -> Core:
    return application.core


def others_may(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) & 0o077


def test_nobody_else_on_the_machine_may_read_what_is_stored(application: Application, settings: Settings) -> None:
    before = os.umask(0o022)
    try:
        fresh = Application(Settings(_env_file=None, data_dir=settings.data_dir / "a" / "b"))
        fresh.prepare()
        writer = fresh.core.blobs.writer("default")
        writer.write(b"sound")
        writer.commit()
        assert fresh.announcer._app.conf.broker_url
    finally:
        os.umask(before)
    folder = fresh.settings.data_dir
    assert (folder / "broker").is_dir()
    assert [p for p in (folder, folder.parent, folder / "recordings", folder / "broker") if others_may(p)] == []
    databases = list(folder.glob("speechsvc.db*"))
    assert [p.name for p in databases if others_may(p) and p.suffix != ".lock"] == []
    assert len(databases) >= 2  # with the side files of a database in use
    fresh.close()


def test_erased_words_are_overwritten_in_the_file(core: Core, settings: Settings) -> None:
    told = "erased-words-" + "x" * 40
    metadata = replace(make_metadata(1), caller=told, followup_id=told)
    turns = [Turn(speaker=Speaker.AGENT, start=0, end=1, text="您好")]
    call = receive_text(core, ADMIN, metadata, Source.MINUTES, turns).call
    _checkpoint(settings)
    assert told.encode() in (settings.data_dir / "speechsvc.db").read_bytes()
    erase_call(core, ADMIN, call.id)
    _checkpoint(settings)
    assert told.encode() not in (settings.data_dir / "speechsvc.db").read_bytes()


def _checkpoint(settings: Settings) -> None:
    with sqlite3.connect(settings.data_dir / "speechsvc.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def test_the_original_of_a_call_that_was_never_transcribed_is_for_raw_readers_only(core: Core) -> None:
    writer = core.blobs.writer("default")
    writer.write(b"sound")
    call = receive_call(core, ADMIN, make_metadata(1), writer.commit()).call
    with pytest.raises(NotReady):
        read_recording(core, ADMIN, call.id)
    with core.db.tenant("default") as uow:
        uow.calls.update(call.id, status=CallStatus.FAILED, error_code="stage_failed", error="x")
        uow.commit()
    with pytest.raises(Forbidden):
        read_recording(core, ADMIN, call.id)
    assert read_recording(core, replace(ADMIN, raw=True), call.id, raw=True).size == 5


def test_a_number_is_silenced_on_every_channel() -> None:
    said = Segment(speaker=Speaker.UNKNOWN, channel=0, start=1.0, end=3.0, text="我电话13812345678")
    transcript = Transcript(
        segments=(said,), speech=(), duration=4.0, language="zh", model={}, warnings=("channels_identical",)
    )
    assert [channel for channel, _, _ in silent_spans(transcript)] == [None]


# --- the sweep ------------------------------------------------------------------------------------------------------


def _store(core: Core, count: int) -> list[str]:
    keys = []
    for number in range(count):
        writer = core.blobs.writer("default")
        writer.write(f"sound {number}".encode())
        keys.append(writer.commit().blob)
    return keys


def test_a_database_that_knows_none_of_the_recordings_sweeps_none_away(core: Core) -> None:
    keys = _store(core, STRAYS + 1)
    core.blobs.writer("default").write(b"half")
    with pytest.raises(StoreUnfamiliar):
        clean_up(core, EVERYTHING)
    assert [core.blobs.size(k) for k in keys]


def test_a_few_strays_are_swept(core: Core) -> None:
    keys = _store(core, 3)
    writer = core.blobs.writer("default")
    writer.write(b"known")
    call = receive_call(core, ADMIN, make_metadata(1), writer.commit()).call
    assert clean_up(core, EVERYTHING) == len(keys)
    assert clean_up(core, EVERYTHING) == 0
    assert call.recording is not None
    assert core.blobs.size(call.recording.blob) == 5


def test_sound_that_a_killed_worker_left_among_temporary_files_is_removed(tmp_path: Path) -> None:
    for name in ("speechsvc-audio-old", "speechsvc-audio-new", "somebody-elses"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "samples.pcm").write_bytes(b"voice")
    for name in ("speechsvc-audio-old", "somebody-elses"):
        os.utime(tmp_path / name, (0, 0))
    assert remove_leftovers(tmp_path) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["somebody-elses", "speechsvc-audio-new"]


# --- starting -------------------------------------------------------------------------------------------------------


def test_the_demo_deletes_no_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "mine.txt").write_text("mine")
    with pytest.raises(FolderTaken):
        _settings(tmp_path, None)
    assert (tmp_path / "service" / "mine.txt").read_text() == "mine"
    (tmp_path / "service" / "speechsvc.db").touch()
    _settings(tmp_path, None)
    assert not (tmp_path / "service").exists()


def test_an_unknown_time_zone_stops_the_start_not_each_upload() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Settings(_env_file=None, timezone="Asia/Nowhere")


def test_a_process_that_cannot_start_is_tried_again_later(tmp_path: Path) -> None:
    child = Child("x", [str(tmp_path / "absent")], {})
    pauses = []
    for _ in range(3):
        child.tend()  # raises nothing: the other processes live on
        assert child.process is None
        pauses.append(child.due)
        child.tend()  # too early
        child.due = 0.0
    assert pauses == sorted(pauses)
    assert child.failures == 3


def test_a_database_error_names_no_values(core: Core) -> None:
    assert isinstance(core.db, SqlDatabase)
    with pytest.raises(SQLAlchemyError) as caught, transaction(core.db.engine, write=True) as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:x)"), {"x": "13812345678"})
    assert "13812345678" not in str(caught.value)
