"""Measures one workload on one store: `python -m benchmarks.measure NAME STORE REPEAT` prints JSON.

Each is measured in a process of its own, so that none pays for what another has left on the heap.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time

import msgspec

from benchmarks.figures import Figure, Found, Workload
from benchmarks.ground import STORES, StoreName, ground
from benchmarks.workloads import WORKLOADS

LEAST_SECONDS = 1.0
"""A processor changes its pace within milliseconds: work that takes few of them is measured over many."""


class Measured(msgspec.Struct, frozen=True, omit_defaults=True):
    """One figure.

    best: of all repeats. cpu: the median by the CPU time of all threads and children, which other programs
    disturb least; None where the figure is no time. middle: between which half of the repeats lie.
    """

    unit: str
    repeats: int
    median: float
    best: float
    middle: tuple[float, float]
    cpu: float | None = None


Cell = dict[str, Measured]
"""What a workload yields on a store, by the figure's name."""


class MeasuringFailed(Exception):
    """The process that measured ended badly; the message is the last it said."""


def measure_apart(name: str, store: StoreName, repeat: int) -> Cell:
    """In a fresh process. Raises MeasuringFailed."""
    command = [sys.executable, "-m", "benchmarks.measure", name, store, str(repeat)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasuringFailed(done.stderr.strip().rpartition("\n")[2] or f"ended with {done.returncode}")
    return msgspec.json.decode(done.stdout, type=Cell)


def measure(name: str, store: StoreName, repeat: int, *, least_seconds: float = LEAST_SECONDS) -> Cell:
    """A first run that warms up is not counted. Short work is repeated more often, for `least_seconds`."""
    workload = WORKLOADS[name]
    values: dict[str, list[float]] = {}
    by_cpu: dict[str, list[float]] = {}
    with ground(store) as place:
        work = workload.make(place)
        work()
        began = time.perf_counter()
        while repeat > 0 or time.perf_counter() - began < least_seconds:
            repeat -= 1
            gc.collect()
            wall, cpu = time.perf_counter(), cpu_seconds()
            found = work()
            taken, spent = time.perf_counter() - wall, cpu_seconds() - cpu
            gather(values, {**timings(workload, taken), **found})
            gather(
                by_cpu, {key: value for key, value in timings(workload, spent).items() if key not in found}
            )
    return {
        key: measured(figure, values[key], by_cpu.get(key))
        for key, figure in workload.figures.items()
        if key in values
    }


def gather(values: dict[str, list[float]], found: Found) -> None:
    for key, value in found.items():
        values.setdefault(key, []).append(value)


def timings(workload: Workload, seconds: float) -> Found:
    """The figures that follow from how long the work took."""
    return {"rate": workload.amount / max(seconds, 0.001), "time": seconds * 1_000 / workload.amount}


def measured(figure: Figure, values: list[float], by_cpu: list[float] | None) -> Measured:
    lower, _, upper = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return Measured(
        unit=figure.unit,
        repeats=len(values),
        median=statistics.median(values),
        best=max(values) if figure.more else min(values),
        middle=(lower, upper),
        cpu=statistics.median(by_cpu) if by_cpu else None,
    )


def cpu_seconds() -> float:
    return time.process_time() + sum(os.times()[2:4])


def main(name: str, store: str, repeat: str) -> None:
    (known,) = (known for known in STORES if known == store)
    print(json.dumps(msgspec.to_builtins(measure(name, known, int(repeat)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
