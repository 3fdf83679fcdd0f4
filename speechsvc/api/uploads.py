"""Resumable uploads for weak networks: the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload)."""

from __future__ import annotations

from email.utils import format_datetime
from typing import Any

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from speechsvc.api.errors import Invalid, RecordingTooLarge, UnsupportedMediaType
from speechsvc.api.piece import check_length, receive_piece
from speechsvc.api.responses import refusals
from speechsvc.api.route import Caller, From, api_router, caller_of, needs
from speechsvc.api.tus import EXTENSIONS, PIECE_TYPE, VERSION, metadata_value, number, speaks_tus
from speechsvc.api.upload import parse_metadata
from speechsvc.domain.access import Permission
from speechsvc.domain.upload import Upload
from speechsvc.services.resume_upload import (
    OffsetConflict,
    create_upload,
    end_upload,
    find_upload,
    finish_upload,
    read_upload,
)

router = api_router("uploads")

_TUS = [Depends(speaks_tus)]
_NO_VERSION = (412, "The header Tus-Resumable is missing or names another version")
_NO_UPLOAD = (404, "No such upload, or it has expired and is removed")
_EXPIRED = (410, "The upload has expired")
_TAKEN = (409, "The offset is another one; or external_id is taken by a different recording")
_PIECE = {"required": True, "content": {PIECE_TYPE: {"schema": {"type": "string", "format": "binary"}}}}


