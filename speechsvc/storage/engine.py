"""One engine a process: SQLite (WAL) or PostgreSQL (psycopg 3), with the same transactions and the same errors."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError

from speechsvc.config import make_private_folder
from speechsvc.errors import InvalidInput, SpeechsvcError, StorageFull

_WRITE = "speechsvc_write"


class DatabaseUnavailable(SpeechsvcError):
    """The database does not answer or cannot be used: {problem}"""

    code, status, permanent = "database_unavailable", 503, False
    zh = "数据库无法连接或使用：{problem}"
    advice = "Check that the database runs and that SPEECHSVC_DATABASE_URL is right; then try again."
    advice_zh = "请确认数据库已启动、SPEECHSVC_DATABASE_URL 无误，然后重试。"


class DatabaseUrlInvalid(InvalidInput):
    """The database URL cannot be used: it must be sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME."""

    zh = "数据库地址无法使用：应为 sqlite:///路径 或 postgresql+psycopg://用户:密码@主机/库名。"
    advice = "Correct SPEECHSVC_DATABASE_URL, or leave it empty for the embedded database."
    advice_zh = "请更正 SPEECHSVC_DATABASE_URL，或留空以使用内置数据库。"


def make_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql+psycopg://...`; connects at the first use."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUrlInvalid from error
    if parsed.get_backend_name() == "sqlite":
        engine = _sqlite(parsed)
    elif parsed.get_backend_name() == "postgresql":
        engine = _postgresql(parsed)
    else:
        raise DatabaseUrlInvalid
    event.listen(engine, "handle_error", _translate, retval=True)
    return engine


@contextmanager
def transaction(engine: Engine, *, write: bool) -> Iterator[Connection]:
    """A transaction that commits at the end of the block."""
    with connect(engine, write=write) as connection, connection.begin():
        yield connection


def connect(engine: Engine, *, write: bool) -> Connection:
    """A connection whose transactions may write or only read."""
    return engine.connect().execution_options(**{_WRITE: write, "postgresql_readonly": not write})


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise InvalidInput(field="database_url", problem="SQLite needs a file: several processes share it")
    _make_private_file(Path(url.database))
    engine = create_engine(url, connect_args={"timeout": 15}, pool_size=10, max_overflow=40, hide_parameters=True)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _make_private_file(path: Path) -> None:
    """A new database is its owner's alone; SQLite gives the files beside it the same rights."""
    try:
        make_private_folder(path.parent)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise DatabaseUnavailable(problem=error.strerror or "its file cannot be made") from error


def _postgresql(url: URL) -> Engine:
    arguments = {"connect_timeout": 5, "application_name": "speechsvc", "keepalives_idle": 30}
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args=arguments,
        pool_pre_ping=True,  # a restarted server costs nobody an error
        pool_size=5,
        max_overflow=45,
        hide_parameters=True,  # an error's text may reach a log
    )


def _set_pragmas(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions behind our back
    connection.execute("PRAGMA busy_timeout = 15000")
    connection.execute("PRAGMA synchronous = FULL")  # in WAL mode NORMAL may lose the last commits at a power cut
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten, not only unlinked


def _begin(connection: Connection) -> None:
    # A deferred transaction that turns to writing fails at once with "database is locked" if another wrote meanwhile;
    # IMMEDIATE waits for its turn. Readers never wait, and query_only shows a forgotten write=True in the first test.
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if write else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _translate(context: ExceptionContext) -> BaseException | None:
    """Our errors for what callers can do something about; None leaves the driver's error, which is then our bug."""
    if context.is_pre_ping:
        return None
    error = context.original_exception
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error)
    return _from_postgresql(error)


def _from_sqlite(error: sqlite3.Error) -> SpeechsvcError | None:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return StorageFull()
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_NOTADB")):
        return DatabaseUnavailable(problem=str(error))
    return None


def _from_postgresql(error: BaseException) -> SpeechsvcError | None:
    import psycopg

    if isinstance(error, psycopg.errors.DiskFull):
        return StorageFull()
    if isinstance(error, psycopg.errors.DataError):
        return InvalidInput(field="value", problem="it holds a character or number that cannot be stored")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return DatabaseUnavailable(problem=(str(error).strip().splitlines() or ["no answer"])[0])
    return None
