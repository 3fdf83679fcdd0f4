"""Recordings in a local folder and in an S3-compatible store. The store is moto's HTTP server, a stand-in by name."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from speechsvc.config import Settings
from speechsvc.errors import InvalidInput, NotFound, StorageFull
from speechsvc.ports import BlobStore
from speechsvc.storage.blob_store import make_blob_store
from speechsvc.storage.blobs import CHUNK, BlobsUnavailable
from speechsvc.storage.s3_blobs import PART

DATA = os.urandom(3 * CHUNK + 12345)


@pytest.fixture(params=["local", "s3"])
def blobs(request: pytest.FixtureRequest, settings: Settings) -> BlobStore:
    if request.param == "s3":
        settings = request.getfixturevalue("s3_settings")
    return make_blob_store(settings)


def stored(blobs: BlobStore, data: bytes = DATA, step: int = 700_001) -> Any:
    writer = blobs.writer("t")
    for start in range(0, len(data), step):
        writer.write(data[start : start + step])
    assert writer.size == len(data)
    return writer.commit()


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART + 7])
def test_what_was_written_comes_back(blobs: BlobStore, size: int) -> None:
    data = (DATA * (size // len(DATA) + 1))[:size]
    recording = stored(blobs, data)
    assert recording.blob.startswith("t/")
    assert (recording.size, recording.sha256) == (size, hashlib.sha256(data).hexdigest())
    chunks = list(blobs.open(recording.blob))
    assert b"".join(chunks) == data
    assert max(map(len, chunks), default=0) <= CHUNK
    assert blobs.size(recording.blob) == size
    with blobs.local_copy(recording.blob) as path:
        assert path.read_bytes() == data
        assert [p.name for p in path.parent.iterdir()] == [path.name]  # alone


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 0), (0, 10), (5, None), (CHUNK - 1, 2), (len(DATA) - 3, 100), (len(DATA), 1), (10**9, None)],
)
def test_ranges(blobs: BlobStore, start: int, length: int | None) -> None:
    key = stored(blobs).blob
    end = None if length is None else start + length
    assert b"".join(blobs.open(key, start, length)) == DATA[start:end]


def test_a_file_is_taken_over_whole(blobs: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(DATA)
    recording = blobs.put_file("t", tmp_path / "x.wav")
    assert recording.sha256 == hashlib.sha256(DATA).hexdigest()
    assert b"".join(blobs.open(recording.blob)) == DATA


@pytest.mark.parametrize("key", ["t/" + "0" * 32, "t/../../etc/passwd", "../x", "t", "t/x/y", ""])
def test_unknown_and_foreign_keys_are_not_found(blobs: BlobStore, key: str) -> None:
    with pytest.raises(NotFound):
        blobs.open(key)
    with pytest.raises(NotFound):
        blobs.size(key)
    with pytest.raises(NotFound), blobs.local_copy(key):
        pass


@pytest.mark.parametrize("tenant", ["", "../x", "a/b", ".", "..", "a\0"])
def test_a_tenant_that_is_no_folder_name_is_refused(blobs: BlobStore, tenant: str) -> None:
    with pytest.raises(InvalidInput, match="tenant"):
        blobs.writer(tenant)


def test_deleting_twice_is_no_error(blobs: BlobStore) -> None:
    key = stored(blobs).blob
    blobs.delete(key)
    blobs.delete(key)
    with pytest.raises(NotFound):
        blobs.size(key)


def test_an_aborted_or_unfinished_write_shows_nothing(blobs: BlobStore) -> None:
    aborted, open_ended = blobs.writer("t"), blobs.writer("t")
    for writer in (aborted, open_ended):
        writer.write(DATA * 4)  # more than a part
    aborted.abort()
    aborted.abort()
    assert blobs.sweep(lambda key: False, older_than_s=-1) == 1  # only what is left of the unfinished one
    assert blobs.sweep(lambda key: False, older_than_s=-1) == 0


def test_the_sweep_removes_only_what_is_old_and_unknown(blobs: BlobStore) -> None:
    known, unknown = stored(blobs).blob, stored(blobs).blob
    assert blobs.sweep(lambda key: key == known, older_than_s=3600) == 0
    time.sleep(1.1)  # the store's times have whole seconds
    assert blobs.sweep(lambda key: key == known, older_than_s=0) == 1
    assert blobs.size(known) == len(DATA)
    with pytest.raises(NotFound):
        blobs.size(unknown)


def test_a_usable_store_passes_its_check(blobs: BlobStore) -> None:
    blobs.check()


def test_a_folder_that_cannot_be_made_fails_its_check(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BlobsUnavailable):
        make_blob_store(settings.model_copy(update={"data_dir": tmp_path / "file"})).check()


def test_a_store_that_is_not_there_is_unavailable(s3_settings: Settings) -> None:
    silent = s3_settings.model_copy(update={"s3_endpoint_url": "http://127.0.0.1:1"})
    with pytest.raises(BlobsUnavailable, match="does not answer"):
        make_blob_store(silent).check()


def test_a_missing_bucket_fails_the_check(s3_settings: Settings) -> None:
    with pytest.raises((NotFound, BlobsUnavailable)):
        make_blob_store(s3_settings.model_copy(update={"blob_url": "s3://nobody"})).check()


def test_large_files_go_in_parts_and_small_ones_in_one_request(s3_settings: Settings) -> None:
    store = make_blob_store(s3_settings)
    operations: list[str] = []
    store.client.meta.events.register(  # type: ignore[attr-defined]
        "before-call.s3", lambda model, **kwargs: operations.append(model.name)
    )
    stored(store, b"x")
    assert operations == ["PutObject"]
    operations.clear()
    stored(store, DATA * 6)
    assert operations == ["CreateMultipartUpload", "UploadPart", "UploadPart", "UploadPart", "CompleteMultipartUpload"]


@pytest.mark.parametrize("url", ["ftp://x", "s3://", "/tmp/x"])
def test_a_store_of_another_kind_is_refused(settings: Settings, url: str) -> None:
    with pytest.raises(InvalidInput, match="blob_url"):
        make_blob_store(settings.model_copy(update={"blob_url": url}))


_FILL = """
import sys
from pathlib import Path
from speechsvc.storage.local_blobs import LocalBlobs
from speechsvc.errors import StorageFull
writer = LocalBlobs(Path(sys.argv[1])).writer("t")
try:
    while True:
        writer.write(b"x" * 65536)
except StorageFull:
    sys.exit(33)
"""


def test_a_full_disk_is_storage_full_and_leaves_nothing(tmp_path: Path) -> None:
    """On a file system of 256 kB where we may mount one; /dev/full shows the same error elsewhere."""
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)], capture_output=True, check=False
        ).returncode
    ):
        _translates_enospc()
        return
    try:
        done = subprocess.run([sys.executable, "-c", _FILL, str(tmp_path)], cwd=Path.cwd(), timeout=60, check=False)
        assert done.returncode == 33
        assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=False)


def _translates_enospc() -> None:
    from speechsvc.storage.local_blobs import _translated

    with pytest.raises(OSError) as caught, open("/dev/full", "wb", buffering=0) as full:  # noqa: PT011
        full.write(b"x")
    assert isinstance(_translated(caught.value), StorageFull)
