"""Work for the engine: executions."""

from __future__ import annotations

import gc
import os
import statistics
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks import machines
from benchmarks.figures import Found, Work, check, seconds
from benchmarks.ground import Ground
from benchmarks.machines import Definition
from sfnb.items.folder import FolderBuckets
from sfnb.machine import StateMachine, load_machine

ROWS = 10_000
SHORT = 1_000
"""Executions at a time."""


def running(ground: Ground, definition: Definition, input: Any, expect: Any, times: int = 1) -> Work:
    """Runs a definition, one execution after the other."""
    prepared = with_echo(ground.machine(definition))

    def work() -> Found:
        for _ in range(times):
            check(prepared.run(input).result(), expect)
        return {}

    return work


def with_echo(machine: StateMachine) -> StateMachine:
    def echo(payload: Any) -> Any:
        return payload

    machine.task(echo)
    return machine


def loop(ground: Ground) -> Work:
    return running(ground, machines.loop(), {"i": 0, "n": 5_000}, {"i": 5_000, "n": 5_000})


def jsonata(ground: Ground) -> Work:
    return running(ground, machines.jsonata_loop(), {"n": 5_000}, {"i": 5_000})


def chain(ground: Ground) -> Work:
    return running(ground, machines.chain(1_000), {"a": 1}, {"a": 1, "r": {"k": 1_000}})


def large(ground: Ground) -> Work:
    rows = [
        {"id": k, "name": f"customer number {k:05d}", "tags": ["alpha", "beta"], "amount": k * 3, "ok": True}
        for k in range(2_500)
    ]
    return running(ground, machines.chain(100), {"rows": rows}, {"rows": rows, "r": {"k": 100}})


def narrow_map(ground: Ground, times: int = 1) -> Work:
    return map_of(ground, 1_000, times)


def map_of(ground: Ground, length: int, times: int = 1) -> Work:
    items = [{"v": k} for k in range(length)]
    return running(
        ground, machines.renamed_items(), {"items": items}, [{"y": k} for k in range(length)], times
    )


def wide_map(ground: Ground) -> Work:
    """A Map of 10,000, and what share of the rate of ten Maps of 1,000 it has."""
    wide, narrow = map_of(ground, 10_000), narrow_map(ground, times=10)

    def work() -> Found:
        gc.collect()
        taken_narrow = seconds(narrow)
        gc.collect()
        taken_wide = seconds(wide)
        return {"rate": 10_000 / taken_wide, "share": taken_narrow / taken_wide}

    return work


def map_of_tasks(ground: Ground) -> Work:
    items = [{"v": k} for k in range(1_000)]
    definition = machines.mapped({"Type": "Task", "Resource": machines.ECHO})
    return running(ground, definition, {"items": items}, items)


def parallel(ground: Ground) -> Work:
    return running(ground, machines.parallel(), {"a": 1}, [{"b": b} for b in range(10)], times=100)


def steps(ground: Ground) -> Work:
    """Tasks one after the other: the log has to be written before each call."""
    return running(ground, machines.tasks(1_000), {"a": 1}, {"a": 1})


def short(ground: Ground) -> Work:
    """Executions one after the other, each started and then asked for its output."""
    prepared = ground.machine(machines.short())

    def once() -> None:
        execution = prepared.start({"id": 7})
        execution.wait()
        check(execution.output, {"id": 7, "r": {"ok": True}})

    def work() -> Found:
        taken = sorted(seconds(once) for _ in range(SHORT))
        return {"p50": statistics.median(taken) * 1_000, "p99": taken[SHORT * 99 // 100] * 1_000}

    return work


def many(ground: Ground) -> Work:
    """Executions that are all started before the first is waited for; what is left once all is closed."""

    def work() -> Found:
        threads, handles = threading.active_count(), open_handles()
        prepared = with_echo(ground.machine(machines.tasks(3)))
        began = time.perf_counter()
        executions = [prepared.start({"id": number}) for number in range(1_000)]
        for number, execution in enumerate(executions):
            check(execution.result(), {"id": number})
        taken = time.perf_counter() - began
        ground.close()
        return {
            "rate": 1_000 / taken,
            "threads": threading.active_count() - threads,
            "handles": open_handles() - handles,
        }

    return work


def open_handles() -> int:
    """Files, sockets and pipes that this process holds open."""
    return len(os.listdir("/dev/fd"))


def distributed(ground: Ground, batch: int | None = None) -> Work:
    for bucket in ("in", "out"):
        (ground.folder / bucket).mkdir()
    write_rows(ground.folder / "in" / "rows.csv")
    service = ground.service(buckets=FolderBuckets(ground.folder))
    prepared = load_machine(service, machines.rows_of_a_file(batch))

    def work() -> Found:
        execution = prepared.run({})
        (map_run,) = service.map_runs.of_execution(execution.arn)
        check(map_run.items.succeeded, ROWS)
        return {}

    return work


def batches(ground: Ground) -> Work:
    return distributed(ground, batch=100)


def write_rows(file: Path) -> None:
    file.write_text("id,name\n" + "".join(f"{row},product {row}\n" for row in range(ROWS)))
