"""The few operations that see all tenants: schema, keys, leases, dispatch. They hand out no customer data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from speechsvc.domain.access import Principal, Role
from speechsvc.domain.job import Job, JobKind
from speechsvc.domain.pace import Pace
from speechsvc.errors import Conflict, NotFound, SpeechsvcError
from speechsvc.ports import KeyInfo, QueueState, Tenant
from speechsvc.storage import leases, pace
from speechsvc.storage.base import insert_if_absent
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.engine import DatabaseUnavailable, transaction
from speechsvc.storage.migrate import migrate
from speechsvc.storage.tables import api_keys, calls, secrets, tenants, upload_parts

_USE_NOTED_EVERY = timedelta(minutes=1)


class SqlSystem:
    """Implements `System`."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    def _transaction(self, *, write: bool) -> AbstractContextManager[Connection]:
        return transaction(self._database.engine, write=write)

    def migrate(self) -> None:
        migrate(self._database.engine)

    def check(self) -> None:
        try:
            with self._transaction(write=False) as connection:
                connection.execute(select(tenants.c.id).limit(1))
        except SQLAlchemyError as error:
            raise DatabaseUnavailable(problem="its tables are missing or of another version") from error

    def add_tenant(self, tenant: Tenant) -> None:
        row = {
            "id": tenant.id,
            "name": tenant.name,
            "timezone": tenant.timezone,
            "language": tenant.language,
            "created_at": self._database.now(),
        }
        with self._transaction(write=True) as connection:
            insert_if_absent(connection, tenants, row, "id")

    def tenant(self, tenant_id: str) -> Tenant:
        with self._transaction(write=False) as connection:
            row = connection.execute(select(tenants).where(tenants.c.id == tenant_id)).mappings().first()
        if row is None:
            raise NotFound(what="tenant")
        return _tenant(row)

    def set_language(self, tenant_id: str, language: str | None) -> None:
        with self._transaction(write=True) as connection:
            change = update(tenants).where(tenants.c.id == tenant_id).values(language=language)
            if connection.execute(change).rowcount == 0:
                raise NotFound(what="tenant")

    def tenants(self) -> tuple[Tenant, ...]:
        with self._transaction(write=False) as connection:
            rows = connection.execute(select(tenants).order_by(tenants.c.id)).mappings().all()
        return tuple(_tenant(row) for row in rows)

    def add_key(self, principal: Principal, key_sha256: str) -> None:
        row = {
            "tenant_id": principal.tenant_id,
            "id": principal.key_id,
            "key_sha256": key_sha256,
            "role": principal.role.value,
            "name": principal.name,
            "raw": principal.raw,
            "teams": list(principal.teams),
            "salesperson_id": principal.salesperson_id,
            "created_at": self._database.now(),
        }
        with self._transaction(write=True) as connection:
            if connection.execute(select(tenants.c.id).where(tenants.c.id == principal.tenant_id)).first() is None:
                raise NotFound(what="tenant")
            if not insert_if_absent(connection, api_keys, row, "key_sha256"):
                raise Conflict(problem="this key already exists")

    def authenticate(self, key_sha256: str) -> Principal | None:
        query = select(api_keys).where(api_keys.c.key_sha256 == key_sha256, api_keys.c.revoked_at.is_(None))
        with self._transaction(write=False) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        with suppress(SpeechsvcError):  # on a full disk readers still get in
            self._note_use(row)
        return _principal(row)

    def _note_use(self, row: RowMapping) -> None:
        now, last = self._database.now(), row["last_used_at"]
        if last is not None and now - last < _USE_NOTED_EVERY:
            return
        with self._transaction(write=True) as connection:
            mine = (api_keys.c.tenant_id == row["tenant_id"]) & (api_keys.c.id == row["id"])
            connection.execute(update(api_keys).where(mine).values(last_used_at=now))

    def keys(self, tenant_id: str) -> tuple[KeyInfo, ...]:
        query = select(api_keys).where(api_keys.c.tenant_id == tenant_id)
        with self._transaction(write=False) as connection:
            rows = connection.execute(query.order_by(api_keys.c.created_at, api_keys.c.id)).mappings().all()
        return tuple(_key(row) for row in rows)

    def revoke_key(self, tenant_id: str, key_id: str) -> None:
        mine = (api_keys.c.tenant_id == tenant_id) & (api_keys.c.id == key_id)
        with self._transaction(write=True) as connection:
            if connection.execute(select(api_keys.c.id).where(mine)).first() is None:
                raise NotFound(what="key")
            active = mine & api_keys.c.revoked_at.is_(None)
            connection.execute(update(api_keys).where(active).values(revoked_at=self._database.now()))

    def secret(self, name: str, make: Callable[[], str]) -> str:
        query = select(secrets.c.value).where(secrets.c.name == name)
        with self._transaction(write=False) as connection:
            found = connection.execute(query).scalar()
        if found is not None:
            return str(found)
        with self._transaction(write=True) as connection:
            insert_if_absent(connection, secrets, {"name": name, "value": make()}, "name")
            return str(connection.execute(query).scalar_one())

    def lease(self, kinds: Sequence[JobKind], lease_s: float) -> Job | None:
        with self._transaction(write=False) as connection:
            if not leases.any_due(connection, kinds):
                return None
        with self._transaction(write=True) as connection:
            return leases.lease(connection, kinds, lease_s)

    def renew(
        self, job: Job, lease_s: float, progress: float | None = None, expected_at: datetime | None = None
    ) -> bool:
        with self._transaction(write=True) as connection:
            return leases.renew(connection, job, lease_s, progress, expected_at)

    def note_pace(self, of: Pace, audio_s: float, work_s: float) -> None:
        with self._transaction(write=True) as connection:
            pace.note(connection, of, audio_s, work_s, self._database.now())

    def paces(self) -> tuple[Pace, ...]:
        with self._transaction(write=False) as connection:
            return pace.read(connection)

    def release(self, job: Job) -> None:
        with self._transaction(write=True) as connection:
            leases.release(connection, job)

    def claim_announcements(self, quiet_s: float, limit: int = 100) -> list[str]:
        with self._transaction(write=False) as connection:
            if not leases.any_due(connection, tuple(JobKind), unannounced=True):
                return []
        with self._transaction(write=True) as connection:
            return leases.claim_announcements(connection, quiet_s, limit)

    def queues(self) -> tuple[QueueState, ...]:
        with self._transaction(write=False) as connection:
            return leases.queues(connection)

    def knows_blob(self, key: str) -> bool:
        with self._transaction(write=False) as connection:
            mine = or_(calls.c.blob == key, calls.c.playback_blob == key)
            part = select(upload_parts.c.blob).where(upload_parts.c.blob == key)
            queries = (select(calls.c.id).where(mine), part)
            return any(connection.execute(query.limit(1)).first() is not None for query in queries)


def _tenant(row: RowMapping) -> Tenant:
    return Tenant(id=row["id"], name=row["name"], timezone=row["timezone"], language=row["language"])


def _principal(row: RowMapping) -> Principal:
    return Principal(
        tenant_id=row["tenant_id"],
        key_id=row["id"],
        role=Role(row["role"]),
        name=row["name"],
        raw=row["raw"],
        teams=tuple(row["teams"]),
        salesperson_id=row["salesperson_id"],
    )


def _key(row: RowMapping) -> KeyInfo:
    return KeyInfo(
        principal=_principal(row),
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )
