"""Recordings of one tenant that arrive in pieces."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, insert, or_, select, update

from speechsvc.domain.call import CallMetadata, Customer, Direction, Opportunity, Salesperson
from speechsvc.domain.upload import Upload, UploadPart
from speechsvc.errors import NotFound
from speechsvc.storage.base import Repository
from speechsvc.storage.tables import upload_parts, uploads

_COMPLETE = uploads.c.offset == uploads.c.length
_UNSETTLED = uploads.c.call_id.is_(None) & uploads.c.refused.is_(None)
_PLAIN = ("id", "key_id", "external_id", "length", "offset", "header", "call_id", "refused", "created_at", "expires_at")


class UploadTable(Repository):
    """Implements `UploadRepository`."""

    def add(self, upload: Upload) -> None:
        row = {name: getattr(upload, name) for name in _PLAIN}
        row |= {"tenant_id": self._tenant_id, "metadata": _pack(upload.metadata)}
        self._connection.execute(insert(uploads).values(**row))

    def get(self, upload_id: str) -> Upload:
        return self._read(upload_id, lock=False)

    def append(self, upload_id: str, part: UploadPart) -> bool:
        end = part.start + part.size
        moved = self._connection.execute(
            update(uploads)
            .where(self._one(upload_id), uploads.c.offset == part.start, uploads.c.length >= end)
            .values(offset=end)
        )
        if moved.rowcount != 1:
            return False
        self._connection.execute(
            insert(upload_parts).values(tenant_id=self._tenant_id, upload_id=upload_id, **asdict(part))
        )
        return True

    def finish(self, upload_id: str, call_id: str) -> bool:
        return self._settle(upload_id, call_id=call_id)

    def refuse(self, upload_id: str, code: str) -> bool:
        return self._settle(upload_id, refused=code)

    def _settle(self, upload_id: str, **values: str) -> bool:
        settled = self._connection.execute(
            update(uploads)
            .where(self._one(upload_id), _COMPLETE, _UNSETTLED)
            .values(metadata=None, header=None, **values)
        )
        if settled.rowcount != 1:
            return False
        self._connection.execute(delete(upload_parts).where(self._parts_of(upload_id)))
        return True

    def remove(self, upload_id: str) -> Upload:
        upload = self._read(upload_id, lock=True)  # nobody adds a part between reading and deleting
        self._connection.execute(delete(uploads).where(self._one(upload_id)))  # parts go with it: ON DELETE CASCADE
        return upload

    def waiting(self, *, limit: int = 1000) -> tuple[str, ...]:
        return self._ids(_COMPLETE & _UNSETTLED, limit)

    def expired(self, at: datetime, *, limit: int = 100) -> tuple[str, ...]:
        return self._ids((uploads.c.expires_at <= at) & or_(~_COMPLETE, ~_UNSETTLED), limit)

    def _ids(self, where: ColumnElement[bool], limit: int) -> tuple[str, ...]:
        query = select(uploads.c.id).where(self._mine(uploads), where).order_by(uploads.c.expires_at).limit(limit)
        return tuple(self._connection.execute(query).scalars())

    def _read(self, upload_id: str, *, lock: bool) -> Upload:
        query = select(uploads).where(self._one(upload_id))
        row = self._connection.execute(query.with_for_update() if lock else query).mappings().first()
        if row is None:
            raise NotFound(what="upload")
        parts = self._connection.execute(
            select(upload_parts.c.start, upload_parts.c.size, upload_parts.c.blob)
            .where(self._parts_of(upload_id))
            .order_by(upload_parts.c.start)
        ).mappings()
        return _upload(row, tuple(UploadPart(**part) for part in parts))

    def _one(self, upload_id: str) -> ColumnElement[bool]:
        return self._mine(uploads) & (uploads.c.id == upload_id)

    def _parts_of(self, upload_id: str) -> ColumnElement[bool]:
        return self._mine(upload_parts) & (upload_parts.c.upload_id == upload_id)


def _upload(row: RowMapping, parts: tuple[UploadPart, ...]) -> Upload:
    return Upload(**{name: row[name] for name in _PLAIN}, metadata=_unpack(row["metadata"]), parts=parts)


def _pack(metadata: CallMetadata | None) -> dict[str, Any] | None:
    if metadata is None:
        return None
    return asdict(metadata) | {"started_at": metadata.started_at.isoformat()}


def _unpack(data: dict[str, Any] | None) -> CallMetadata | None:
    """An upload may be finished by a newer release than began it: new fields need defaults."""
    if data is None:
        return None
    kinds = {"salesperson": Salesperson, "customer": Customer, "opportunity": Opportunity}
    parties = {name: kind(**data[name]) for name, kind in kinds.items() if data.get(name)}
    times = {"started_at": datetime.fromisoformat(data["started_at"]), "direction": Direction(data["direction"])}
    return CallMetadata(**data | parties | times)
