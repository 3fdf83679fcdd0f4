"""What all repositories share: the tenant of their unit of work, its connection, its time; and cursors."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from speechsvc.errors import InvalidInput


def utc_now() -> datetime:
    """Wall time for what people read."""
    return datetime.now(UTC)


class Repository:
    """Holds the tenant: every query of a subclass goes through `mine` or an insert with `tenant_id`."""

    def __init__(self, connection: Connection, tenant_id: str, now: Callable[[], datetime] = utc_now) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._now = now

    def _mine(self, table: Table) -> ColumnElement[bool]:
        return table.c.tenant_id == self._tenant_id


def insert_if_absent(connection: Connection, table: Table, values: dict[str, Any], *key: str) -> bool:
    """Whether the row was new. Waits for a concurrent insert of the same key to commit or roll back."""
    insert = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    statement = insert(table).values(**values).on_conflict_do_nothing(index_elements=list(key))
    return connection.execute(statement.returning(*table.primary_key.columns)).first() is not None


def encode_cursor(*position: Any) -> str:
    """An opaque continuation; datetimes become ISO text."""
    plain = [p.isoformat() if isinstance(p, datetime) else p for p in position]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The position again, its parts of the given kinds. Raises InvalidInput for anything that we did not make."""
    try:
        plain = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not isinstance(plain, list) or len(plain) != len(kinds):
            raise ValueError
        return tuple(_part(p, k) for p, k in zip(plain, kinds, strict=True))
    except (ValueError, TypeError, binascii.Error, UnicodeError):
        raise InvalidInput(field="cursor", problem="it is not a cursor that this list returned") from None


def _part(value: Any, kind: type) -> Any:
    """A forged cursor may hold what a database cannot bind: years that no zone can shift, huge numbers, NUL."""
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or not 1 < moment.year < 9999:
            raise ValueError
        return moment
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError
    if isinstance(value, int) and abs(value) >= 1 << 63:
        raise ValueError
    if isinstance(value, str) and "\x00" in value.encode().decode():  # encode() refuses halves of characters
        raise ValueError
    return value
