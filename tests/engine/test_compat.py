"""Where AWS and the States Language differ: what each `compat` does, and by which names it is caught."""

from __future__ import annotations

from typing import Any

import pytest
from laws import check_laws
from machines import TREE, chain, distinct, frozen, parallel, single

import sfnb
from sfnb.engine.compat import COMPAT, CompatName
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

NO_MATCH = {
    "StartAt": "C",
    "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "E"}]},
        "E": {"Type": "Succeed"},
    },
}
QUERY_NO_MATCH = {
    "StartAt": "C",
    "States": {
        "C": {
            "Type": "Choice",
            "QueryLanguage": "JSONata",
            "Choices": [{"Condition": "{% $states.input.n = 1 %}", "Next": "E"}],
        },
        "E": {"Type": "Succeed"},
    },
}
MISS = single({"Type": "Pass", "Parameters": {"v.$": "$.nothing"}})
SELECTOR_MISS = single(
    {
        "Type": "Map",
        "ItemsPath": "$.list",
        "ItemSelector": {"v.$": "$.nothing"},
        "ItemProcessor": single({"Type": "Pass"}),
    }
)
TASK_MISS = single({"Type": "Task", "Resource": "work", "Parameters": {"v.$": "$.nothing"}})
LARGE = single({"Type": "Task", "Resource": "large"})
FAILS = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Mine", "Cause": "because"}}}
EACH_FAILS = single({"Type": "Map", "ItemsPath": "$.list", "ItemProcessor": FAILS})

WHAT_FAILS: dict[str, tuple[TREE, str, str]] = {
    "no rule of a Choice matches": (NO_MATCH, "States.Runtime", "States.NoChoiceMatched"),
    "no rule of a JSONata Choice matches": (QUERY_NO_MATCH, "States.Runtime", "States.NoChoiceMatched"),
    "a template's path finds nothing": (MISS, "States.Runtime", "States.ParameterPathFailure"),
    "an ItemSelector's path finds nothing": (
        SELECTOR_MISS,
        "States.Runtime",
        "States.ParameterPathFailure",
    ),
    "a Task's template finds nothing": (TASK_MISS, "States.Runtime", "States.ParameterPathFailure"),
    "a branch fails": (single(parallel(FAILS)), "Mine", "States.BranchFailed"),
    "an iteration fails": (EACH_FAILS, "Mine", "Mine"),
    "a payload is too large": (LARGE, "States.DataLimitExceeded", "States.DataLimitExceeded"),
}


def large(payload: Any) -> str:
    return "x" * 300_000


def run(service: StepFunctions, tree: TREE, compat: CompatName) -> Execution:
    machine = load_machine(service, distinct(tree))
    machine.tasks.update(large=large, work=lambda payload: payload)
    execution = machine.run({"n": 2, "list": [1]}, compat=compat, clock=frozen())
    check_laws(execution.log)
    return execution


@pytest.mark.parametrize(("tree", "aws", "spec"), WHAT_FAILS.values(), ids=WHAT_FAILS)
def test_each_failure_has_the_name_of_its_world(
    service: StepFunctions, tree: TREE, aws: str, spec: str
) -> None:
    by_aws, by_spec = run(service, tree, "aws"), run(service, tree, "spec")

    assert (by_aws.error, by_spec.error) == (aws, spec)
    assert by_aws.cause == by_spec.cause


def caught(service: StepFunctions, inner: TREE, name: str, compat: CompatName) -> bool:
    """Whether a Catcher of this name, around what fails, is taken."""
    rule = [{"ErrorEquals": [name], "Next": "S1"}]
    execution = run(service, chain(parallel(inner, Catch=rule), {"Type": "Pass"}), compat)
    return execution.status == "SUCCEEDED"


CATCHES: dict[str, tuple[TREE, str, bool, bool]] = {
    "Runtime, by its name": (NO_MATCH, "States.Runtime", False, False),
    "Runtime, by the other name": (NO_MATCH, "States.NoChoiceMatched", False, False),
    "Runtime, by ALL": (NO_MATCH, "States.ALL", False, True),
    "a miss, by its other name": (MISS, "States.ParameterPathFailure", False, False),
    "a miss, by ALL": (MISS, "States.ALL", False, True),
    "a branch, by its own error": (FAILS, "Mine", True, False),
    "a branch, by BranchFailed": (FAILS, "States.BranchFailed", False, True),
    "a branch, by ALL": (FAILS, "States.ALL", True, True),
    "a branch, by TaskFailed": (FAILS, "States.TaskFailed", True, True),
}
"""What a Parallel catches of its branch: in "spec", all that fails in one has the name BranchFailed."""


