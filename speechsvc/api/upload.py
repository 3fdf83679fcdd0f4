"""Receives one uploaded recording: streamed to the blob store, counted, and gone without a trace if anything fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
from fastapi import Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from speechsvc.api.errors import Invalid, RecordingTooLarge, UploadCut
from speechsvc.api.field_errors import FieldErrors
from speechsvc.api.inputs import CallMetadataIn
from speechsvc.api.multipart import MultipartReader, PartBegin, PartData, PartEnd
from speechsvc.api.patience import within
from speechsvc.domain.call import CallMetadata, Recording
from speechsvc.ports import BlobStore, BlobWriter

MAX_METADATA_BYTES = 64 * 1024
_OVERHEAD_BYTES = MAX_METADATA_BYTES + 16 * 1024  # boundaries and part headers
_FLUSH_BYTES = 512 * 1024  # fewer changes of thread than network chunks


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadRules:
    max_bytes: int  # of the recording
    patience_s: float = 30.0  # without a single byte


async def receive_upload(
    request: Request, blobs: BlobStore, tenant_id: str, rules: UploadRules
) -> tuple[CallMetadata, Recording]:
    """Both parts, in any order; the recording is durable when this returns.

    Raises UnsupportedMediaType, RecordingTooLarge, UploadStalled, UploadCut, BadRequest, InvalidInput, FieldErrors,
    StorageFull.
    """
    reader = MultipartReader(request.headers.get("content-type", ""))
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > rules.max_bytes + _OVERHEAD_BYTES:
        raise RecordingTooLarge(max_bytes=rules.max_bytes)
    upload = _Upload(blobs, tenant_id, rules.max_bytes)
    try:
        async for chunk in _chunks(request, rules.patience_s):
            for event in reader.feed(chunk):
                await upload.take(event)
        if not reader.complete:
            raise UploadCut
        return await upload.finish()
    except BaseException:
        with anyio.CancelScope(shield=True):
            await upload.abort()
        raise


async def _chunks(request: Request, patience_s: float) -> AsyncIterator[bytes]:
    while True:
        message = await within(patience_s, request.receive())
        if message["type"] == "http.disconnect":
            raise UploadCut
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


class _Upload:
    """The state between two chunks."""

    def __init__(self, blobs: BlobStore, tenant_id: str, max_bytes: int) -> None:
        self._blobs, self._tenant_id, self._max_bytes = blobs, tenant_id, max_bytes
        self._part: str | None = None
        self._seen: set[str] = set()
        self._raw_metadata = bytearray()
        self._metadata: CallMetadata | None = None
        self._writer: BlobWriter | None = None
        self._size = 0
        self._buffer = bytearray()

    async def take(self, event: PartBegin | PartData | PartEnd) -> None:
        if isinstance(event, PartBegin):
            await self._begin(event.name)
        elif isinstance(event, PartData):
            await self._data(event.data)
        elif self._part == "metadata":
            self._metadata = parse_metadata(bytes(self._raw_metadata))
        elif self._part == "recording":
            await self._flush()

    async def finish(self) -> tuple[CallMetadata, Recording]:
        if self._metadata is None:
            raise Invalid("metadata", "this part is missing", "缺少这一部分")
        if self._writer is None:
            raise Invalid("recording", "this part is missing", "缺少这一部分")
        recording = await run_in_threadpool(self._writer.commit)
        self._writer = None
        return self._metadata, recording

    async def abort(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            await run_in_threadpool(writer.abort)

    async def _begin(self, name: str) -> None:
        if name not in ("metadata", "recording"):
            raise Invalid(
                name or "part",
                "unknown part; send 'metadata' and 'recording'",
                "未知部分；请发送 metadata 和 recording",
            )
        if name in self._seen:
            raise Invalid(name, "this part is there twice", "这一部分重复出现")
        self._seen.add(name)
        self._part = name
        if name == "recording":
            self._writer = await run_in_threadpool(self._blobs.writer, self._tenant_id)

    async def _data(self, data: bytes) -> None:
        if self._part == "metadata":
            self._raw_metadata += data
            if len(self._raw_metadata) > MAX_METADATA_BYTES:
                raise Invalid("metadata", f"longer than {MAX_METADATA_BYTES} bytes", f"超过 {MAX_METADATA_BYTES} 字节")
            return
        self._size += len(data)
        if self._size > self._max_bytes:
            raise RecordingTooLarge(max_bytes=self._max_bytes)
        self._buffer += data
        if len(self._buffer) >= _FLUSH_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        if self._buffer and self._writer is not None:
            data, self._buffer = bytes(self._buffer), bytearray()
            await run_in_threadpool(self._writer.write, data)


def parse_metadata(raw: bytes) -> CallMetadata:
    """Raises FieldErrors with paths below `metadata`."""
    try:
        return CallMetadataIn.model_validate_json(raw.removeprefix(b"\xef\xbb\xbf")).to_domain()
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        raise FieldErrors([e | {"loc": ("metadata", *e["loc"])} for e in found]) from None
