"""Measures the workloads, prints a table and writes JSON."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

import sfnb
from benchmarks.workloads import WORKLOADS, Workload


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"some of {', '.join(WORKLOADS)}; all unless given"
    )
    parser.add_argument("--repeat", type=int, default=7, help="how often each is measured (default: 7)")
    parser.add_argument(
        "--json", type=Path, default=Path("build/benchmarks.json"), help="default: %(default)s"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(WORKLOADS):
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")

    results = {}
    for name in options.names or WORKLOADS:
        print(f"{name} ...", end="\r", file=sys.stderr, flush=True)
        results[name] = measure(WORKLOADS[name], options.repeat)
    show(results)
    write(results, options.json)


class Times(NamedTuple):
    """Seconds, one for each repeat. cpu: of all threads and children; other programs disturb it least."""

    wall: list[float]
    cpu: list[float]


def measure(workload: Workload, repeat: int) -> Times:
    """A first run that warms up is not counted."""
    work = workload.make()
    work()
    times = Times([], [])
    for _ in range(repeat):
        gc.collect()
        wall, cpu = time.perf_counter(), cpu_seconds()
        work()
        times.wall.append(time.perf_counter() - wall)
        times.cpu.append(cpu_seconds() - cpu)
    return times


def cpu_seconds() -> float:
    return time.process_time() + sum(os.times()[2:4])


def figure(workload: Workload, seconds: float) -> float:
    """In the workload's unit."""
    if workload.unit == "ms":
        return seconds * 1_000
    return workload.amount / max(seconds, 0.001)


def figures(workload: Workload, times: Times) -> dict[str, float]:
    return {
        "median": figure(workload, statistics.median(times.wall)),
        "best": figure(workload, min(times.wall)),
        "cpu": figure(workload, statistics.median(times.cpu)),
    }


def show(results: dict[str, Times]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "what", "median", "best", "by cpu", "should be"):
        table.add_column(heading, no_wrap=True, justify="left" if heading in ("", "what") else "right")
    for name, times in results.items():
        workload = WORKLOADS[name]
        less = workload.unit == "ms"
        found = figures(workload, times)
        missed = found["median"] > workload.bound if less else found["median"] < workload.bound
        shown = [f"{value:,.0f}" for value in found.values()]
        table.add_row(
            name,
            workload.what,
            f"[red]{shown[0]}[/red]" if missed else shown[0],
            *shown[1:],
            f"{'<' if less else '>'} {workload.bound:,.0f} {workload.unit}",
        )
    Console(width=None if sys.stdout.isatty() else 110).print(table)


def write(results: dict[str, Times], file: Path) -> None:
    """Every measurement, and where it was made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "sfnb": sfnb.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "results": {
            name: {
                "what": WORKLOADS[name].what,
                "unit": WORKLOADS[name].unit,
                **figures(WORKLOADS[name], times),
                "seconds": times.wall,
            }
            for name, times in results.items()
        },
    }
    file.write_text(json.dumps(record, indent=2) + "\n")
    print(f"written to {file}", file=sys.stderr)


if __name__ == "__main__":
    main()
