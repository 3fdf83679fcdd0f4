"""Real services for tests: a fresh database and a private broker each, never one that somebody else uses."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from sqlalchemy import create_engine, make_url, text

from speechsvc.config import Settings
from speechsvc.ports import Tenant
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.system import SqlSystem

POSTGRES = os.environ.get("SPEECHSVC_TEST_POSTGRES_URL", "postgresql+psycopg://root@127.0.0.1:5432/postgres")
REDIS = os.environ.get("SPEECHSVC_TEST_REDIS_URL", "redis://127.0.0.1:6379")
RABBITMQ = os.environ.get("SPEECHSVC_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")


def need(url: str, name: str, default_port: int) -> None:
    """Skips where a service is missing; in CI a missing service is a failure."""
    parsed = make_url(url)
    try:
        socket.create_connection((parsed.host or "127.0.0.1", parsed.port or default_port), timeout=2).close()
    except OSError as error:
        message = (
            f"{name} does not answer at {parsed.host}:{parsed.port or default_port} ({error}); start it or set its URL"
        )
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of this test process alone, dropped at the end."""
    need(POSTGRES, "PostgreSQL", 5432)
    name = f"speechsvc_test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database without tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'speechsvc.db'}"
    url: str = request.getfixturevalue("postgres_url")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[SqlDatabase]:
    """With tables, without tenants."""
    database = SqlDatabase(database_url)
    SqlSystem(database).migrate()
    yield database
    database.dispose()


@pytest.fixture
def system(database: SqlDatabase) -> SqlSystem:
    """Over `database`, with the tenants "t" and "other"."""
    system = SqlSystem(database)
    for name in ("t", "other"):
        system.add_tenant(Tenant(id=name, name=name.upper(), timezone="Asia/Shanghai"))
    return system


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("redis", marks=pytest.mark.redis),
        pytest.param("rabbitmq", marks=pytest.mark.rabbitmq),
    ]
)
def broker_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A broker with empty queues: embedded (""), a Redis database of this process, RabbitMQ (one run at a time)."""
    if request.param == "embedded":
        yield ""
    elif request.param == "redis":
        yield from _redis()
    else:
        yield from _rabbitmq()


def _redis() -> Iterator[str]:
    import redis

    need(REDIS, "Redis", 6379)
    url = make_url(REDIS).set(database=os.environ.get("SPEECHSVC_TEST_REDIS_DB", str(8 + os.getpid() % 8)))
    text_url = url.render_as_string(hide_password=False)
    client = redis.Redis.from_url(text_url)
    client.flushdb()
    yield text_url
    client.flushdb()
    client.close()


def _rabbitmq() -> Iterator[str]:
    from kombu import Connection

    need(RABBITMQ, "RabbitMQ", 5672)
    with Connection(RABBITMQ) as connection:
        for queue in ("asr", "text", "crm"):
            connection.default_channel.queue_delete(queue)
        yield RABBITMQ
        for queue in ("asr", "text", "crm"):
            connection.default_channel.queue_delete(queue)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The embedded shape in a folder of its own, whatever the environment says."""
    return Settings(_env_file=None, data_dir=tmp_path / "data", supervisor_pid=0)


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """moto's HTTP server: the one stand-in for a service that we allow ourselves."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_settings(s3_endpoint: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An empty bucket; nothing reaches a real store."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    bucket = f"calls-{os.urandom(4).hex()}"
    boto3.client("s3", endpoint_url=s3_endpoint).create_bucket(Bucket=bucket)
    return settings.model_copy(update={"blob_url": f"s3://{bucket}/rec", "s3_endpoint_url": s3_endpoint})
