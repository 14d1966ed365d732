"""What is measured. A workload makes its data outside of the measured time, and checks every answer."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from sfnb.asl.decode import decode
from sfnb.asl.source import read_text
from sfnb.engine.limits import UNLIMITED
from sfnb.items.folder import FolderBuckets
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions

Definition = dict[str, Any]
Work = Callable[[], None]

ROWS = 10_000
ECHO = "arn:aws:lambda:us-east-1:123456789012:function:echo"


class Workload(NamedTuple):
    """amount: how much is done at a time, where `unit` is something a second; where it is "ms", 1.

    bound: at least so much should be done in a second, at most so many milliseconds be spent.
    """

    what: str
    amount: int
    unit: str
    bound: float
    make: Callable[[], Work]


def machine(definition: Definition) -> StateMachine:
    """In a service of its own, where the history has no end."""
    return load_machine(StepFunctions(limits=UNLIMITED), definition, unlimited=True)


def running(definition: Definition, input: Any, expect: Any, times: int = 1) -> Work:
    """Runs a definition, one execution after the other."""
    prepared = machine(definition)
    prepared.task(echo)

    def work() -> None:
        for _ in range(times):
            check(prepared.run(input).result(), expect)

    return work


def echo(payload: Any) -> Any:
    return payload


def check(found: Any, expect: Any) -> None:
    if found != expect:
        raise AssertionError(f"expected {str(expect)[:200]}, got {str(found)[:200]}")


# The engine


def loop(turns: int) -> Definition:
    """A counter: two transitions a turn, with an intrinsic function and a comparison."""
    states = {
        "Inc": {
            "Type": "Pass",
            "Parameters": {"i.$": "States.MathAdd($.i, 1)", "n.$": "$.n"},
            "Next": "Check",
        },
        "Check": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.i", "NumericLessThan": turns, "Next": "Inc"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    }
    return {"StartAt": "Inc", "States": states}


def chain(length: int) -> Definition:
    """Pass states that each set the same member of their input."""
    states: Definition = {
        f"P{k}": {"Type": "Pass", "Result": {"k": k}, "ResultPath": "$.r", "Next": f"P{k + 1}"}
        for k in range(length)
    }
    states[f"P{length}"] = {"Type": "Succeed"}
    return {"StartAt": "P0", "States": states}


def mapped(state: Definition) -> Definition:
    each = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 40,
        "ItemProcessor": {"StartAt": "One", "States": {"One": {**state, "End": True}}},
        "End": True,
    }
    return {"StartAt": "Each", "States": {"Each": each}}


def run_loop() -> Work:
    return running(loop(5_000), {"i": 0, "n": 5_000}, {"i": 5_000, "n": 5_000})


def run_chain() -> Work:
    return running(chain(1_000), {"a": 1}, {"a": 1, "r": {"k": 999}})


def run_large() -> Work:
    rows = [
        {"id": k, "name": f"customer number {k:05d}", "tags": ["a", "b"], "ok": True} for k in range(3_000)
    ]
    return running(chain(100), {"rows": rows}, {"rows": rows, "r": {"k": 99}})


def run_map() -> Work:
    items = [{"v": k} for k in range(1_000)]
    return running(
        mapped({"Type": "Pass", "Parameters": {"y.$": "$.v"}}),
        {"items": items},
        [{"y": k} for k in range(1_000)],
    )


def run_tasks() -> Work:
    items = [{"v": k} for k in range(1_000)]
    return running(mapped({"Type": "Task", "Resource": ECHO}), {"items": items}, items)


def run_jsonata() -> Work:
    """The loop of `run_loop`, in JSONata and with a variable."""
    states = {
        "Inc": {
            "Type": "Pass",
            "Assign": {"i": "{% $states.input.i + 1 %}"},
            "Output": {"i": "{% $states.input.i + 1 %}", "n": "{% $states.input.n %}"},
            "Next": "Check",
        },
        "Check": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.i < 5000 %}", "Next": "Inc"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Inc", "States": states}
    return running(definition, {"i": 0, "n": "x"}, {"i": 5_000, "n": "x"})


def run_distributed(batch: int | None = None) -> Work:
    """Every row of a CSV through a child execution, results to files."""
    folder = Path(tempfile.mkdtemp())
    for bucket in ("in", "out"):
        (folder / bucket).mkdir()
    rows = "".join(f"{row},product {row}\n" for row in range(ROWS))
    (folder / "in" / "rows.csv").write_text("id,name\n" + rows)
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
        "Parameters": {"Bucket": "in", "Key": "rows.csv"},
    }
    each = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out"}}
    state = {"Type": "Map", "ItemReader": reader, "ItemProcessor": each, "ResultWriter": writer, "End": True}
    if batch is not None:
        state["ItemBatcher"] = {"MaxItemsPerBatch": batch}
    service = StepFunctions(buckets=FolderBuckets(folder))
    prepared = load_machine(service, {"StartAt": "M", "States": {"M": state}})

    def work() -> None:
        execution = prepared.run({})
        (map_run,) = service.map_runs.of_execution(execution.arn)
        check(map_run.items.succeeded, ROWS)

    return work


def run_parallel() -> Work:
    def ten(branch: int) -> dict[str, Any]:
        last = {f"P{branch}.9": {"Type": "Pass", "End": True}}
        return {f"P{branch}.{k}": {"Type": "Pass", "Next": f"P{branch}.{k + 1}"} for k in range(9)} | last

    branches = [{"StartAt": f"P{branch}.0", "States": ten(branch)} for branch in range(10)]
    fan = {"StartAt": "Fan", "States": {"Fan": {"Type": "Parallel", "Branches": branches, "End": True}}}
    return running(fan, {"a": 1}, [{"a": 1}] * 10, times=100)


def run_short() -> Work:
    return running(chain(3), {"a": 1}, {"a": 1, "r": {"k": 2}}, times=1_000)


# What is around it


def to_frames() -> Work:
    looped = machine(loop(6_249))
    looped.run({"i": 0, "n": 6_249}).result()

    def work() -> None:
        execution = looped.executions[0]  # another object: it has kept nothing
        check((len(execution.events), len(execution.visits), len(execution.map_items)), (25_000, 12_499, 0))

    return work


def check_definition() -> Work:
    states: Definition = {}
    for k in range(5_000):
        following = f"S{k + 1:04d}"
        states[f"S{k:04d}"] = [
            {
                "Type": "Task",
                "Resource": ECHO,
                "Parameters": {"id.$": "$.id", "opt": {"k": k, "name.$": "$.a.b.name"}},
                "TimeoutSeconds": 30,
                "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 2, "MaxAttempts": 3}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.err", "Next": following}],
                "Next": following,
            },
            {
                "Type": "Pass",
                "Parameters": {"f.$": "States.Format('{}-{}', $.id, $.a)", "n": k},
                "Next": following,
            },
            {
                "Type": "Choice",
                "Choices": [{"And": [{"Variable": "$.a", "IsPresent": True}], "Next": following}],
                "Default": following,
            },
            {"Type": "Wait", "Seconds": 1, "Comment": "a pause before the next state" * 4, "Next": following},
            {"Type": "Pass", "Result": {"k": k}, "ResultPath": f"$.p{k % 10}", "Next": following},
        ][k % 5]
    states["S5000"] = {"Type": "Succeed"}
    text = json.dumps({"StartAt": "S0000", "States": states}, indent=1)

    def work() -> None:
        _, findings = decode(read_text(text, max_bytes=sys.maxsize))
        check(list(findings), [])

    return work


def import_package() -> Work:
    def work() -> None:
        subprocess.run([sys.executable, "-c", "import sfnb"], check=True)

    return work


WORKLOADS = {
    "loop": Workload("Pass and Choice, 5,000 turns", 10_001, "transitions/s", 60_000, run_loop),
    "chain": Workload("1,000 Pass states", 1_001, "transitions/s", 60_000, run_chain),
    "large": Workload("230 KB through 100 states", 101, "transitions/s", 1_000, run_large),
    "map": Workload("Map of 1,000", 1_000, "items/s", 20_000, run_map),
    "tasks": Workload("Map of 1,000 functions", 1_000, "items/s", 8_000, run_tasks),
    "parallel": Workload("100 x 10 branches of 10", 10_100, "transitions/s", 60_000, run_parallel),
    "jsonata": Workload("JSONata loop, 5,000 turns", 10_001, "transitions/s", 10_000, run_jsonata),
    "distributed": Workload("distributed Map of 10,000 rows", ROWS, "items/s", 5_000, run_distributed),
    "batches": Workload(
        "distributed Map, 100 rows a batch", ROWS, "items/s", 50_000, lambda: run_distributed(100)
    ),
    "short": Workload("1,000 executions", 1_000, "executions/s", 4_000, run_short),
    "frames": Workload("25,000 events to DataFrames", 1, "ms", 500, to_frames),
    "check": Workload("check 1 MB, 5,001 states", 1, "ms", 1_000, check_definition),
    "import": Workload("python -c 'import sfnb'", 1, "ms", 150, import_package),
}
