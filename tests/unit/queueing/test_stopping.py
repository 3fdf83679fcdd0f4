"""A worker that is told to stop, in this very process."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from speechsvc.queueing import stopping
from speechsvc.queueing.stopping import drain


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(stopping._State, "stopping", False)
    handler, mask = signal.getsignal(signal.SIGUSR2), signal.pthread_sigmask(signal.SIG_BLOCK, set())
    yield
    signal.signal(signal.SIGUSR2, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def tell() -> None:
    # to this thread: a signal to the process may reach any other thread of the test runner, which knows no handler
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)
    time.sleep(0.01)


def test_a_second_signal_does_not_interrupt_the_release_of_the_job() -> None:
    released = []

    def job() -> bool:
        try:
            tell()  # Ctrl-C in a terminal: the group gets SIGINT, and the supervisor sends SIGTERM
        except BaseException:
            tell()
            released.append(True)
            raise
        return True

    assert drain(job) is False
    assert released == [True]


def test_a_process_that_has_grown_leaves_the_rest_to_another() -> None:
    ran = []

    def job() -> bool:
        ran.append(True)
        return len(ran) < 5

    assert drain(job, most_mb=1) is True
    assert len(ran) == 1
    assert drain(job, most_mb=100_000) is False
    assert len(ran) == 5


def test_a_child_that_has_had_no_job_yet_survives_the_signal_and_takes_none() -> None:
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})  # as `_prepare_child` leaves it
    tell()
    ran = []

    def job() -> bool:
        ran.append(True)
        return False

    drain(job)
    assert ran == []
