"""Opens units of work: one transaction of one tenant, from which all its repositories come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection, Engine

from speechsvc.storage.analyses import AnalysisTable
from speechsvc.storage.audit import AuditTable
from speechsvc.storage.base import Repository, utc_now
from speechsvc.storage.call_index import CallIndexTable
from speechsvc.storage.calls import CallTable
from speechsvc.storage.crm import CrmTable
from speechsvc.storage.directory import DirectoryTable
from speechsvc.storage.engine import connect, make_engine
from speechsvc.storage.events import EventTable
from speechsvc.storage.followups import FollowupTable
from speechsvc.storage.jobs import JobTable
from speechsvc.storage.marks import MarkTable
from speechsvc.storage.rulesets import RulesetTable
from speechsvc.storage.runs import RunTable
from speechsvc.storage.transcripts import TranscriptTable
from speechsvc.storage.uploads import UploadTable
from speechsvc.storage.webhooks import WebhookTable

R = TypeVar("R", bound=Repository)


class SqlDatabase:
    """Implements `Database`. The engine is made at the first use, in the process that uses it."""

    def __init__(self, url: str, now: Callable[[], datetime] = utc_now) -> None:
        """`now` gives the wall time that people read; leases use the database's clock."""
        self.url = url
        self.now = now

    @cached_property
    def engine(self) -> Engine:
        return make_engine(self.url)

    def tenant(self, tenant_id: str, *, write: bool = True) -> SqlUnitOfWork:
        return SqlUnitOfWork(self, tenant_id, write=write)

    def dispose(self) -> None:
        """Closes pooled connections; the next use opens new ones."""
        if "engine" in self.__dict__:
            self.engine.dispose()


class SqlUnitOfWork:
    """Implements `UnitOfWork`."""

    def __init__(self, database: SqlDatabase, tenant_id: str, *, write: bool) -> None:
        self.tenant_id = tenant_id
        self._database = database
        self._write = write
        self._connection: Connection | None = None

    def __enter__(self) -> SqlUnitOfWork:
        if self._connection is not None:
            raise RuntimeError("this unit of work is already open")
        self._connection = connect(self._database.engine, write=self._write)
        try:
            self._connection.begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()  # rolls back what was not committed

    def commit(self) -> None:
        self._open().commit()

    @property
    def calls(self) -> CallTable:
        return self._repository(CallTable)

    @property
    def transcripts(self) -> TranscriptTable:
        return self._repository(TranscriptTable)

    @property
    def analyses(self) -> AnalysisTable:
        return self._repository(AnalysisTable)

    @property
    def jobs(self) -> JobTable:
        return self._repository(JobTable)

    @property
    def events(self) -> EventTable:
        return self._repository(EventTable)

    @property
    def webhooks(self) -> WebhookTable:
        return self._repository(WebhookTable)

    @property
    def crm(self) -> CrmTable:
        return self._repository(CrmTable)

    @property
    def audit(self) -> AuditTable:
        return self._repository(AuditTable)

    @property
    def uploads(self) -> UploadTable:
        return self._repository(UploadTable)

    @property
    def rulesets(self) -> RulesetTable:
        return self._repository(RulesetTable)

    @property
    def call_index(self) -> CallIndexTable:
        return self._repository(CallIndexTable)

    @property
    def runs(self) -> RunTable:
        return self._repository(RunTable)

    @property
    def marks(self) -> MarkTable:
        return self._repository(MarkTable)

    @property
    def followups(self) -> FollowupTable:
        return self._repository(FollowupTable)

    @property
    def directory(self) -> DirectoryTable:
        return self._repository(DirectoryTable)

    def _repository(self, kind: type[R]) -> R:
        return kind(self._open(), self.tenant_id, self._database.now)

    def _open(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("open the unit of work with 'with' before using it")
        return self._connection
