"""What a workload is, and the figures it yields."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from benchmarks.ground import Ground, StoreName

Found = dict[str, float]
"""Figures by name."""
Work = Callable[[], Found]
"""Does the work once, checks every answer, and tells what it found out besides the time it took."""


class Figure(NamedTuple):
    """One number that a workload yields.

    goals: what it should be, by store: at least so much where `more` is better, else at most.
    """

    unit: str
    goals: Mapping[str, float] = {}
    more: bool = False

    def meets(self, store: str, value: float) -> bool:
        """Whether `value` is as good as its goal; True where there is none."""
        goal = self.goals.get(store, value)
        return value >= goal if self.more else value <= goal


class Workload(NamedTuple):
    """Something to measure.

    amount: how many of its things it does at a time.
    figures: by name. "rate" is `amount` a second of wall clock and "time" the milliseconds for one of it,
        unless the work finds them itself; all others it does.
    make: prepares the work, outside of the measured time.
    """

    what: str
    amount: int
    figures: dict[str, Figure]
    make: Callable[[Ground], Work]
    stores: tuple[StoreName, ...] = ("memory",)
    uses_store: bool = True

    def label(self, store: str, figure: str) -> str:
        """What tells this figure from the workload's others."""
        first = figure == next(iter(self.figures))
        words = [] if first else [figure]
        if self.uses_store and store != "memory":
            words.append(f"({store})")
        return " ".join(words)


def rate(unit: str, **goals: float) -> dict[str, Figure]:
    """Things a second."""
    return {"rate": Figure(unit, goals, more=True)}


def milliseconds(goal: float) -> dict[str, Figure]:
    return {"time": Figure("ms", {"memory": goal})}


def seconds(action: Callable[[], object]) -> float:
    """How long `action()` takes by the clock on the wall."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def check(found: object, expect: object) -> None:
    if found != expect:
        raise AssertionError(f"expected {str(expect)[:200]}, got {str(found)[:200]}")
