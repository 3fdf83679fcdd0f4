"""The supervisor, with real processes: restarts what dies, with growing pauses, and ends everything together."""

from __future__ import annotations

import os
import sys
import threading
import time

import psutil
import pytest

from speechsvc.cli.supervisor import Child, Supervisor

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
DIES = [sys.executable, "-c", "raise SystemExit(3)"]


def child(argv: list[str]) -> Child:
    return Child("test", argv, dict(os.environ))


def tended_until_dead(subject: Child) -> None:
    assert subject.process is not None
    subject.process.wait(10)
    subject.tend()


def test_quick_deaths_pause_longer_each_time_and_never_forever() -> None:
    subject = child(DIES)
    pauses = []
    for _ in range(3):
        subject.due = 0.0
        subject.tend()
        before = time.monotonic()
        tended_until_dead(subject)
        pauses.append(round(subject.due - before))
    assert pauses == [1, 2, 4]
    subject.failures = 50
    subject.due = 0.0
    subject.tend()
    tended_until_dead(subject)
    assert subject.due - time.monotonic() <= 30


def test_it_is_not_started_before_its_time() -> None:
    subject = child(DIES)
    subject.due = time.monotonic() + 60
    subject.tend()
    assert subject.process is None


def test_after_a_long_life_a_death_is_made_good_at_once() -> None:
    subject = child(DIES)
    subject.failures = 4
    subject.tend()
    subject.started -= 60
    tended_until_dead(subject)
    assert (subject.failures, subject.due <= time.monotonic()) == (0, True)


def test_a_program_that_cannot_be_started_is_tried_again_later() -> None:
    subject = child(["/nowhere/at/all"])
    subject.tend()
    assert (subject.process, subject.failures) == (None, 1)


def test_what_is_killed_comes_back_and_stopping_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)  # belongs to the main thread, and this one is not
    children = [child(SLEEPS), child(SLEEPS)]
    supervisor = Supervisor(children)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    first = pid_of(children[0], other_than=None)
    other = pid_of(children[1], other_than=None)
    psutil.Process(first).kill()
    second = pid_of(children[0], other_than=first)
    supervisor.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert not any(psutil.pid_exists(p) for p in (first, second, other))


def pid_of(subject: Child, other_than: int | None) -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        process = subject.process
        if process is not None and process.pid != other_than:
            return process.pid
        time.sleep(0.05)
    raise AssertionError("it did not come (back)")
