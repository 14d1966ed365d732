"""Map runs over files: what they read, count and write, and what becomes of them when things go wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machines import TREE
from msgspec import structs

from sfnb.engine import children as module
from sfnb.engine import facts
from sfnb.engine.clock import JumpClock
from sfnb.engine.limits import AWS_LIMITS
from sfnb.engine.map_pump import PUMP_CHILDREN
from sfnb.engine.map_run import MapRun
from sfnb.execution import Execution
from sfnb.items.folder import FolderBuckets
from sfnb.machine import load_machine
from sfnb.map_runs import ResourceNotFound
from sfnb.service import ExecutionDoesNotExist, StepFunctions

PASS = {"P": {"Type": "Pass", "End": True}}
CSV = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
    "Parameters": {"Bucket": "in", "Key": "rows.csv"},
}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "runs"}}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[StepFunctions]:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    service = StepFunctions(buckets=FolderBuckets(tmp_path), clock=JumpClock)
    yield service
    service.close()


def distributed(states: TREE = PASS, *, kind: str = "STANDARD", **fields: Any) -> TREE:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    processor = {"ProcessorConfig": config, "StartAt": next(iter(states)), "States": states}
    return {
        "StartAt": "M",
        "States": {"M": {"Type": "Map", "Label": "each", "ItemProcessor": processor, "End": True} | fields},
    }


def run(service: StepFunctions, tree: TREE, input: Any = None) -> tuple[Execution, MapRun]:
    execution = load_machine(service, tree, name="rows").run(input)
    (map_run,) = service.map_runs.of_execution(execution.arn)
    return execution, map_run


def rows(tmp_path: Path, count: int) -> None:
    lines = ["id,name", *(f"{n},row {n}" for n in range(count))]
    (tmp_path / "in" / "rows.csv").write_text("\n".join(lines))


def test_a_csv_goes_through_children_to_result_files(service: StepFunctions, tmp_path: Path) -> None:
    rows(tmp_path, 1_000)
    batched = {"MaxItemsPerBatch": 7}
    execution, map_run = run(service, distributed(ItemReader=CSV, ItemBatcher=batched, ResultWriter=WRITER))

    key = execution.output["ResultWriterDetails"]["Key"]
    manifest = json.loads((tmp_path / "out" / key).read_text())
    files = manifest["ResultFiles"]["SUCCEEDED"]
    records = [r for file in files for r in json.loads((tmp_path / "out" / file["Key"]).read_text())]
    ids = [int(item["id"]) for record in records for item in json.loads(record["Input"])["Items"]]
    assert ids == list(range(1_000))
    assert execution.output["MapRunArn"] == manifest["MapRunArn"] == map_run.arn
    assert (map_run.items.succeeded, map_run.items.total, map_run.items.results_written) == (1000, 1000, 1000)
    assert (map_run.executions.succeeded, map_run.executions.total) == (143, 143)
    assert map_run.status == "SUCCEEDED"
    assert map_run.fingerprint


def test_a_child_is_an_execution_with_a_log_and_a_context_of_its_own(service: StepFunctions) -> None:
    look = {
        "Type": "Pass",
        "Parameters": {"e.$": "$$.Execution.Id", "m.$": "$$.StateMachine.Id"},
        "End": True,
    }
    execution, map_run = run(service, distributed({"P": look}), [1, 2])

    for child, output in zip(map_run.children.values(), execution.output, strict=True):
        assert child.arn == output["e"]
        assert ":execution:rows/each:" in child.arn
        assert output["m"].endswith(":stateMachine:rows/each")
        assert service.describe_execution(child.arn).status == "SUCCEEDED"
        log = list(service.get_execution_history(child.arn))
        assert log[0].type == "ExecutionStarted"
        assert [event.id for event in log if event.id] == [1, 2, 3, 4]
    assert service.map_runs.describe(map_run.arn) is map_run


def test_express_children_have_arns_and_five_minutes_of_their_own(service: StepFunctions) -> None:
    wait = {"W": {"Type": "Wait", "Seconds": 301, "End": True}}
    execution, map_run = run(service, distributed(wait, kind="EXPRESS"), [1])

    (child,) = map_run.children.values()
    assert child.arn.split(":")[5] == "express"
    assert child.status == "TIMED_OUT"
    assert execution.error == "States.ExceedToleratedFailureThreshold"
    assert (map_run.items.timed_out, map_run.status) == (1, "FAILED")


def test_a_run_that_fails_counts_what_it_never_started(service: StepFunctions) -> None:
    choose = {
        "C": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "F"}],
            "Default": "S",
        },
        "F": {"Type": "Fail", "Error": "E"},
        "S": {"Type": "Succeed"},
    }
    _, map_run = run(service, distributed(choose, MaxConcurrency=1), [0, 1, 2, 3, 4])

    counts = map_run.items
    assert (counts.succeeded, counts.failed, counts.pending, counts.total) == (2, 1, 2, 5)


def test_a_bad_row_fails_the_run_where_it_stands(service: StepFunctions, tmp_path: Path) -> None:
    (tmp_path / "in" / "rows.jsonl").write_text('{"n": 1}\n{"n": 2}\n{"n": oops}\n')
    reader = {
        **CSV,
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket": "in", "Key": "rows.jsonl"},
    }
    execution, map_run = run(service, distributed(ItemReader=reader))

    assert execution.error == "States.ItemReaderFailed"
    assert map_run.status == "FAILED"


def test_stopping_the_parent_stops_the_children(service: StepFunctions) -> None:
    began, go = threading.Event(), threading.Event()

    def hold(item: Any) -> None:
        began.set()
        go.wait(60)

    machine = load_machine(service, distributed({"T": {"Type": "Task", "Resource": "hold", "End": True}}))
    machine.tasks["hold"] = hold
    execution = machine.start([1, 2, 3])
    assert began.wait(60)
    execution.stop()
    execution.wait()
    go.set()

    (map_run,) = service.map_runs.of_execution(execution.arn)
    assert execution.status == "ABORTED"
    assert map_run.status == "ABORTED"
    assert {child.status for child in map_run.children.values()} == {"ABORTED"}


def test_a_machines_functions_serve_its_children(service: StepFunctions) -> None:
    machine = load_machine(service, distributed({"T": {"Type": "Task", "Resource": "double", "End": True}}))
    machine.tasks["double"] = lambda n: 2 * n

    assert machine.run([1, 2, 3]).output == [2, 4, 6]


def test_old_children_are_forgotten_and_memory_stays_bounded(
    service: StepFunctions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_CHILDREN", 10)
    rows(tmp_path, 200)
    _, map_run = run(service, distributed(ItemReader=CSV, ResultWriter=WRITER))

    assert map_run.items.succeeded == 200
    assert len(map_run.children) <= 10 + PUMP_CHILDREN
    assert len(service.store.executions()) <= 11 + PUMP_CHILDREN


def test_children_take_turns_with_other_executions(service: StepFunctions) -> None:
    """A map run of many children does not keep the engine to itself."""
    many = load_machine(service, distributed(), name="many").start(list(range(20_000)))
    other = load_machine(service, {"StartAt": "P", "States": PASS}, name="other").run({})

    assert other.status == "SUCCEEDED"
    assert many.wait(60)
    assert many.describe().status == "SUCCEEDED"


def test_more_than_the_history_holds_fits_into_children(tmp_path: Path) -> None:
    limits = structs.replace(AWS_LIMITS, history_events=30)
    service = StepFunctions(buckets=FolderBuckets(tmp_path), limits=limits)
    execution, map_run = run(service, distributed(), list(range(100)))

    assert execution.status == "SUCCEEDED"
    assert map_run.executions.succeeded == 100
    service.close()


def test_unknown_arns_are_refused(service: StepFunctions) -> None:
    with pytest.raises(ResourceNotFound):
        service.map_runs.describe("arn:aws:states:us-east-1:123456789012:mapRun:rows/each:nope")
    with pytest.raises(ExecutionDoesNotExist):
        service.execution("arn:aws:states:us-east-1:123456789012:execution:rows/each:nope")


def test_a_nested_distributed_map_has_map_runs_of_its_own(service: StepFunctions) -> None:
    inner = distributed()["States"]["M"]
    execution = load_machine(service, distributed({"M2": inner | {"Label": "inner"}})).run([[1, 2], [3]])

    assert execution.output == [[1, 2], [3]]
    (outer,) = service.map_runs.of_execution(execution.arn)
    children = [service.map_runs.of_execution(arn)[0] for arn in outer.children]
    assert [run.items.succeeded for run in children] == [2, 1]


def test_the_events_of_a_map_run_follow_aws(service: StepFunctions) -> None:
    execution, _ = run(service, distributed(), [1])

    chain = [(e.type, e.previous_event_id) for e in execution.log if not isinstance(e, facts.Fact)]
    assert chain[3:7] == [
        ("MapRunStarted", 3),
        ("MapRunSucceeded", 4),
        ("MapStateSucceeded", 5),
        ("MapStateExited", 4),
    ]
