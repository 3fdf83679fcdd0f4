"""The steps of a resumable upload without HTTP: crashes between any two of them, two processes at once, both stores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from speechsvc.config import Settings
from speechsvc.domain.access import Principal, Role
from speechsvc.domain.call import CallMetadata, Customer, Direction, Opportunity, Recording, Salesperson
from speechsvc.domain.upload import Upload
from speechsvc.errors import NotFound, StorageFull
from speechsvc.ports import BlobStore, CallFilter, Tenant
from speechsvc.services.clean_up import clean_up
from speechsvc.services.core import Core
from speechsvc.services.erase_call import erase_call
from speechsvc.services.receive_call import ExternalIdConflict, RecordingEmpty, receive_call
from speechsvc.services.resume_upload import (
    LIFETIME,
    OffsetConflict,
    UploadExpired,
    add_part,
    clean_uploads,
    create_upload,
    end_upload,
    find_upload,
    finish_upload,
    read_upload,
)
from speechsvc.storage.blob_store import make_blob_store
from speechsvc.storage.local_blobs import LocalBlobs
from tests.fakes.api_service import make_application

ME = Principal(tenant_id="acme", key_id="key_1", role=Role.UPLOADER)
METADATA = CallMetadata(
    external_id="pbx-1",
    started_at=datetime(2026, 11, 23, 6, 5, tzinfo=UTC),
    direction=Direction.INBOUND,
    salesperson=Salesperson(id="s-1", name="王芳", team="east"),
    customer=Customer(id="c-1"),
    opportunity=Opportunity(id="o-1", stage="报价"),
    caller="13812345678",
    channels={"left": "customer", "right": "agent"},
)
DATA = os.urandom(3000)


class Crash(BaseException):
    """The process dies here: nothing after this line runs."""


@dataclass
class Clock:
    at: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class Store:
    """The real store; dies, fails or calls out at a chosen step."""

    def __init__(self, inner: BlobStore) -> None:
        self._inner = inner
        self.on_open: Callable[[], None] = lambda: None
        self.on_delete: Callable[[], None] = lambda: None
        self.on_writer: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def writer(self, tenant_id: str) -> Any:
        self.on_writer()
        return self._inner.writer(tenant_id)

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.on_open()
        return self._inner.open(key, start, length)

    def delete(self, key: str) -> None:
        self.on_delete()
        self._inner.delete(key)


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "s3":
        endpoint = request.getfixturevalue("s3_endpoint")
        for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "us-east-1")):
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        bucket = f"calls-{os.urandom(4).hex()}"
        boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
        settings = settings.model_copy(update={"blob_url": f"s3://{bucket}/rec", "s3_endpoint_url": endpoint})
    return Store(make_blob_store(settings))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def core(settings: Settings, store: Store, clock: Clock) -> Iterator[Core]:
    settings.data_dir.mkdir()
    application, database = make_application(settings, [])
    application.core.system.migrate()
    application.core.system.add_tenant(Tenant(id="acme", name="acme", timezone="Asia/Shanghai"))
    yield replace(application.core, blobs=store, clock=clock)
    database.dispose()


def keys(core: Core) -> list[str]:
    """Every file in the store, whether a row knows it or not."""
    inner = core.blobs._inner  # type: ignore[attr-defined]
    if isinstance(inner, LocalBlobs):
        return [f"{p.parents[2].name}/{p.parent.name}" for p in inner._root.glob("*/??/*/recording")]
    items = inner.client.list_objects_v2(Bucket=inner._bucket).get("Contents", [])
    return [item["Key"].removeprefix("rec/") for item in items]


def piece(core: Core, data: bytes) -> Recording:
    writer = core.blobs.writer("acme")
    writer.write(data)
    return writer.commit()


def sent(core: Core, *sizes: int, data: bytes = DATA) -> Upload:
    """An upload of `data` with its first pieces."""
    upload = create_upload(core, ME, METADATA, len(data))
    for size in sizes:
        upload = add_part(core, ME, upload, piece(core, data[upload.offset : upload.offset + size]))
    return upload


def content(core: Core, call_id: str) -> bytes:
    with core.db.tenant("acme", write=False) as uow:
        call = uow.calls.get(call_id)
    assert call.recording is not None
    assert call.metadata == METADATA
    return b"".join(core.blobs.open(call.recording.blob))


def calls(core: Core) -> int:
    with core.db.tenant("acme", write=False) as uow:
        return len(uow.calls.list(CallFilter()).items)


def assert_one_call(core: Core, upload: Upload) -> None:
    """The call is whole, and after the sweep its recording is the only file."""
    assert upload.call_id is not None
    assert content(core, upload.call_id) == DATA
    clean_up(core, older_than_s=-60)
    assert len(keys(core)) == calls(core) == 1
    assert content(core, upload.call_id) == DATA


def test_pieces_become_the_call(core: Core) -> None:
    upload = finish_upload(core, ME, sent(core, 1000, 1, 1999))
    assert len(keys(core)) == 1
    assert_one_call(core, upload)


def test_nothing_happens_before_the_last_byte(core: Core) -> None:
    upload = sent(core, 1000, 1999)
    assert finish_upload(core, ME, upload).call_id is None
    assert (calls(core), len(keys(core))) == (0, 2)


def dying() -> None:
    raise Crash


@pytest.mark.parametrize("by", ["client", "janitor"])
@pytest.mark.parametrize("step", ["before joining", "while joining", "after joining", "after the commit"])
def test_a_crash_between_any_two_steps(core: Core, store: Store, step: str, by: str) -> None:
    upload = sent(core, 1000, 2000)
    if step == "while joining":
        opened: list[int] = []

        def second() -> None:
            opened.append(1)
            if len(opened) == 2:
                raise Crash

        store.on_open = second
    elif step == "after the commit":
        store.on_delete = dying
    if step == "after joining":  # the joined file is durable, no row knows it
        piece(core, DATA)
    elif step != "before joining":
        with pytest.raises(Crash):
            finish_upload(core, ME, upload)
    store.on_open = store.on_delete = lambda: None
    assert len(keys(core)) >= 2
    if by == "janitor":
        clean_up(core, older_than_s=-60)
        assert len(keys(core)) == 1
    found = read_upload(core, ME, upload.id)
    assert_one_call(core, found)
    with core.db.tenant("acme", write=False) as uow:
        assert [e.actor for e in uow.audit.list().items if e.action == "call.received"] == ["key_1"]


def test_a_full_disk_while_joining_keeps_every_part(core: Core, store: Store) -> None:
    upload = sent(core, 1000, 2000)

    def full() -> None:
        raise StorageFull

    store.on_writer = full
    with pytest.raises(StorageFull):
        finish_upload(core, ME, upload)
    clean_up(core, older_than_s=-60)  # the janitor fails as well, and keeps them
    store.on_writer = lambda: None
    assert_one_call(core, read_upload(core, ME, upload.id))


def test_two_processes_finish_at_once(core: Core, store: Store) -> None:
    """While one reads the parts, another finishes and takes them away."""
    upload = sent(core, 1000, 2000)
    other: list[Upload] = []

    def meanwhile() -> None:
        if not other:
            other.append(upload)
            other[0] = finish_upload(core, ME, upload)

    store.on_open = meanwhile
    mine = finish_upload(core, ME, upload)
    assert mine.call_id == other[0].call_id
    assert_one_call(core, mine)


def after_joining(store: Store, act: Callable[[], None]) -> None:
    """Calls `act` once, when the next joined file is durable and nobody knows it yet."""
    real = store._inner.writer

    def once(tenant_id: str) -> Any:
        store._inner.writer = real  # type: ignore[method-assign]
        writer = real(tenant_id)
        commit = writer.commit

        def late() -> Recording:
            made = commit()
            act()
            return made

        writer.commit = late  # type: ignore[method-assign]
        return writer

    store._inner.writer = once  # type: ignore[method-assign]


def test_finished_by_another_after_the_parts_were_read(core: Core, store: Store) -> None:
    """Both have joined; the second commit makes no second call and removes only its own file."""
    upload, other = sent(core, 3000), list[Upload]()
    after_joining(store, lambda: other.append(finish_upload(core, ME, upload)))
    mine = finish_upload(core, ME, upload)
    assert len(keys(core)) == 1
    assert mine.call_id == other[0].call_id
    assert_one_call(core, mine)


def test_a_call_that_was_erased_meanwhile_does_not_come_back(core: Core, store: Store) -> None:
    upload, admin = sent(core, 3000), replace(ME, role=Role.ADMIN)
    after_joining(store, lambda: erase_call(core, admin, finish_upload(core, ME, upload).call_id or ""))
    assert finish_upload(core, ME, upload).call_id is not None
    assert (calls(core), keys(core)) == (0, [])


def test_ended_after_joining(core: Core, store: Store) -> None:
    upload = sent(core, 3000)
    after_joining(store, lambda: end_upload(core, ME, upload.id))
    with pytest.raises(NotFound):
        finish_upload(core, ME, upload)
    assert (calls(core), keys(core)) == (0, [])


def test_ended_while_it_is_being_finished(core: Core, store: Store) -> None:
    upload = sent(core, 3000)
    store.on_open = lambda: end_upload(core, ME, upload.id)
    with pytest.raises(NotFound):
        finish_upload(core, ME, upload)
    assert (calls(core), keys(core)) == (0, [])


def test_of_two_writers_one_wins_and_the_others_file_is_gone(core: Core) -> None:
    begun = sent(core, 1000)
    first, second = piece(core, DATA[1000:2000]), piece(core, b"x" * 500)
    add_part(core, ME, begun, first)
    with pytest.raises(OffsetConflict, match="2000"):
        add_part(core, ME, begun, second)
    assert len(keys(core)) == 2


def test_a_piece_beyond_the_length_is_not_taken(core: Core) -> None:
    begun = sent(core, 1000)
    with pytest.raises(OffsetConflict):
        add_part(core, ME, begun, piece(core, b"x" * 2001))
    assert find_upload(core, ME, begun.id).offset == 1000
    assert len(keys(core)) == 1


def test_a_conflict_is_final_and_leaves_no_part(core: Core) -> None:
    receive_call(core, ME, METADATA, piece(core, b"y" * 3000))
    upload = sent(core, 1000, 2000)
    for ask in (finish_upload, finish_upload):
        with pytest.raises(ExternalIdConflict, match="pbx-1"):
            ask(core, ME, upload)
    assert len(keys(core)) == 1
    assert clean_uploads(core) == 0
    with pytest.raises(ExternalIdConflict):
        read_upload(core, ME, upload.id)


def test_expiry(core: Core, clock: Clock) -> None:
    upload = sent(core, 1000)
    clock.at += LIFETIME - timedelta(seconds=1)
    assert (find_upload(core, ME, upload.id).offset, clean_uploads(core)) == (1000, 0)
    clock.at += timedelta(seconds=1)
    with pytest.raises(UploadExpired):
        find_upload(core, ME, upload.id)
    assert clean_uploads(core) == 1
    assert keys(core) == []
    with pytest.raises(NotFound):
        find_upload(core, ME, upload.id)


def test_a_complete_upload_never_expires_unreceived(core: Core, clock: Clock) -> None:
    upload = sent(core, 3000)
    clock.at += LIFETIME
    with core.db.tenant("acme", write=False) as uow:
        assert uow.uploads.expired(clock.at) == ()
    finished = read_upload(core, ME, upload.id)
    assert clean_uploads(core) == 1  # its row; the call stays
    assert_one_call(core, finished)


def test_a_busy_day_is_cleared_in_one_round(core: Core, clock: Clock) -> None:
    upload = sent(core, 1000)
    with core.db.tenant("acme") as uow:
        for number in range(250):
            uow.uploads.add(replace(upload, id=f"upl_{number}", offset=0, parts=()))
        uow.commit()
    clock.at += LIFETIME
    assert clean_uploads(core) == 251
    assert keys(core) == []


def test_an_empty_recording_is_refused_at_once(core: Core) -> None:
    with pytest.raises(RecordingEmpty):
        create_upload(core, ME, METADATA, 0)


def test_another_tenants_upload_does_not_exist(core: Core) -> None:
    core.system.add_tenant(Tenant(id="other", name="other", timezone="Asia/Shanghai"))
    stranger = replace(ME, tenant_id="other")
    upload = sent(core, 1000)
    for touch in (find_upload, read_upload, end_upload):
        with pytest.raises(NotFound):
            touch(core, stranger, upload.id)
    with pytest.raises(NotFound):
        add_part(core, stranger, upload, piece(core, b"x"))
    assert len(keys(core)) == 1
