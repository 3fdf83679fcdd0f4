"""Values of one comparison, and the one way in which all of them are measured."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Work = Callable[[], float]  # does the work of one repetition and returns how much it was, in the result's unit


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One contender's rates, one a repetition, in order."""

    name: str
    values: tuple[float, ...]  # amount of work a second
    processor: tuple[float, ...]  # amount of work a second of processor time, this process and its ended children

    def to_dict(self) -> dict[str, Any]:
        rates = {"values": list(self.values), "values_by_processor_time": list(self.processor)}
        return {"name": self.name} | rates | spread(self.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One line of the table: ours beside one peer, measured in turns (A B A B)."""

    benchmark: str
    case: str
    unit: str  # of the rates; more is better
    ours: Series
    peer: Series | None = None  # none where nothing comparable exists
    computing: bool = False  # both only compute in this process: processor time compares them on a busy machine
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours over peer, repetition by repetition: both halves of a pair saw the same machine."""
        return tuple(a / b for a, b in zip(self.ours.values, self.peer.values, strict=True)) if self.peer else ()

    @property
    def processor_ratios(self) -> tuple[float, ...]:
        """The same in processor time, where that is fair; empty elsewhere."""
        if self.peer is None or not self.computing:
            return ()
        return tuple(a / b for a, b in zip(self.ours.processor, self.peer.processor, strict=True))

    def to_dict(self) -> dict[str, Any]:
        return {
            "benchmark": self.benchmark,
            "case": self.case,
            "unit": self.unit,
            "repetitions": len(self.ours.values),
            "ours": self.ours.to_dict(),
            "peer": self.peer.to_dict() if self.peer else None,
            "ratio": spread(self.ratios) if self.ratios else None,
            "ratio_by_processor_time": spread(self.processor_ratios) if self.processor_ratios else None,
            "details": dict(self.details),
        }


def spread(values: tuple[float, ...]) -> dict[str, float]:
    """Lowest, middle and highest."""
    return {"min": min(values), "median": median(values), "max": max(values)}


def in_turns(repetitions: int, contenders: Mapping[str, Work], *, warm_up: bool = True) -> dict[str, Series]:
    """Rates of every contender, by name. Each does its work once unmeasured, then all take turns: A B C A B C ..."""
    if warm_up:
        for work in contenders.values():
            work()
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(repetitions):
        for name, work in contenders.items():
            rates[name].append(_rates(work))
    return {
        name: Series(name=name, values=tuple(wall for wall, _ in pairs), processor=tuple(busy for _, busy in pairs))
        for name, pairs in rates.items()
    }


def versus(
    benchmark: str,
    case: str,
    unit: str,
    series: Mapping[str, Series],
    details: Mapping[str, Any] | None = None,
    *,
    computing: bool = False,
) -> list[Result]:
    """One result a peer; the first of `series` is ours."""
    ours, *peers = series.values()
    beside: list[Series | None] = [*peers] or [None]
    return [
        Result(
            benchmark=benchmark,
            case=case,
            unit=unit,
            ours=ours,
            peer=peer,
            computing=computing,
            details=details or {},
        )
        for peer in beside
    ]


def _rates(work: Work) -> tuple[float, float]:
    """By the clock, and by processor time."""
    gc.collect()
    busy, start = _processor_seconds(), time.perf_counter()
    amount = work()
    took, used = time.perf_counter() - start, _processor_seconds() - busy
    return amount / took, amount / max(used, 1e-6)


def _processor_seconds() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
