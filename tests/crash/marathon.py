"""A great many short executions in one process, and what it keeps of them.

    python -m tests.crash.marathon STORE COUNT FOLDER

Prints, after each tenth part, how many there have been and the resident size in kB.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from pathlib import Path

from sfnb.engine.ports import EventStore
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.memory import MemoryStore
from sfnb.stores.sqlite import SqliteStore
from sfnb.values import Payload

TOGETHER = 200
TREE = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Pass", "Next": "Work"},
        "Work": {"Type": "Task", "Resource": "work", "Next": "Last"},
        "Last": {"Type": "Succeed"},
    },
}


def resident_kilobytes() -> int:
    """What was freed is given back first, as far as Python does."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def main(store: EventStore, count: int) -> None:
    service = StepFunctions(store=store)
    service.registry.functions["work"] = lambda number: number + 1
    machine = load_machine(service, TREE, name="machine").record
    for number in range(0, count, TOGETHER):
        lives = [
            service.start_execution(machine, Payload(number + n), name=f"e{number + n}")
            for n in range(TOGETHER)
        ]
        for live in lives:
            live.wait()
            assert live.fault is None
        del live, lives
        done = number + TOGETHER
        if done % (count // 10) == 0:
            print(done, resident_kilobytes(), flush=True)
    service.close()
    assert [thread.name for thread in threading.enumerate()] == ["MainThread"]


if __name__ == "__main__":
    kind, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    main(MemoryStore() if kind == "memory" else SqliteStore(folder / "store.db", durability="normal"), count)
