"""Databases made for one benchmark and dropped after it: SQLite beside the output, PostgreSQL where it answers."""

from __future__ import annotations

import socket
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine, make_url, text

from speechsvc.bootstrap import Application
from speechsvc.config import Settings
from tests.conftest import POSTGRES

WORK = Path("bench-output")  # on the disk of the checkout: a temporary folder may lie in memory


@contextmanager
def folder() -> Iterator[Path]:
    """Empty, removed at the end."""
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK, prefix="work-") as made:
        yield Path(made).resolve()


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Our application, and a bare connection of the same kind and the same durability to another database."""

    kind: str  # SQLite or PostgreSQL
    application: Application
    bare: Any  # sqlite3 or psycopg connection, each statement its own transaction
    mark: str  # placeholder of a parameter

    @property
    def peer(self) -> str:
        return "bare sqlite3" if self.kind == "SQLite" else "bare psycopg"


@contextmanager
def pairs() -> Iterator[list[Pair]]:
    """SQLite always; PostgreSQL if it answers where the tests look for it."""
    with folder() as where, _postgres() as urls:
        made = [_sqlite(where)] + ([_postgresql(where, *urls)] if urls else [])
        try:
            yield made
        finally:
            for pair in made:
                pair.bare.close()
                pair.application.close()


def _sqlite(where: Path) -> Pair:
    bare = sqlite3.connect(where / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    return Pair(kind="SQLite", application=_application(where / "sqlite", ""), bare=bare, mark="?")


def _postgresql(where: Path, ours: str, bare: str) -> Pair:
    connection = psycopg.connect(bare.replace("+psycopg", ""), autocommit=True)
    return Pair(kind="PostgreSQL", application=_application(where / "pg", ours), bare=connection, mark="%s")


def _application(data_dir: Path, url: str) -> Application:
    application = Application(Settings(_env_file=None, data_dir=data_dir, database_url=url, tenant="default"))
    application.prepare()
    return application


@contextmanager
def _postgres() -> Iterator[tuple[str, str] | None]:
    """Addresses of two new databases, or none."""
    if not _answers():
        yield None
        return
    names = [f"speechsvc_bench_{uuid.uuid4().hex[:12]}" for _ in range(2)]
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for name in names:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        ours, bare = (make_url(POSTGRES).set(database=n).render_as_string(hide_password=False) for n in names)
        yield ours, bare
    finally:
        with admin.connect() as connection:
            for name in names:
                connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


def _answers() -> bool:
    parsed = make_url(POSTGRES)
    try:
        socket.create_connection((parsed.host or "127.0.0.1", parsed.port or 5432), timeout=2).close()
    except OSError:
        return False
    return True
