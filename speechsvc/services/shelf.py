"""Keeps the values made last, and makes each only once however many threads ask."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shelf(Generic[K, V]):
    """Least recently used values leave first. Making one holds up only those who want the same one."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._slots: OrderedDict[K, _Slot[V]] = OrderedDict()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Raises what `make` raises; the next to ask tries again."""
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            if len(self._slots) > self._size:
                self._slots.popitem(last=False)
        return slot.value(make)


class _Slot(Generic[V]):
    def __init__(self) -> None:
        self._lock = Lock()
        self._made: list[V] = []

    def value(self, make: Callable[[], V]) -> V:
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(make())
        return self._made[0]
