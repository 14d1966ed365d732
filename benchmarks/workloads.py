"""What is measured, and what it should come to."""

from __future__ import annotations

from benchmarks import around, footprint, running, server, started
from benchmarks.figures import Figure, Workload, milliseconds, rate
from benchmarks.ground import StoreName

DURABLE: tuple[StoreName, ...] = ("memory", "full")

WORKLOADS = {
    "loop": Workload(
        "Pass and Choice, 5,000 turns",
        10_001,
        rate("transitions/s", memory=150_000, full=50_000),
        running.loop,
        DURABLE,
    ),
    "chain": Workload(
        "1,000 Pass states",
        1_000,
        rate("transitions/s", memory=200_000, full=60_000),
        running.chain,
        DURABLE,
    ),
    "jsonata": Workload(
        "the loop in JSONata",
        10_002,
        rate("transitions/s", memory=30_000, full=20_000),
        running.jsonata,
        DURABLE,
    ),
    "map": Workload(
        "Map of 1,000", 1_000, rate("items/s", memory=40_000, full=20_000), running.narrow_map, DURABLE
    ),
    "wide": Workload(
        "Map of 10,000",
        10_000,
        {**rate("items/s"), "share": Figure("of map", {"memory": 0.9, "full": 0.9}, more=True)},
        running.wide_map,
        DURABLE,
    ),
    "tasks": Workload(
        "Map of 1,000 functions",
        1_000,
        rate("items/s", memory=16_000, full=8_000),
        running.map_of_tasks,
        DURABLE,
    ),
    "steps": Workload("1,000 functions in a row", 1_000, rate("steps/s", full=600), running.steps, DURABLE),
    "parallel": Workload(
        "100 x 10 branches of 10",
        10_100,
        rate("transitions/s", memory=150_000, full=50_000),
        running.parallel,
        DURABLE,
    ),
    "short": Workload(
        "1,000 executions, one by one",
        running.SHORT,
        {
            **rate("executions/s", memory=10_000, normal=3_000),
            "p50": Figure("ms", {"memory": 0.1, "normal": 0.5}),
            "p99": Figure("ms", {"memory": 0.5, "normal": 10}),
        },
        running.short,
        ("memory", "normal"),
    ),
    "many": Workload(
        "1,000 executions at once",
        1_000,
        {
            **rate("executions/s"),
            "threads": Figure("left", {"memory": 0, "full": 0}),
            "handles": Figure("left", {"memory": 0, "full": 0}),
        },
        running.many,
        DURABLE,
    ),
    "large": Workload(
        "226 KB through 100 states",
        100,
        rate("transitions/s", memory=2_000, full=500),
        running.large,
        DURABLE,
    ),
    "distributed": Workload(
        "distributed Map of 10,000 rows", running.ROWS, rate("items/s", memory=10_000), running.distributed
    ),
    "batches": Workload(
        "the same, 100 rows a batch", running.ROWS, rate("items/s", memory=50_000), running.batches
    ),
    "memory": Workload(
        "25,000 events",
        25_000,
        {
            "bytes": Figure("B/event", {"memory": 200}),
            "growth": Figure("MB", {"memory": 20, "full": 20}),
            "peak": Figure("MB", {"memory": 80, "full": 80}),
            "disk": Figure("B/event"),
        },
        footprint.memory,
        DURABLE,
    ),
    "frames": Workload("25,000 events to DataFrames", 1, milliseconds(500), around.frames),
    "check": Workload("check 1 MB, 5,000 states", 1, milliseconds(300), around.check_large, uses_store=False),
    "file": Workload(
        "check 4 KB, 8 states", around.FILES, milliseconds(0.4), around.check_small, uses_store=False
    ),
    "starts": Workload(
        "StartExecution at a server, 16 connections",
        1,
        {
            **rate("starts/s", memory=1_000, full=1_000),
            "p50": Figure("ms"),
            "p99": Figure("ms", {"memory": 50, "full": 50}),
        },
        server.starts,
        DURABLE,
    ),
    "boto3": Workload(
        "the same by three boto3 clients",
        1,
        rate("starts/s", memory=300, full=300),
        server.starts_by_boto3,
        DURABLE,
    ),
    "open": Workload(
        "a server that 10,000 open executions go on in",
        server.OPEN,
        {"resident": Figure("MB", {"memory": 500}), "ready": Figure("s")},
        server.many_open,
        uses_store=False,
    ),
    "triggers": Workload(
        "2,000 events through a rule, 8 clients",
        started.EVENTS,
        {
            **rate("events/s", memory=2_000, full=500),
            "threads": Figure("left", {"memory": 0, "full": 0}),
        },
        started.events,
        DURABLE,
    ),
    "schedules": Workload(
        "1,000 schedules made, and idle",
        started.SCHEDULES,
        {**rate("schedules/s", memory=1_000), "idle": Figure("ms CPU/s", {"memory": 5, "full": 5})},
        started.schedules,
        DURABLE,
    ),
    "import": Workload(
        "python -c 'import sfnb'", 1, milliseconds(150), around.import_package, uses_store=False
    ),
}
