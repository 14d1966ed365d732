"""What is kept of a great many executions: their logs, and nothing else."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.values import Payload
from tests.crash.driver import ROOT

MANY = 100_000
AT_ONCE = 1_000
TREE = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": name, "States": {name: {"Type": "Task", "Resource": name, "End": True}}}
                for name in ("work", "work_async")
            ],
            "End": True,
        }
    },
}


def sizes(store: str, folder: Path) -> list[int]:
    """The resident size in kB after each tenth of many executions."""
    command = [sys.executable, "-m", "tests.crash.marathon", store, str(MANY), str(folder)]
    ran = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    print(f"{store}: {ran.stdout}")
    return [int(line.split()[1]) for line in ran.stdout.splitlines()]


linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc here")


@linux
@pytest.mark.soak
def test_a_hundred_thousand_executions_in_a_file_leave_the_memory_as_it_was(tmp_path: Path) -> None:
    found = sizes("sqlite", tmp_path)

    assert found[-1] - found[1] < 4_000


@linux
@pytest.mark.soak
def test_a_hundred_thousand_executions_in_memory_keep_their_logs_alone(tmp_path: Path) -> None:
    """Nine records of about 200 bytes each, with what the catalogue needs to find them."""
    found = sizes("memory", tmp_path)

    assert (found[-1] - found[1]) * 1024 / (MANY * 0.8) < 4_000


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@linux
def test_a_thousand_executions_at_once_leave_no_thread_no_file_and_no_task(tmp_path: Path) -> None:
    gc.collect()  # what other tests have left
    threads, files = set(threading.enumerate()), open_files()
    service = StepFunctions(store=SqliteStore(tmp_path / "store.db", durability="normal"))

    async def work_async(number: int) -> int:
        await asyncio.sleep(0)
        return number + 1

    service.registry.functions |= {"work": lambda number: number + 1, "work_async": work_async}
    machine = load_machine(service, TREE, name="machine").record
    lives = [service.start_execution(machine, Payload(number)) for number in range(AT_ONCE)]
    assert all(live.wait(60) and live.fault is None for live in lives)

    assert asyncio.all_tasks(service.engine.loop) == set()
    assert service.registry.tokens.list() == []
    assert not service._live
    service.close()
    gc.collect()
    assert set(threading.enumerate()) <= threads
    assert open_files() <= files
