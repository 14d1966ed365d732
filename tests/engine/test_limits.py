"""What AWS bounds: events, payloads, time; and that a bound can be lifted."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from laws import check_laws
from machines import ENDLESS, NOON, TREE, chain, frozen, history, load, parallel, single, types

import sfnb
from sfnb.engine import events as ev
from sfnb.engine.limits import Limits
from sfnb.errors import InvalidInput
from sfnb.execution import Execution
from sfnb.service import StepFunctions
from sfnb.values import Payload

LIMIT = 262_144
FULL = "The execution reached the maximum number of history events ({}).".format
TOO_LARGE = (
    "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit."
).format


def letters(count: int) -> str:
    return "x" * count


# 25,000 events


def test_event_25000_is_the_failure(service: StepFunctions) -> None:
    execution = load(service, ENDLESS).run()

    last = history(execution)[-1]
    assert isinstance(last, ev.ExecutionFailed)
    assert last.id == 25_000
    assert (last.error, last.cause) == ("States.Runtime", FULL(25_000))
    check_laws(execution.log)


def test_the_bound_can_be_lifted(service: StepFunctions) -> None:
    add = {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "B"}
    rule = {"Variable": "$.n", "NumericEquals": 7_000, "Next": "C"}
    tree: TREE = {
        "StartAt": "A",
        "States": {
            "A": add,
            "B": {"Type": "Choice", "Choices": [rule], "Default": "A"},
            "C": {"Type": "Succeed"},
        },
    }
    machine = load(service, tree)

    assert machine.run({"n": 0}).error == "States.Runtime"
    assert machine.run({"n": 0}, unlimited=True).output == {"n": 7_000}


def run_within(events: int, tree: TREE, input: Any = None) -> Execution:
    service = StepFunctions(limits=Limits(history_events=events))
    try:
        return load(service, tree, letters=letters).run(input, clock=frozen())
    finally:
        service.close()


def test_an_execution_may_succeed_with_the_last_event() -> None:
    two = chain({"Type": "Pass"}, {"Type": "Pass"})

    assert types(run_within(6, two))[-1] == "ExecutionSucceeded"
    failed = run_within(5, two)
    assert types(failed) == [
        "ExecutionStarted",
        *["PassStateEntered", "PassStateExited"] * 1,
        "PassStateEntered",
        "ExecutionFailed",
    ]
    assert failed.cause == FULL(5)


def test_the_history_may_be_full_anywhere() -> None:
    """In a task, in a branch, between iterations, while others are aborted: it fails, and keeps the laws."""
    each = {
        "Type": "Map",
        "ItemProcessor": chain({"Type": "Wait", "Seconds": 1}, {"Type": "Task", "Resource": "letters"}),
    }
    failing = {
        "StartAt": "W",
        "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": {"Type": "Fail"}},
    }
    caught = parallel(
        single(each), failing, Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "S1"}]
    )
    tree = chain(caught, each)
    whole = len(history(run_within(1_000, tree, [1, 2, 3])))
    assert whole > 40

    for limit in range(2, whole):
        execution = run_within(limit, tree, [1, 2, 3])
        assert execution.cause == FULL(limit)
        assert len(history(execution)) == limit
        check_laws(execution.log)
    assert run_within(whole, tree, [1, 2, 3]).status == "SUCCEEDED"


# 256 KiB


def test_an_input_may_have_256_kib_and_no_byte_more(service: StepFunctions) -> None:
    machine = load(service, single({"Type": "Pass"}))

    assert machine.run("x" * (LIMIT - 2)).status == "SUCCEEDED"
    with pytest.raises(InvalidInput, match="262,145 bytes"):
        machine.run("x" * (LIMIT - 1))
    assert len(machine.executions) == 1


def test_bytes_count_not_characters(service: StepFunctions) -> None:
    machine = load(service, single({"Type": "Pass"}))

    assert machine.run("é" * (LIMIT // 2 - 1)).status == "SUCCEEDED"
    with pytest.raises(InvalidInput, match="262,146 bytes"):
        machine.run("é" * (LIMIT // 2))


def test_the_blanks_of_an_input_count(service: StepFunctions) -> None:
    machine = load(service, single({"Type": "Pass"}))

    with pytest.raises(InvalidInput):
        machine.run(Payload.of_text(" " * LIMIT + "1"))


TWICE = {"Type": "Task", "Resource": "echo", "Parameters": {"a.$": "$", "b.$": "$"}}

GROWING = {
    "Parameters": TWICE,
    "Parameters of a Pass": {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}},
    "an answer": {"Type": "Task", "Resource": "twice"},
    "ResultSelector": {"Type": "Task", "Resource": "echo", "ResultSelector": {"a.$": "$", "b.$": "$"}},
    "ResultPath": {"Type": "Task", "Resource": "echo", "ResultPath": "$.copy"},
    "a Parallel": parallel(single({"Type": "Pass"}), single({"Type": "Pass"})),
    "a Map": {
        "Type": "Map",
        "ItemsPath": "$.two",
        "ItemProcessor": single({"Type": "Pass", "OutputPath": "$$.Execution.Input.text"}),
    },
    "an item": {
        "Type": "Map",
        "ItemsPath": "$.two",
        "ItemSelector": {"a.$": "$", "b.$": "$"},
        "ItemProcessor": single({"Type": "Pass"}),
    },
}


@pytest.mark.parametrize("state", GROWING.values(), ids=GROWING.keys())
def test_what_grows_too_large_fails_the_state(service: StepFunctions, state: TREE) -> None:
    tasks = {"echo": lambda payload: payload, "twice": lambda payload: [payload, payload]}
    machine = load(service, single(state), **tasks)
    data = {"text": "é" * 80_000, "two": [1, 2]}

    execution = machine.run(data)

    assert execution.error == "States.DataLimitExceeded"
    assert execution.cause in (TOO_LARGE("twice"), TOO_LARGE("It"), TOO_LARGE("It'"))
    assert machine.run(data, unlimited=True).status == "SUCCEEDED"
    check_laws(execution.log)


def test_what_is_too_large_in_a_task_can_be_retried_and_caught(service: StepFunctions) -> None:
    state = TWICE | {
        "Retry": [{"ErrorEquals": ["States.DataLimitExceeded"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S1"}],
    }
    execution = load(service, chain(state, {"Type": "Pass"}), echo=lambda payload: payload).run(
        "x" * 200_000, clock=frozen()
    )

    assert execution.output == {"Error": "States.DataLimitExceeded", "Cause": TOO_LARGE("S0")}
    assert execution.duration == timedelta(seconds=1)


def test_an_error_output_counts_with_what_it_is_merged_into(service: StepFunctions) -> None:
    def fail(_: Any) -> None:
        raise sfnb.TaskError("E", "x" * 10_000)

    state = {
        "Type": "Task",
        "Resource": "fail",
        "Catch": [{"ErrorEquals": ["E"], "ResultPath": "$.e", "Next": "S1"}],
    }
    machine = load(service, chain(state, {"Type": "Pass"}), fail=fail)

    assert machine.run({"a": "x" * (LIMIT - 11_000)}).status == "SUCCEEDED"
    failed = machine.run({"a": "x" * (LIMIT - 9_000)})
    assert (failed.error, failed.cause) == ("States.DataLimitExceeded", TOO_LARGE("S0"))
    check_laws(failed.log)


def test_an_answer_through_lambda_invoke_counts_too(service: StepFunctions) -> None:
    parameters = {"FunctionName": "letters", "Payload.$": "$"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    execution = load(service, single(state), letters=letters).run(LIMIT)

    assert (execution.error, execution.cause) == ("States.DataLimitExceeded", TOO_LARGE("lambda"))
    assert types(execution)[-2:] == ["TaskFailed", "ExecutionFailed"]


# Time


def test_a_machine_has_its_time(service: StepFunctions) -> None:
    execution = load(service, {**single({"Type": "Wait", "Seconds": 60}), "TimeoutSeconds": 5}).run(
        clock=frozen()
    )

    last = history(execution)[-1]
    assert isinstance(last, ev.ExecutionTimedOut)
    assert (last.error, last.cause, last.previous_event_id) == ("States.Timeout", None, 0)
    assert (execution.status, execution.error, execution.cause) == ("TIMED_OUT", None, None)
    assert execution.stop_date == NOON + timedelta(seconds=5)
    check_laws(execution.log)


def test_a_machine_in_time_is_not_timed_out(service: StepFunctions) -> None:
    tree = {**single({"Type": "Wait", "Seconds": 4}), "TimeoutSeconds": 5}

    assert load(service, tree).run(clock=frozen()).status == "SUCCEEDED"


def test_no_catcher_sees_the_machine_time_out(service: StepFunctions) -> None:
    caught = parallel(
        single({"Type": "Wait", "Seconds": 60}), Catch=[{"ErrorEquals": ["States.ALL"], "Next": "S1"}]
    )
    execution = load(service, {**chain(caught, {"Type": "Pass"}), "TimeoutSeconds": 5}).run(clock=frozen())

    assert execution.status == "TIMED_OUT"
    check_laws(execution.log)


def test_a_machine_that_times_out_gives_up_its_tasks(service: StepFunctions) -> None:
    told = threading.Event()

    def work(_: Any) -> None:
        try:
            sfnb.sleep(60)
        finally:
            if sfnb.cancelled():
                told.set()

    execution = load(
        service, {**single({"Type": "Task", "Resource": "work"}), "TimeoutSeconds": 5}, work=work
    ).run(clock=frozen())

    assert execution.status == "TIMED_OUT"
    assert told.wait(20)
