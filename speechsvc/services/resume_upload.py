"""A recording that arrives in pieces: each piece is durable by itself, and the last one makes the call.

The row's offset is the truth. A piece is a file first and a part of the upload second, in one conditional update, so
of several writers one wins and the others' files are removed. Joining repeats safely: until the commit that makes the
call and forgets the parts, they stay; files that a crash leaves behind are swept, for no row knows them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from speechsvc.domain.access import Permission, Principal, Role
from speechsvc.domain.call import CallMetadata, Recording
from speechsvc.domain.ids import new_id
from speechsvc.domain.upload import Upload, UploadPart
from speechsvc.errors import NotFound, SpeechsvcError
from speechsvc.logging import get_logger
from speechsvc.ports import UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.receive_call import ExternalIdConflict, RecordingEmpty, receive_call

log = get_logger(__name__)

LIFETIME = timedelta(hours=24)


class UploadExpired(SpeechsvcError):
    """This upload has expired."""

    code, status = "upload_expired", 410
    zh = "该上传已过期。"
    advice, advice_zh = "Begin a new upload.", "请重新开始上传。"


class OffsetConflict(SpeechsvcError):
    """The upload stands at byte {offset}, not at the Upload-Offset that was sent."""

    code, status = "upload_offset_conflict", 409
    zh = "该上传已到第 {offset} 字节，与所发的 Upload-Offset 不符。"
    advice = "Ask with HEAD where it stands and go on from there; use one connection at a time."
    advice_zh = "请用 HEAD 查询当前位置并从那里继续；同一时间只用一个连接。"


class UploadDamaged(SpeechsvcError):
    """The pieces of this upload do not make up its length."""

    code, status = "upload_damaged", 500
    zh = "该上传的各部分与总长度不符。"
    advice, advice_zh = "Begin a new upload.", "请重新开始上传。"


def create_upload(
    core: Core, principal: Principal, metadata: CallMetadata, length: int, header: str | None = None
) -> Upload:
    """An empty upload of `length` bytes. Raises RecordingEmpty, Forbidden, and ExternalIdConflict where that is
    certain already: the external id has a recording of another length."""
    principal.require(Permission.CALLS_WRITE)
    if length == 0:
        raise RecordingEmpty
    now = core.clock.now()
    upload = Upload(
        id=new_id("upl"),
        key_id=principal.key_id,
        external_id=metadata.external_id,
        length=length,
        metadata=metadata,
        header=header,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    with core.db.tenant(principal.tenant_id) as uow:
        earlier = uow.calls.find(metadata.external_id)
        if earlier is not None and (earlier.recording is None or earlier.recording.size != length):
            raise ExternalIdConflict(external_id=metadata.external_id)
        uow.uploads.add(upload)
        uow.commit()
    return upload


def read_upload(core: Core, principal: Principal, upload_id: str) -> Upload:
    """As it stands; a complete one that is not a call yet becomes one now. Raises what `finish_upload` raises."""
    return finish_upload(core, principal, find_upload(core, principal, upload_id))


def find_upload(core: Core, principal: Principal, upload_id: str) -> Upload:
    """Raises NotFound, UploadExpired, Forbidden."""
    principal.require(Permission.CALLS_WRITE)
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        upload = uow.uploads.get(upload_id)
    if upload.expires_at <= core.clock.now() and not upload.complete:
        raise UploadExpired
    return upload


def add_part(core: Core, principal: Principal, upload: Upload, piece: Recording) -> Upload:
    """The upload with this durable piece behind `upload.offset`. Raises OffsetConflict or NotFound: the piece is gone.

    `upload.parts` of the result are as known to this writer; `finish_upload` reads them anew.
    """
    part = UploadPart(start=upload.offset, size=piece.size, blob=piece.blob)
    try:
        with core.db.tenant(principal.tenant_id) as uow:
            if not uow.uploads.append(upload.id, part):
                raise OffsetConflict(offset=uow.uploads.get(upload.id).offset)
            uow.commit()
    except SpeechsvcError as error:
        if error.permanent:  # otherwise the commit may have gone through: the sweep decides
            core.blobs.delete(piece.blob)
        raise
    return replace(upload, offset=part.start + part.size)


def finish_upload(core: Core, principal: Principal, upload: Upload) -> Upload:
    """Makes the call once every byte is there, exactly as if it had come in one request; else changes nothing.

    Safe to repeat and to run twice at once. Raises ExternalIdConflict, also when asked again; StorageFull and the like
    leave all parts for the next try.
    """
    if not upload.complete:
        return upload
    upload = _as_stored(core, principal, upload.id)
    if upload.settled:
        return _told(upload)
    try:
        call_id = _receive(core, principal, upload)
    except ExternalIdConflict as conflict:
        _refuse(core, principal, upload, conflict.code)
        raise
    except SpeechsvcError:
        now = _as_stored(core, principal, upload.id)
        if now.settled:  # somebody else was faster, and took the parts away while we read them
            return _told(now)
        raise
    _delete_parts(core, upload)
    return replace(upload, call_id=call_id, metadata=None, header=None, parts=())


def end_upload(core: Core, principal: Principal, upload_id: str) -> None:
    """Forgets the upload and what had arrived; a call that it became stays. Raises NotFound, Forbidden."""
    principal.require(Permission.CALLS_WRITE)
    with core.db.tenant(principal.tenant_id) as uow:
        upload = uow.uploads.remove(upload_id)
        uow.commit()
    _delete_parts(core, upload)


def clean_uploads(core: Core) -> int:
    """Finishes uploads that a crash left complete, and removes expired ones; how many were removed."""
    removed = 0
    for tenant in core.system.tenants():
        with core.db.tenant(tenant.id, write=False) as uow:
            waiting = uow.uploads.waiting()
        for upload_id in waiting:
            _finish_waiting(core, tenant.id, upload_id)
        while expired := _expired(core, tenant.id):
            gone = sum(_remove_expired(core, tenant.id, upload_id) for upload_id in expired)
            removed += gone
            if gone == 0:  # others are at it
                break
    return removed


def _expired(core: Core, tenant_id: str) -> tuple[str, ...]:
    with core.db.tenant(tenant_id, write=False) as uow:
        return uow.uploads.expired(core.clock.now())


def _receive(core: Core, principal: Principal, upload: Upload) -> str:
    assert upload.metadata is not None

    def settle(uow: UnitOfWork, call_id: str) -> None:
        if not uow.uploads.finish(upload.id, call_id):
            raise NotFound(what="upload")  # ended meanwhile, or finished by somebody else: no second call

    recording = _join(core, principal.tenant_id, upload)
    return receive_call(core, principal, upload.metadata, recording, settle).call.id


def _join(core: Core, tenant_id: str, upload: Upload) -> Recording:
    writer = core.blobs.writer(tenant_id)
    try:
        for part in upload.parts:
            for data in core.blobs.open(part.blob):
                writer.write(data)
        if writer.size != upload.length:
            raise UploadDamaged
        return writer.commit()
    except BaseException:
        writer.abort()
        raise


def _as_stored(core: Core, principal: Principal, upload_id: str) -> Upload:
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        return uow.uploads.get(upload_id)


def _told(upload: Upload) -> Upload:
    if upload.refused is not None:
        raise ExternalIdConflict(external_id=upload.external_id)  # the only final refusal that there is
    return upload


def _refuse(core: Core, principal: Principal, upload: Upload, code: str) -> None:
    with core.db.tenant(principal.tenant_id) as uow:
        if not uow.uploads.refuse(upload.id, code):
            return
        uow.commit()
    _delete_parts(core, upload)


def _delete_parts(core: Core, upload: Upload) -> None:
    """After the commit that forgot them: an orphan is swept, a lost piece is not."""
    for part in upload.parts:
        try:
            core.blobs.delete(part.blob)
        except SpeechsvcError as error:
            log.warning("upload_part_left", code=error.code)


def _finish_waiting(core: Core, tenant_id: str, upload_id: str) -> None:
    try:
        stored = _as_stored(core, Principal(tenant_id=tenant_id, key_id="", role=Role.UPLOADER), upload_id)
        # its maker's name in the audit log: the bytes were accepted under that key
        maker = Principal(tenant_id=tenant_id, key_id=stored.key_id, role=Role.UPLOADER)
        finish_upload(core, maker, stored)
    except SpeechsvcError as error:
        log.warning("upload_not_finished", upload_id=upload_id, code=error.code)


def _remove_expired(core: Core, tenant_id: str, upload_id: str) -> bool:
    try:
        with core.db.tenant(tenant_id) as uow:
            upload = uow.uploads.remove(upload_id)
            if upload.complete and not upload.settled:
                return False  # its last byte came just now
            uow.commit()
    except NotFound:
        return False
    _delete_parts(core, upload)
    return True
