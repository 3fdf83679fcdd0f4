"""Recordings in an S3-compatible store: `<prefix>/<tenant>/<random>`. Credentials come from AWS_* as usual."""

from __future__ import annotations

import base64
import errno
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from speechsvc.domain.call import Recording
from speechsvc.errors import NotFound, StorageFull
from speechsvc.storage.blobs import CHUNK, BlobsUnavailable, checked, copy_in, new_key

PART = 8 << 20  # bytes; smaller files go in one request. 10,000 parts make 80 GB


class S3Blobs:
    """Implements `BlobStore`. The client is made at the first use."""

    def __init__(self, bucket: str, prefix: str, *, endpoint_url: str | None = None) -> None:
        self._bucket, self._prefix, self._endpoint_url = bucket, prefix, endpoint_url

    @cached_property
    def client(self) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 5, "mode": "standard"},
            # newer checksum headers are unknown to many compatible stores; we send Content-MD5, which all know
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return boto3.client("s3", endpoint_url=self._endpoint_url, config=config)

    def writer(self, tenant_id: str) -> S3Writer:
        key = new_key(tenant_id)
        return S3Writer(self.client, self._bucket, self._name(key), key)

    def put_file(self, tenant_id: str, path: Path) -> Recording:
        return copy_in(self.writer(tenant_id), path)

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        size = self.size(key)
        end = size if length is None else min(size, start + length)
        if start >= end:
            return iter(())  # an empty range is an error in HTTP
        with translated():
            found = self.client.get_object(Bucket=self._bucket, Key=self._name(key), Range=f"bytes={start}-{end - 1}")
        return _chunks(found["Body"])

    def size(self, key: str) -> int:
        with translated():
            return int(self.client.head_object(Bucket=self._bucket, Key=self._name(key))["ContentLength"])

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        with TemporaryDirectory(prefix="speechsvc-recording-") as folder:
            path = Path(folder) / "recording"
            self._download(key, path)
            yield path

    def _download(self, key: str, path: Path) -> None:
        try:
            with path.open("wb") as file:
                for data in self.open(key):
                    file.write(data)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise StorageFull from error
            raise

    def delete(self, key: str) -> None:
        with translated():
            self.client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def sweep(self, known: Callable[[str], bool], older_than_s: float) -> int:
        before = datetime.now(UTC) - timedelta(seconds=older_than_s)
        with translated():
            return self._sweep_files(known, before) + self._sweep_uploads(before)

    def _sweep_files(self, known: Callable[[str], bool], before: datetime) -> int:
        removed = 0
        for item in self._listed("list_objects_v2", "Contents"):
            key = item["Key"][len(self._name("")) :]
            if item["LastModified"] < before and not known(key):
                self.client.delete_object(Bucket=self._bucket, Key=item["Key"])
                removed += 1
        return removed

    def _sweep_uploads(self, before: datetime) -> int:
        removed = 0
        for item in self._listed("list_multipart_uploads", "Uploads"):
            if item["Initiated"] < before:
                self.client.abort_multipart_upload(Bucket=self._bucket, Key=item["Key"], UploadId=item["UploadId"])
                removed += 1
        return removed

    def _listed(self, operation: str, field: str) -> Iterator[dict[str, Any]]:
        for page in self.client.get_paginator(operation).paginate(Bucket=self._bucket, Prefix=self._name("")):
            yield from page.get(field, [])

    def check(self) -> None:
        with translated():
            self.client.head_bucket(Bucket=self._bucket)

    def _name(self, key: str) -> str:
        name = checked(key) if key else ""
        return f"{self._prefix}/{name}" if self._prefix else name


class S3Writer:
    """Implements `BlobWriter`: holds one part in memory; a file larger than that becomes a multipart upload."""

    def __init__(self, client: Any, bucket: str, name: str, key: str) -> None:
        self._client, self._target, self._key = client, {"Bucket": bucket, "Key": name}, key
        self._hash = hashlib.sha256()
        self._size = 0
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[dict[str, Any]] = []

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        self._size += len(data)
        self._buffer += data
        while len(self._buffer) >= PART:
            with self._aborting():
                self._send_part(bytes(self._buffer[:PART]))
            del self._buffer[:PART]

    def commit(self) -> Recording:
        with self._aborting():
            if self._upload_id is None:
                body = bytes(self._buffer)
                self._client.put_object(**self._target, Body=body, ContentMD5=_md5(body))
            else:
                self._complete()
        return Recording(blob=self._key, sha256=self._hash.hexdigest(), size=self._size)

    def _complete(self) -> None:
        if self._buffer:
            self._send_part(bytes(self._buffer))
        self._client.complete_multipart_upload(
            **self._target, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
        )

    def _send_part(self, body: bytes) -> None:
        if self._upload_id is None:
            self._upload_id = self._client.create_multipart_upload(**self._target)["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            **self._target, UploadId=self._upload_id, PartNumber=number, Body=body, ContentMD5=_md5(body)
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def abort(self) -> None:
        upload_id, self._upload_id = self._upload_id, None
        self._buffer.clear()
        if upload_id is not None:
            with suppress(Exception):  # the sweep repeats it
                self._client.abort_multipart_upload(**self._target, UploadId=upload_id)

    @contextmanager
    def _aborting(self) -> Iterator[None]:
        try:
            with translated():
                yield
        except BaseException:
            self.abort()
            raise


@contextmanager
def translated() -> Iterator[None]:
    """The client's errors as ours."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchKey"):
            raise NotFound(what="recording") from None
        raise BlobsUnavailable(problem=f"the object store answered {code}") from error
    except (BotoCoreError, HTTPClientError) as error:
        raise BlobsUnavailable(problem=f"the object store does not answer ({type(error).__name__})") from error


def _chunks(body: Any) -> Iterator[bytes]:
    with body:
        while True:
            with translated():
                data = body.read(CHUNK)
            if not data:
                return
            yield data


def _md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