def _header(name: str, description: str, kind: str = "string", *, required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": {"type": kind}, "description": description}


_RESUMABLE = _header("Tus-Resumable", VERSION)


def _described(*headers: dict[str, Any], body: dict[str, Any] | None = None) -> dict[str, Any]:
    extra = needs(Permission.CALLS_WRITE) | {"parameters": [_RESUMABLE, *headers]}
    return extra if body is None else extra | {"x-streamed": True, "requestBody": body}


@router.options(
    "/uploads",
    status_code=204,
    summary="What this tus server can do",
    openapi_extra=needs(Permission.CALLS_WRITE),
)
def get_abilities(caller: From) -> Response:
    """`Tus-Version`, `Tus-Extension` and `Tus-Max-Size` in the headers."""
    size = str(caller.settings.max_upload_bytes)
    return Response(
        status_code=204, headers={"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": size}
    )


@router.post(
    "/uploads",
    status_code=201,
    summary="Begin a resumable upload",
    dependencies=_TUS,
    response_class=Response,
    openapi_extra=_described(
        _header("Upload-Length", "bytes of the recording", "integer"),
        _header("Upload-Metadata", "`metadata <base64>`: the JSON that POST /v1/calls takes; other keys are ignored"),
        body=_PIECE | {"required": False},
    ),
    responses={
        201: {"description": "`Location` is the upload; `Upload-Expires` says how long it waits"},
        **refusals(
            (400, "The connection broke; what had arrived is kept"),
            (408, "No bytes for 30 seconds; what had arrived is kept"),
            (409, "external_id is taken by a different recording"),
            _NO_VERSION,
            (413, "The recording is too large"),
            (415, f"A body, but not {PIECE_TYPE}"),
            (507, "The disk is full"),
        ),
    },
)
async def post_upload(request: Request) -> Response:
    """The metadata is checked now, with the errors of POST /v1/calls; the bytes follow by PATCH.

    The body may already hold the first bytes (creation-with-upload).
    """
    caller = caller_of(request)
    length, header = _length(request), request.headers.get("upload-metadata", "")
    metadata = parse_metadata(metadata_value(header, "metadata"))
    with_bytes = _has_body(request)
    if with_bytes:
        _want_piece(request)
        check_length(request, length, 0)
    upload = await run_in_threadpool(create_upload, caller.core, caller.principal, metadata, length, header)
    if with_bytes:
        upload = await _take(request, caller, upload)
    sent = {"Location": caller.link(f"/v1/uploads/{upload.id}")} | _standing(caller, upload)
    return Response(status_code=201, headers=sent)


@router.head(
    "/uploads/{upload_id}",
    summary="How far an upload is",
    dependencies=_TUS,
    response_class=Response,
    openapi_extra=_described(),
    responses={
        200: {"description": "`Upload-Offset` and `Upload-Length`; once received, `Speechsvc-Call-Id` and `Link`"},
        **refusals(_NO_UPLOAD, (409, "external_id is taken by a different recording"), _EXPIRED, _NO_VERSION),
    },
)
def head_upload(caller: From, upload_id: str) -> Response:
    """Go on from `Upload-Offset`. A call whose last answer was lost is found here, and made here if it was not yet."""
    upload = read_upload(caller.core, caller.principal, upload_id)
    sent = {"Upload-Length": str(upload.length), "Cache-Control": "no-store"} | _standing(caller, upload)
    if upload.header and upload.key_id == caller.principal.key_id:  # it holds phone numbers: for who sent it only
        sent["Upload-Metadata"] = upload.header
    return Response(status_code=200, headers=sent)


@router.patch(
    "/uploads/{upload_id}",
    status_code=204,
    summary="Send the next bytes",
    dependencies=_TUS,
    response_class=Response,
    openapi_extra=_described(_header("Upload-Offset", "bytes before these", "integer"), body=_PIECE),
    responses={
        204: {"description": "`Upload-Offset` is the new one; with the last byte `Speechsvc-Call-Id` and `Link`"},
        **refusals(
            (400, "The connection broke; what had arrived is kept"),
            _NO_UPLOAD,
            (408, "No bytes for 30 seconds; what had arrived is kept"),
            _TAKEN,
            _EXPIRED,
            _NO_VERSION,
            (413, "More bytes than Upload-Length"),
            (415, f"Not {PIECE_TYPE}"),
            (507, "The disk is full"),
        ),
    },
)
async def patch_upload(request: Request, upload_id: str) -> Response:
    """As many or as few bytes as you like. With the last one the call is received exactly as by POST /v1/calls.

    One connection at a time: of two that send the same bytes one wins, the other gets 409.
    """
    caller = caller_of(request)
    _want_piece(request)
    offset = number(request, "Upload-Offset")
    upload = await run_in_threadpool(find_upload, caller.core, caller.principal, upload_id)
    if offset != upload.offset:
        raise OffsetConflict(offset=upload.offset)
    upload = await _take(request, caller, upload)
    return Response(status_code=204, headers=_standing(caller, upload))


@router.delete(
    "/uploads/{upload_id}",
    status_code=204,
    summary="Give an upload up",
    dependencies=_TUS,
    openapi_extra=_described(),
    responses=refusals(_NO_UPLOAD, _NO_VERSION),
)
def delete_upload(caller: From, upload_id: str) -> Response:
    """What had arrived is removed. A call that it has become stays: erase that under /v1/calls."""
    end_upload(caller.core, caller.principal, upload_id)
    return Response(status_code=204)


async def _take(request: Request, caller: Caller, upload: Upload) -> Upload:
    upload = await receive_piece(request, caller, upload, request.app.state.upload_rules.patience_s)
    return await run_in_threadpool(finish_upload, caller.core, caller.principal, upload)


def _length(request: Request) -> int:
    if "upload-defer-length" in request.headers:
        raise Invalid("Upload-Defer-Length", "send Upload-Length at once", "请直接给出 Upload-Length")
    length = number(request, "Upload-Length")
    limit = request.app.state.upload_rules.max_bytes
    if length > limit:
        raise RecordingTooLarge(max_bytes=limit)
    return length


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _want_piece(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != PIECE_TYPE:
        raise UnsupportedMediaType(wanted=PIECE_TYPE)


def _standing(caller: Caller, upload: Upload) -> dict[str, str]:
    sent = {"Upload-Offset": str(upload.offset)}
    if upload.call_id is None:
        return sent | {"Upload-Expires": format_datetime(upload.expires_at, usegmt=True)}
    link = caller.link(f"/v1/calls/{upload.call_id}")
    return sent | {"Speechsvc-Call-Id": upload.call_id, "Link": f'<{link}>; rel="related"'}