@pytest.mark.parametrize(("inner", "name", "aws", "spec"), CATCHES.values(), ids=CATCHES)
def test_a_parallel_catches_by_the_names_of_its_world(
    service: StepFunctions, inner: TREE, name: str, aws: bool, spec: bool
) -> None:
    assert caught(service, inner, name, "aws") is aws
    assert caught(service, inner, name, "spec") is spec


def of_map(inner: TREE, rule: TREE) -> TREE:
    each = {"Type": "Map", "ItemsPath": "$.list", "ItemProcessor": inner, "Catch": [rule]}
    return chain(each, {"Type": "Pass"})


BY_NAME: dict[str, tuple[TREE, str]] = {
    "no rule matches": (NO_MATCH, "States.NoChoiceMatched"),
    "a path finds nothing": (
        single({"Type": "Pass", "Parameters": {"v.$": "$.x.y"}}),
        "States.ParameterPathFailure",
    ),
}


@pytest.mark.parametrize(("inner", "name"), BY_NAME.values(), ids=BY_NAME)
def test_a_map_catches_the_language_s_own_names_only_in_spec(
    service: StepFunctions, inner: TREE, name: str
) -> None:
    tree = of_map(inner, {"ErrorEquals": [name], "Next": "S1"})
    tree["States"]["S0"]["ItemSelector"] = {"n": 2}

    assert run(service, tree, "aws").error == "States.Runtime"
    assert run(service, tree, "spec").status == "SUCCEEDED"


def test_a_task_s_own_parameters_are_caught_only_in_spec(service: StepFunctions) -> None:
    for name in ("States.ParameterPathFailure", "States.ALL"):
        task = TASK_MISS["States"]["It"] | {"Catch": [{"ErrorEquals": [name], "Next": "S1"}]}
        del task["End"]
        tree = chain(task, {"Type": "Pass"})

        assert run(service, tree, "aws").error == "States.Runtime"
        assert run(service, tree, "spec").status == "SUCCEEDED"


@pytest.mark.parametrize("rules", ["Retry", "Catch"])
@pytest.mark.parametrize(
    ("name", "aws", "spec"),
    [
        ("States.ALL", True, False),
        ("States.TaskFailed", True, False),
        ("States.DataLimitExceeded", True, True),
    ],
)
def test_what_covers_a_payload_that_is_too_large(
    service: StepFunctions, rules: str, name: str, aws: bool, spec: bool
) -> None:
    """The guide denies it to the wildcards, a recording of 2024 shows it."""
    rule = {"ErrorEquals": [name]} | ({"Next": "S1"} if rules == "Catch" else {"MaxAttempts": 1})
    tree = chain({"Type": "Task", "Resource": "large", rules: [rule]}, {"Type": "Pass"})
    worlds: dict[CompatName, bool] = {"aws": aws, "spec": spec}

    for compat, covered in worlds.items():
        execution = run(service, tree, compat)
        if rules == "Catch":
            assert (execution.status == "SUCCEEDED") is covered
        else:
            attempts = sum(event.type == "LambdaFunctionScheduled" for event in execution.log)
            assert attempts == 1 + covered


@pytest.mark.parametrize(("name", "aws", "spec"), [("Mine", 2, 1), ("States.BranchFailed", 1, 2)])
def test_a_parallel_is_retried_by_the_names_of_its_world(
    service: StepFunctions, name: str, aws: int, spec: int
) -> None:
    tree = single(parallel(FAILS, Retry=[{"ErrorEquals": [name], "MaxAttempts": 1}]))
    worlds: dict[CompatName, int] = {"aws": aws, "spec": spec}

    for compat, attempts in worlds.items():
        log = run(service, tree, compat).log
        assert sum(event.type == "ParallelStateStarted" for event in log) == attempts


def test_children_of_a_map_run_live_in_the_world_of_their_parent(service: StepFunctions) -> None:
    machine = load_machine(service, single(_distributed(NO_MATCH)))
    for compat, error in (("aws", "States.Runtime"), ("spec", "States.NoChoiceMatched")):
        execution = machine.run([{"n": 2}], compat=compat, clock=frozen())  # type: ignore[arg-type]
        (map_run,) = service.map_runs.of_execution(execution.arn)
        (child,) = map_run.children
        assert service.describe_execution(child).error == error


def _distributed(machine: TREE) -> TREE:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return {"Type": "Map", "ItemProcessor": {**machine, "ProcessorConfig": config}}


def test_there_is_a_case_for_every_row() -> None:
    """A row more, and this room needs a test more."""
    rows = set(COMPAT["aws"].__struct_fields__)
    assert rows == {"spec_names", "all_catches_data_limit", "branch_failed"}
    assert all(getattr(COMPAT["aws"], row) != getattr(COMPAT["spec"], row) for row in rows)
    assert issubclass(sfnb.StatesError, sfnb.SfnbError)
