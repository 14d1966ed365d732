"""What an execution of 25,000 events costs in memory and on the disk, in a fresh process.

`python -m benchmarks.footprint STORE` prints it as JSON:

    bytes   that the heap has kept of each event, when nothing but the execution is held
    peak    the most that the process had resident, in MB
    growth  how much of that the execution brought, in MB
    disk    bytes of a durable store's files for each event

Resident sizes are read where Linux has them.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

from benchmarks import machines
from benchmarks.figures import Found, Work, check
from benchmarks.ground import STORES, Ground, StoreName, ground
from sfnb.machine import StateMachine

EVENTS = 25_000


def memory(ground: Ground) -> Work:
    command = [sys.executable, "-m", "benchmarks.footprint", ground.store]

    def work() -> Found:
        report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found: Found = json.loads(report)
        return found

    return work


def footprint(store: StoreName) -> Found:
    with ground(store) as place:
        machine = place.machine(machines.loop())
        run(machine, 3)  # so that imports and caches are not counted as history
        before = resident_mb("VmRSS")
        run(machine, machines.LONG)
        peak = resident_mb("VmHWM")
        found = {"bytes": kept_bytes(machine) / EVENTS, "peak": peak, "growth": peak - before}
        place.close()
        if store != "memory":
            size = sum(file.stat().st_size for file in place.folder.rglob("*") if file.is_file())
            found["disk"] = size / (2 * EVENTS)
    return found


def kept_bytes(machine: StateMachine) -> int:
    """Of the heap, by one execution more."""
    gc.collect()
    tracemalloc.start()
    run(machine, machines.LONG)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept


def run(machine: StateMachine, turns: int) -> None:
    check(machine.run({"i": 0, "n": turns}).result(), {"i": turns, "n": turns})


def resident_mb(key: str, process: int | str = "self") -> float:
    """VmRSS: what a process has in memory now. VmHWM: the most it has had."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    raise LookupError(key)


if __name__ == "__main__":
    (name,) = (name for name in STORES if name == sys.argv[1])
    print(json.dumps(footprint(name)))
