"""Distributed Maps that are held to the role of their machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sfnb.engine.clock import JumpClock
from sfnb.iam import Policy
from sfnb.iam.roles import make_role
from sfnb.items.folder import FolderBuckets
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from tests.iam.calls import ROLE, allowing

ITSELF = "arn:aws:states:us-east-1:123456789012:stateMachine:orders"
S3 = "arn:aws:states:::s3:"
LINES = {"InputType": "JSONL"}
ONE = {
    "Resource": f"{S3}getObject",
    "ReaderConfig": LINES,
    "Parameters": {"Bucket": "in", "Key": "days/1.jsonl"},
}
LISTING = {"Resource": f"{S3}listObjectsV2", "Parameters": {"Bucket": "in", "Prefix": "days/"}}
LOADED = {**LISTING, "ReaderConfig": {**LINES, "Transformation": "LOAD_AND_FLATTEN"}}
MANIFEST = {
    "Resource": f"{S3}getObject",
    "ReaderConfig": {**LINES, "ManifestType": "ATHENA_DATA"},
    "Parameters": {"Bucket": "in", "Key": "manifest.csv"},
}
WRITER = {"Resource": f"{S3}putObject", "Parameters": {"Bucket": "out", "Prefix": "runs"}}
Make = Callable[..., StateMachine]
Hold = Callable[..., StateMachine]
ROWS = [{"n": 1}, {"n": 2}]

MAPS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "state data": ({}, {"states:StartExecution"}),
    "an object": ({"ItemReader": ONE}, {"states:StartExecution", "s3:GetObject"}),
    "a listing": ({"ItemReader": LISTING}, {"states:StartExecution", "s3:ListBucket"}),
    "objects of a listing": (
        {"ItemReader": LOADED},
        {"states:StartExecution", "s3:ListBucket", "s3:GetObject"},
    ),
    "a manifest": ({"ItemReader": MANIFEST}, {"states:StartExecution", "s3:GetObject"}),
    "results": ({"ResultWriter": WRITER}, {"states:StartExecution", "s3:PutObject"}),
}
"""What a Map reads and writes, and the rights that it does not run without."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[StepFunctions]:
    (tmp_path / "in" / "days").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "days" / "1.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    (tmp_path / "in" / "manifest.csv").write_text("s3://in/days/1.jsonl\n")
    service = StepFunctions(buckets=FolderBuckets(tmp_path), clock=JumpClock)
    yield service
    service.close()


@pytest.fixture
def rows(service: StepFunctions) -> Make:
    """Makes a machine of one Distributed Map."""

    def make(fields: dict[str, Any], **more: Any) -> StateMachine:
        processor = {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each",
            "States": {"Each": {"Type": "Pass", "End": True}},
        }
        state = {"Type": "Map", "Label": "rows", "ItemProcessor": processor, "End": True, **fields, **more}
        states = {"Rows": state, "Caught": {"Type": "Pass", "End": True}}
        if "Catch" not in state:
            del states["Caught"]
        return load_machine(service, {"StartAt": "Rows", "States": states}, name="orders")

    return make


@pytest.fixture
def hold(service: StepFunctions) -> Hold:
    """Gives a machine a role of these policies."""

    def give(machine: StateMachine, *policies: object) -> StateMachine:
        machine.role = service.registry.roles.add(make_role(ROLE, list(policies)))
        return machine

    return give


@pytest.mark.parametrize(("fields", "needed"), MAPS.values(), ids=MAPS)
def test_a_map_runs_by_its_own_policy_and_by_each_statement_that_it_uses(
    rows: Make, hold: Hold, fields: dict[str, Any], needed: set[str]
) -> None:
    machine = rows(fields)
    policy = machine.iam_policy()
    assert hold(machine, policy).run(ROWS).status == "SUCCEEDED"

    for left_out in policy.statements:
        rest = Policy(tuple(each for each in policy.statements if each is not left_out))
        ended = hold(machine, rest).run(ROWS)
        assert (ended.status == "FAILED") is bool(needed & set(left_out.actions)), left_out.sid


