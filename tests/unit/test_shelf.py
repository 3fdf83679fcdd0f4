"""The shelf of analysers: made once, by whoever comes first, without holding up others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from speechsvc.services.shelf import Shelf


def test_many_threads_make_a_value_once() -> None:
    shelf: Shelf[str, object] = Shelf(2)
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: shelf.get("a", make), range(50)))
    assert found == set(made)
    assert len(made) == 1


def test_making_one_value_does_not_hold_up_another() -> None:
    shelf: Shelf[str, int] = Shelf(2)
    entered, go = threading.Event(), threading.Event()

    def slow() -> int:
        entered.set()
        assert go.wait(10)
        return 1

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(shelf.get, "slow", slow)
        assert entered.wait(10)
        assert shelf.get("quick", lambda: 2) == 2
        assert not first.done()
        go.set()
        assert first.result(10) == 1


def test_the_least_recently_used_leaves_and_a_failure_is_not_kept() -> None:
    shelf: Shelf[str, int] = Shelf(2)
    for key in ("a", "b", "a", "c"):
        shelf.get(key, lambda: 1)
    assert [shelf.get(key, lambda: 2) for key in ("a", "c", "b")] == [1, 1, 2]
    with pytest.raises(ZeroDivisionError):
        shelf.get("z", lambda: 1 // 0)
    assert shelf.get("z", lambda: 3) == 3
