"""Chooses between a local folder and an S3-compatible store."""

from __future__ import annotations

from speechsvc.config import Settings
from speechsvc.errors import InvalidInput
from speechsvc.ports import BlobStore
from speechsvc.storage.local_blobs import LocalBlobs
from speechsvc.storage.s3_blobs import S3Blobs


def make_blob_store(settings: Settings) -> BlobStore:
    """Connects to nothing yet. Raises InvalidInput for a `blob_url` that is neither empty nor s3://."""
    if not settings.blob_url:
        return LocalBlobs(settings.data_dir / "recordings")
    scheme, _, place = settings.blob_url.partition("://")
    bucket, _, prefix = place.partition("/")
    if scheme != "s3" or not bucket:
        raise InvalidInput(field="blob_url", problem="must be empty or s3://bucket/prefix")
    return S3Blobs(bucket, prefix.strip("/"), endpoint_url=settings.s3_endpoint_url)
