"""A Celery application for `test_queueing`: the real configuration, signals and draining, over a job that only sleeps.

The database is real; a job writes what happens to it as audit entries.
"""

from __future__ import annotations

import os
import time

from speechsvc.config import Settings
from speechsvc.domain.job import Job, JobKind
from speechsvc.queueing.celery_app import RUN_NEXT, make_celery, most_memory_mb
from speechsvc.queueing.stopping import connect_signals, drain
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.system import SqlSystem

settings = Settings()
database = SqlDatabase(settings.effective_database_url)
app = make_celery(settings)
app.conf.include = []
connect_signals(app, settings.supervisor_pid)
hoard: list[bytes] = []  # memory that jobs leave behind


@app.task(name=RUN_NEXT)  # type: ignore[untyped-decorator]
def run_next(queue: str) -> None:
    if drain(lambda: run_one(queue), most_memory_mb(settings)):
        run_next.apply_async(kwargs={"queue": queue}, queue=queue)


def run_one(queue: str) -> bool:
    """One job: takes the memory and sleeps as long as its payload says."""
    system = SqlSystem(database)
    job = system.lease([k for k in JobKind if k.queue == queue], settings.lease_s)
    if job is None:
        return False
    note(job, f"started in {os.getpid()}" if "megabytes" in job.payload else "started")
    hoard.append(b"x" * (job.payload.get("megabytes", 0) << 20))
    try:
        deadline = time.monotonic() + job.payload.get("seconds", 0)
        while time.monotonic() < deadline:
            time.sleep(0.05)
    except BaseException:
        system.release(job)
        raise
    note(job, "finished", finish=True)
    return True


def note(job: Job, action: str, *, finish: bool = False) -> None:
    with database.tenant("t") as uow:
        if finish:
            uow.jobs.finish(job)
        uow.audit.add(actor=f"attempt {job.attempt}", action=action, subject=job.subject)
        uow.commit()
