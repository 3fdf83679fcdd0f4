"""Brings the schema to the newest version. Several processes may start at once: one migrates, the others wait."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from speechsvc.errors import SpeechsvcError
from speechsvc.storage.engine import connect, transaction

_ADVISORY_LOCK = 0x73706565636873  # "speechs"


class SchemaTooNew(SpeechsvcError):
    """The database was made by a newer release (schema {found}) than this one."""

    code, status = "schema_too_new", 503
    zh = "数据库由更新的版本创建（{found}），当前程序过旧。"
    advice = "Install the newer release, or restore a backup made by this one."
    advice_zh = "请安装更新的版本，或恢复本版本的备份。"


def migrate(engine: Engine) -> None:
    """Applies the missing migrations in one transaction. Raises SchemaTooNew."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with _alone(engine), transaction(engine, write=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        if _current(connection, config):
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _current(connection: Connection, config: Config) -> bool:
    found = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(config)
    if found is not None and found not in {s.revision for s in scripts.walk_revisions()}:
        raise SchemaTooNew(found=found)
    return found == scripts.get_current_head()


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """SQLite: a lock file, for switching a new file to WAL is not covered by its own locks."""
    if engine.dialect.name != "sqlite":
        yield
        return
    with Path(f"{engine.url.database}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with connect(engine, write=True) as connection:
            driver = connection.connection.dbapi_connection
            assert driver is not None
            driver.cursor().execute("PRAGMA journal_mode = WAL")  # kept in the file; cannot change in a transaction
        yield
