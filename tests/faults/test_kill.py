"""kill -9 in the middle of the work: every call reaches its end exactly once, with one event."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from speechsvc.domain.ids import new_id
from tests.support.service import Service, running, sample_calls

pytestmark = [pytest.mark.serial, pytest.mark.slow]


def test_kill_the_worker_then_the_whole_service(tmp_path: Path, broker_url: str) -> None:
    with running(tmp_path / "data", broker_url=broker_url, lease_s="4", announce_quiet_s="2") as service:
        ids = [service.upload(item).json()["id"] for item in sample_calls()]
        _await_work(service, ids)
        service.kill(service.processes("asr"))
        _await_progress(service, ids)
        service.kill_all()
        service.start()
        calls = [service.finished(call_id, timeout_s=180) for call_id in ids]
        assert [c["status"] for c in calls] == ["done"] * len(ids)
        _await_quiet(service, len(ids))
        told = Counter((e["type"], e["data"]["call_id"]) for e in service.call_events())
        assert told == {("call.analysed", call_id): 1 for call_id in ids}
        numbers = [e["seq"] for e in service.events()]
        assert numbers == list(range(1, len(numbers) + 1))


def test_stop_hands_the_running_job_back(tmp_path: Path) -> None:
    with running(tmp_path / "data", lease_s="600", announce_quiet_s="2") as service:
        ids = [service.upload(item).json()["id"] for item in sample_calls()[:2]]
        _await_work(service, ids)
        service.stop()
        service.start()
        # the lease is ten minutes: only a job that was handed back can be finished in this time
        assert [service.finished(i, timeout_s=90)["status"] for i in ids] == ["done", "done"]


def test_ctrl_c_in_a_terminal_stops_everything_soon(tmp_path: Path) -> None:
    """A terminal signals the whole process group, and the supervisor signals its children once more."""
    with running(tmp_path / "data", lease_s="600", announce_quiet_s="2") as service:
        for _ in range(3):  # a signal that a worker's other thread catches must not be lost: it was, every second time
            ids = [service.upload(item, external_id=new_id("x")).json()["id"] for item in sample_calls()]
            _await_work(service, ids)
            assert service.process is not None
            family = psutil.Process(service.process.pid).children(recursive=True)
            began = time.monotonic()
            os.killpg(service.process.pid, signal.SIGINT)
            assert service.process.wait(60) == 0
            assert time.monotonic() - began < 13, "a worker was killed after the supervisor's patience of 15 s"
            assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
            service.start()


def _await_work(service: Service, ids: list[str]) -> None:
    """Until one call is being transcribed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(service.call(i)["status"] == "transcribing" for i in ids):
            return
        time.sleep(0.05)
    raise AssertionError(f"no call is being transcribed\n{service.last_log()}")


def _await_progress(service: Service, ids: list[str]) -> None:
    """Until at least one call is finished and one is not."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        finished = [service.call(i)["status"] in ("done", "partial", "failed") for i in ids]
        if any(finished):
            assert not all(finished), "all calls were finished before the second kill: nothing was tested"
            return
        time.sleep(0.05)
    raise AssertionError(f"no call was finished after the worker was killed\n{service.last_log()}")


def _await_quiet(service: Service, events: int) -> None:
    """Leaves time for a second event that must not come."""
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        assert len(service.call_events()) <= events
        time.sleep(1)
