"""What the database cannot do is said in our errors, and a look never writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from speechsvc.errors import InvalidInput
from speechsvc.ports import Tenant
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.engine import DatabaseUnavailable, make_engine
from speechsvc.storage.system import SqlSystem


@pytest.mark.parametrize("url", ["mysql://x/y", "foo", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_cannot_serve_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"database URL|SQLite needs a file"):
        make_engine(url)


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is not a database " * 100)
    with pytest.raises(DatabaseUnavailable):
        SqlSystem(SqlDatabase(f"sqlite:///{tmp_path / 'x.db'}")).check()


def test_a_database_without_tables_fails_its_check(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        SqlSystem(SqlDatabase(f"sqlite:///{tmp_path / 'x.db'}")).check()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable):
        SqlSystem(SqlDatabase("postgresql+psycopg://nobody@127.0.0.1:1/none")).check()


def test_a_unit_of_work_for_reading_cannot_write(tmp_path: Path) -> None:
    database = SqlDatabase(f"sqlite:///{tmp_path / 'x.db'}")
    system = SqlSystem(database)
    system.migrate()
    system.add_tenant(Tenant(id="t", name="T", timezone="Asia/Shanghai"))
    with database.tenant("t", write=False) as uow, pytest.raises(OperationalError, match="readonly"):
        uow.audit.add(actor="a", action="b", subject="c")


def test_a_closed_unit_of_work_says_so(tmp_path: Path) -> None:
    uow = SqlDatabase(f"sqlite:///{tmp_path / 'x.db'}").tenant("t")
    with pytest.raises(RuntimeError, match="with"):
        uow.calls.find("x")
