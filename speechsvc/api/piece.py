"""Receives one piece of a resumable upload: what has arrived is kept, however the connection ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import Message

from speechsvc.api.route import Caller
from speechsvc.domain.upload import Upload
from speechsvc.errors import SpeechsvcError
from speechsvc.ports import BlobWriter
from speechsvc.services.resume_upload import add_part

PART_BYTES = 8 << 20  # a longer body becomes several parts, so that even a crash of this process loses little
QUIET_S = 1.0  # a line that went dead holds back what it brought no longer than this
_FLUSH_BYTES = 512 * 1024  # fewer changes of thread than network chunks


class PieceStalled(SpeechsvcError):
    """No bytes came for {seconds} seconds; what had arrived is kept."""

    code, status, permanent = "upload_paused", 408, False
    zh = "{seconds} 秒内没有收到数据，已收到的部分已保存。"
    advice, advice_zh = "Ask with HEAD where it stands and go on from there.", "请用 HEAD 查询当前位置并从那里继续。"


class PieceCut(SpeechsvcError):
    """The connection ended before the body was complete; what had arrived is kept."""

    code, status, permanent = "upload_cut", 400, False
    zh = "连接在请求体完成前中断，已收到的部分已保存。"
    advice, advice_zh = "Ask with HEAD where it stands and go on from there.", "请用 HEAD 查询当前位置并从那里继续。"


class PieceTooLong(SpeechsvcError):
    """These bytes go beyond the Upload-Length of {length} bytes."""

    code, status = "upload_too_long", 413
    zh = "发送的数据超过 Upload-Length 声明的 {length} 字节。"
    advice = "Send exactly as many bytes as were announced, or begin a new upload."
    advice_zh = "请按声明的长度发送，或重新开始上传。"


def check_length(request: Request, upload_length: int, offset: int) -> None:
    """Raises PieceTooLong for a declared body that cannot fit."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and offset + int(declared) > upload_length:
        raise PieceTooLong(length=upload_length)


async def receive_piece(request: Request, caller: Caller, upload: Upload, patience_s: float) -> Upload:
    """The upload with the bytes of the body. Raises PieceStalled and PieceCut (the bytes so far are kept),
    PieceTooLong, OffsetConflict, NotFound, StorageFull (what was not yet a part is gone)."""
    check_length(request, upload.length, upload.offset)
    piece = _Piece(caller, upload)
    try:
        async for chunk in _chunks(request, patience_s, piece.keep):
            await piece.take(chunk)
        await piece.keep()
    except (PieceStalled, PieceCut, asyncio.CancelledError):
        with anyio.CancelScope(shield=True):
            await piece.keep()
        raise
    except BaseException:
        with anyio.CancelScope(shield=True):
            await piece.drop()
        raise
    return piece.upload


async def _chunks(request: Request, patience_s: float, quiet: Callable[[], Awaitable[None]]) -> AsyncIterator[bytes]:
    while True:
        message = await _next(request, patience_s, quiet)
        if message["type"] == "http.disconnect":
            raise PieceCut
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def _next(request: Request, patience_s: float, quiet: Callable[[], Awaitable[None]]) -> Message:
    pause = min(QUIET_S, patience_s)
    coming = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({coming}, timeout=pause)
        if not coming.done():
            await quiet()
            await asyncio.wait({coming}, timeout=patience_s - pause)
        if not coming.done():
            raise PieceStalled(seconds=round(patience_s))
        return coming.result()
    finally:
        coming.cancel()


class _Piece:
    """The state between two chunks; `upload` as far as it is durable."""

    def __init__(self, caller: Caller, upload: Upload) -> None:
        self.upload = upload
        self._caller = caller
        self._writer: BlobWriter | None = None
        self._buffer = bytearray()

    async def take(self, data: bytes) -> None:
        self._buffer += data
        pending = len(self._buffer) + (self._writer.size if self._writer is not None else 0)
        if self.upload.offset + pending > self.upload.length:
            raise PieceTooLong(length=self.upload.length)
        if len(self._buffer) >= _FLUSH_BYTES:
            await self._flush()
        if pending >= PART_BYTES:
            await self.keep()

    async def keep(self) -> None:
        """Makes a part of what is here."""
        await self._flush()
        writer, self._writer = self._writer, None
        if writer is not None:
            self.upload = await run_in_threadpool(self._store, writer)

    async def drop(self) -> None:
        self._buffer.clear()
        writer, self._writer = self._writer, None
        if writer is not None:
            await run_in_threadpool(writer.abort)

    async def _flush(self) -> None:
        if not self._buffer:
            return
        data, self._buffer = bytes(self._buffer), bytearray()
        if self._writer is None:
            self._writer = await run_in_threadpool(self._caller.core.blobs.writer, self._caller.principal.tenant_id)
        await run_in_threadpool(self._writer.write, data)

    def _store(self, writer: BlobWriter) -> Upload:
        return add_part(self._caller.core, self._caller.principal, self.upload, writer.commit())
