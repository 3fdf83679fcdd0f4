"""Jobs leased and finished, one worker, beside the two bare SQL statements that a queue in a table needs at least.

Ours also keeps fencing tokens, attempts and due times, and looks before it takes the write lock."""

from __future__ import annotations

from functools import partial

from speechsvc.domain.job import JobKind
from tests.bench.databases import Pair, pairs
from tests.bench.result import Result, in_turns, versus


def run(quick: bool) -> list[Result]:
    """Jobs a second: lease, commit, finish, commit."""
    jobs, repetitions = (60, 3) if quick else (250, 5)
    with pairs() as databases:
        return [result for pair in databases for result in _compare(pair, jobs, repetitions)]


def _compare(pair: Pair, jobs: int, repetitions: int) -> list[Result]:
    _fill(pair, jobs * (repetitions + 1))  # one warm-up
    series = in_turns(repetitions, {"ours": partial(_work, pair, jobs), pair.peer: partial(_work_bare, pair, jobs)})
    return versus("jobs", f"lease and finish, {pair.kind}", "jobs/s", series, {"jobs a repetition": jobs})


def _fill(pair: Pair, jobs: int) -> None:
    with pair.application.core.db.tenant("default") as uow:
        for n in range(jobs):
            uow.jobs.add(JobKind.DELIVER, f"subject-{n}")
        uow.commit()
    number = "BIGSERIAL" if pair.kind == "PostgreSQL" else "INTEGER"
    pair.bare.execute(f"CREATE TABLE job (id {number} PRIMARY KEY, subject TEXT, state TEXT)")
    pair.bare.execute("CREATE INDEX job_open ON job (id) WHERE state = 'ready'")
    with pair.bare.cursor() if pair.kind == "PostgreSQL" else pair.bare as many:
        rows = [(f"subject-{n}", "ready") for n in range(jobs)]
        many.executemany(f"INSERT INTO job (subject, state) VALUES ({pair.mark}, {pair.mark})", rows)


def _work(pair: Pair, jobs: int) -> float:
    core = pair.application.core
    for _ in range(jobs):
        job = core.system.lease((JobKind.DELIVER,), 60)
        assert job is not None, "a repetition ran out of jobs"
        with core.db.tenant(job.tenant_id) as uow:
            uow.jobs.finish(job)
            uow.commit()
    return jobs


def _work_bare(pair: Pair, jobs: int) -> float:
    skip = " FOR UPDATE SKIP LOCKED" if pair.kind == "PostgreSQL" else ""
    oldest = f"SELECT id FROM job WHERE state = 'ready' ORDER BY id LIMIT 1{skip}"
    for _ in range(jobs):
        row = pair.bare.execute(f"UPDATE job SET state = 'leased' WHERE id = ({oldest}) RETURNING id").fetchone()
        pair.bare.execute(f"UPDATE job SET state = 'done' WHERE id = {pair.mark}", row)
    return jobs
