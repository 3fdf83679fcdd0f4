"""Work is shared with other processes; whatever becomes of them, each piece is done and results keep their order."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from speechsvc.queueing import helpers
from speechsvc.queueing.helpers import HelperProcesses

ENTRY = "tests.unit.queueing.helper_entry:run"


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[HelperProcesses]:
    """Helpers that end soon after they are not asked any more."""
    monkeypatch.setattr(helpers, "_IDLE_S", 0.3)
    made = HelperProcesses(2, ENTRY, b"hello")
    yield made
    deadline = time.monotonic() + 20
    while any(thread is not None for thread in made._threads) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert made._threads == [None, None], "idle helpers end"


def slowly(piece: int) -> tuple[Any, ...]:
    time.sleep(0.01)
    return "mine", os.getpid(), piece


def test_helpers_do_a_share_and_the_order_stays(two: HelperProcesses) -> None:
    who: set[int] = set()
    deadline = time.monotonic() + 60
    while len(who) < 3 and time.monotonic() < deadline:  # they start beside the work
        found = two.share("work", ("t", 7), list(range(40)), slowly)
        assert [one[-1] for one in found] == list(range(40))
        assert all(one[0] == "mine" or one[:1] + one[2:4] == ("hello", "work", ("t", 7)) for one in found)
        who |= {one[1] for one in found}
    assert len(who) == 3
    assert os.getpid() in who


@pytest.mark.parametrize("fate", ["die", "fail"])
def test_what_a_helper_cannot_do_is_done_here(two: HelperProcesses, fate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helpers, "_PAUSE_S", 0.0)
    for _ in range(3):
        found = two.share(fate, (), list(range(60)), slowly)
        assert [one[0] for one in found] == ["mine"] * 60
        assert [one[-1] for one in found] == list(range(60))


def test_an_error_of_the_work_itself_is_raised(two: HelperProcesses) -> None:
    def broken(piece: int) -> int:
        raise LookupError(piece)

    with pytest.raises(LookupError):
        two.share("work", (), [1, 2, 3], broken)
    assert two.share("work", (), [5], lambda piece: piece) == [5]


def test_without_helpers_all_is_done_here() -> None:
    assert HelperProcesses(0, ENTRY, b"").share("work", (), [1, 2, 3], lambda piece: -piece) == [-1, -2, -3]
