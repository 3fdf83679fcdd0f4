"""Recordings as files. `make_blob_store` chooses between a local folder and an S3-compatible store."""

from __future__ import annotations

import re
import secrets

from speechsvc.config import Settings
from speechsvc.errors import InvalidInput, NotFound, SpeechsvcError
from speechsvc.ports import BlobStore

CHUNK = 1 << 20  # bytes a reader gets at once

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}/[0-9a-f]{32}")


class BlobsUnavailable(SpeechsvcError):
    """The store of recordings cannot be used: {problem}"""

    code, status, permanent = "blobs_unavailable", 503, False
    zh = "录音存储无法使用：{problem}"
    advice = "Try again shortly; 'speechsvc doctor' shows what is wrong."
    advice_zh = "请稍后重试；'speechsvc doctor' 可查看原因。"


def make_blob_store(settings: Settings) -> BlobStore:
    """Connects to nothing yet. Raises InvalidInput for a `blob_url` that is neither empty nor s3://."""
    from speechsvc.storage.local_blobs import LocalBlobs
    from speechsvc.storage.s3_blobs import S3Blobs

    if not settings.blob_url:
        return LocalBlobs(settings.data_dir / "recordings")
    scheme, _, place = settings.blob_url.partition("://")
    bucket, _, prefix = place.partition("/")
    if scheme != "s3" or not bucket:
        raise InvalidInput(field="blob_url", problem="must be empty or s3://bucket/prefix")
    return S3Blobs(bucket, prefix.strip("/"), endpoint_url=settings.s3_endpoint_url)


def new_key(tenant_id: str) -> str:
    """`<tenant>/<128 random bits>`. Raises InvalidInput for a tenant id that cannot be a folder's name."""
    key = f"{tenant_id}/{secrets.token_hex(16)}"
    if not _KEY.fullmatch(key):
        raise InvalidInput(field="tenant", problem="only letters, digits, dots, dashes and underscores")
    return key


def checked(key: str) -> str:
    """The key, if we can have made it: whatever a database holds, no path leaves the store."""
    if not _KEY.fullmatch(key):
        raise NotFound(what="recording")
    return key