@pytest.mark.parametrize(
    ("fields", "granted", "error", "lacking"),
    [
        (
            {"ItemReader": ONE},
            (),
            "States.ItemReaderFailed",
            's3:GetObject on resource: "arn:aws:s3:::in/days/1.jsonl"',
        ),
        (
            {"ItemReader": LISTING},
            (),
            "States.ItemReaderFailed",
            's3:ListBucket on resource: "arn:aws:s3:::in"',
        ),
        ({"ItemReader": LOADED}, ("s3:ListBucket",), "States.ItemReaderFailed", "s3:GetObject on resource: "),
        (
            {"ResultWriter": WRITER},
            (),
            "States.ResultWriterFailed",
            's3:PutObject on resource: "arn:aws:s3:::out/runs/',
        ),
    ],
)
def test_a_refusal_of_s3_is_one_of_the_reader_or_the_writer(
    rows: Make,
    hold: Hold,
    fields: dict[str, Any],
    granted: tuple[str, ...],
    error: str,
    lacking: str,
) -> None:
    machine = hold(rows(fields), allowing("states:StartExecution", *granted))

    ended = machine.run(ROWS)

    assert ended.error == error
    assert str(ended.cause).startswith("User: arn:aws:sts::123456789012:assumed-role/orders/")
    assert f"is not authorized to perform: {lacking}" in str(ended.cause)
    assert str(ended.cause).endswith(
        f"because no identity-based policy allows the {lacking.partition(' ')[0]} action"
    )


def test_a_map_that_may_not_start_its_machine_starts_no_child(rows: Make, hold: Hold) -> None:
    ended = hold(rows({}), allowing("s3:*")).run(ROWS)

    assert ended.error == "StepFunctions.AWSStepFunctionsException"
    assert f"is not authorized to perform: states:StartExecution on resource: {ITSELF} because" in str(
        ended.cause
    )
    assert [event["type"] for event in ended.history()][2:] == [
        "MapStateStarted",
        "MapRunStarted",
        "MapRunFailed",
        "MapStateFailed",
        "ExecutionFailed",
    ]
    (map_run,) = ended.map_run_records
    assert len(map_run.children) == 0


def test_a_map_over_nothing_needs_no_right(rows: Make, hold: Hold) -> None:
    assert hold(rows({})).run([]).output == []


def test_a_refusal_is_caught_as_any_failure(rows: Make, hold: Hold) -> None:
    caught = [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "Caught"}]

    ended = hold(rows({"ItemReader": ONE}, Catch=caught)).run(ROWS)

    assert ended.output["Error"] == "States.ItemReaderFailed"


def test_an_explicit_deny_is_told(rows: Make, hold: Hold) -> None:
    denied = allowing("s3:PutObject", on="arn:aws:s3:::out/*", effect="Deny")

    ended = hold(rows({"ResultWriter": WRITER}), allowing("*"), denied).run(ROWS)

    assert str(ended.cause).endswith("with an explicit deny in an identity-based policy")


@pytest.mark.parametrize(("prefix", "status"), [("days/", "SUCCEEDED"), ("nights/", "FAILED")])
def test_a_listing_is_asked_for_by_its_prefix(rows: Make, hold: Hold, prefix: str, status: str) -> None:
    listing = allowing("s3:ListBucket", Condition={"StringLike": {"s3:prefix": prefix}})

    ended = hold(rows({"ItemReader": LISTING}), allowing("states:*"), listing).run(ROWS)

    assert ended.status == status


def test_a_role_that_is_told_later_holds_at_once(service: StepFunctions, rows: Make, hold: Hold) -> None:
    machine = rows({"ItemReader": ONE})
    assert machine.run(ROWS).status == "SUCCEEDED"

    hold(machine)
    assert machine.run(ROWS).error == "States.ItemReaderFailed"
    service.registry.roles.forget(ROLE)
    assert machine.run(ROWS).status == "SUCCEEDED"


def test_a_version_of_an_object_needs_a_right_of_its_own(rows: Make, hold: Hold) -> None:
    versioned = {**ONE, "Parameters": {**ONE["Parameters"], "VersionId": "v1"}}
    machine = rows({"ItemReader": versioned})
    assert "s3:GetObjectVersion" in machine.iam_policy().actions

    refused = hold(machine, allowing("states:*", "s3:GetObject")).run(ROWS)
    allowed = hold(machine, machine.iam_policy()).run(ROWS)

    assert "s3:GetObjectVersion" in str(refused.cause)
    assert allowed.cause == "The specified version does not exist."


def test_a_map_run_that_is_redriven_has_started_its_children_before(
    service: StepFunctions, rows: Make, hold: Hold
) -> None:
    """AWS asks for `states:RedriveExecution` then."""
    asked: list[Any] = []

    def price(row: Any) -> int:
        asked.append(row)
        if len(asked) == 1:
            raise ValueError("not yet")
        return 3

    service.registry.functions["price"] = price
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Each",
        "States": {"Each": {"Type": "Task", "Resource": "price", "End": True}},
    }
    machine = hold(rows({"ItemProcessor": processor}), allowing("states:*", "lambda:*"))
    ended = machine.run(ROWS[:1])
    assert ended.status == "FAILED"

    hold(machine, allowing("lambda:*"))
    ended.redrive()
    assert ended.wait(20)

    assert ended.output == [3]
