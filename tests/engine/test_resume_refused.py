"""What cannot be taken up is refused: nothing is called, and the log stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from machines import TREE, arn_of, chain, distinct, frozen, load, parallel, single
from test_laws import serving

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import JumpClock
from sfnb.engine.replay import ReplayMismatch
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.mocks import mocks_of
from sfnb.service import ExecutionNotResumable, StepFunctions
from sfnb.stores.sqlite import SqliteStore
from tests.sessions import until

WAIT = {"Type": "Wait", "Seconds": 3}
CALL = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}
ARN = "arn:aws:states:us-east-1:123456789012:execution:machine:it"


def log_of(tree: TREE, last: type[ev.Event], **tasks: Any) -> list[ev.Event]:
    """The log of a run up to the first event of a kind."""
    with serving("inline") as service:
        machine = load(service, distinct(tree), **tasks)
        execution = machine.start({}, name="it", clock=frozen())
        return log_up_to(execution, last)


def log_up_to(execution: Execution, last: type[ev.Event]) -> list[ev.Event]:
    """Its log up to the first event of a kind, which is waited for."""
    until(lambda: any(isinstance(event, last) for event in execution.log), last.__name__)
    log = list(execution.log)
    return log[: next(i for i, event in enumerate(log) if isinstance(event, last)) + 1]


def refused(
    service: StepFunctions, tree: TREE, log: Sequence[ev.Event], fault: type[Exception], **tasks: Any
) -> None:
    machine = load(service, distinct(tree), **tasks)
    service.store.append(ARN, log, after=0)
    with pytest.raises(fault):
        service.resume_execution(arn_of("it"), machine=machine.record, clock=JumpClock(log[-1].timestamp))
    assert list(service.store.read(ARN)) == list(log)


def test_a_state_that_is_not_there_any_more() -> None:
    log = log_of(chain(WAIT, {"Type": "Pass"}), ev.WaitStateEntered)
    with serving("inline") as service:
        refused(service, single({"Type": "Pass"}), log, ReplayMismatch)


def test_a_log_without_a_beginning() -> None:
    log = log_of(single(WAIT), ev.WaitStateEntered)[1:]
    with serving("inline") as service:
        refused(service, single(WAIT), log, ReplayMismatch)


def test_an_execution_that_has_ended() -> None:
    log = log_of(single({"Type": "Pass"}), ev.ExecutionSucceeded)
    with serving("inline") as service:
        refused(service, single({"Type": "Pass"}), log, ExecutionNotResumable)


def test_an_execution_that_is_under_way() -> None:
    with serving("threads") as service:
        machine = load(service, single({**WAIT, "Seconds": 600}))
        machine.start({}, name="it")
        with pytest.raises(ExecutionNotResumable):
            service.resume_execution(arn_of("it"), machine=machine.record)


def test_no_task_is_called_where_another_branch_does_not_fit() -> None:
    calls: list[Any] = []
    task = {"Type": "Task", "Resource": "work"}
    tree = single(parallel(single(task), chain({"Type": "Pass"}, WAIT)))
    log = log_of(tree, ev.WaitStateEntered, work=calls.append)
    log = [event for event in log if not isinstance(event, ev.LambdaFunctionSucceeded | ev.TaskStateExited)]
    calls.clear()
    edited = single(parallel(single(task), chain(WAIT, {"Type": "Pass"})))
    with serving("inline") as service:
        refused(service, edited, log, ReplayMismatch, work=calls.append)
    assert calls == []


def test_a_callback_waits_on_though_nobody_stands_for_its_service() -> None:
    log = log_of(single(CALL), ev.TaskSubmitted, **{"sqs:sendMessage": lambda payload: payload})
    with serving("threads") as service:
        machine = load_machine(service, distinct(single(CALL)), name="machine")
        service.store.append(ARN, log, after=0)
        live = service.resume_execution(arn_of("it"), machine=machine.record)
        (token,) = service.list_task_tokens()
        service.send_task_success(token.token, '{"ok": true}')
        assert live.wait(60)
        assert service.describe_execution(ARN).output == '{"ok": true}'


def test_a_nested_execution_is_followed_again() -> None:
    nested = "arn:aws:states:us-east-1:123456789012:stateMachine:nested"
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": nested, "Name": "inner"},
    }
    with serving("threads") as service:
        load_machine(service, single({**WAIT, "Seconds": 600}), name="nested")
        execution = load(service, distinct(single(task))).start({}, name="it")
        log = [event for event in log_up_to(execution, ev.TaskSubmitted) if not isinstance(event, facts.Fact)]
    with serving("threads") as service:
        child = load_machine(service, single({"Type": "Pass", "Result": 7}), name="nested")
        assert child.run({}, name="inner").output == 7
        machine = load_machine(service, distinct(single(task)), name="machine")
        service.store.append(ARN, log, after=0)
        live = service.resume_execution(arn_of("it"), machine=machine.record)
        assert live.wait(60)
        assert '"Output":7' in str(service.describe_execution(ARN).output)


def test_mocks_can_be_given_again() -> None:
    tree = chain(WAIT, {"Type": "Task", "Resource": "work"})
    log = log_of(tree, ev.WaitStateEntered)
    with serving("inline") as service:
        machine = load(service, tree, work=lambda payload: "REAL")
        service.store.append(ARN, log, after=0)
        mocks = mocks_of({"S1": "mocked"}, machine.tree, ["S1"])
        live = service.resume_execution(
            arn_of("it"), machine=machine.record, mocks=mocks, clock=JumpClock(log[-1].timestamp)
        )
        assert live.wait(60)
        assert service.describe_execution(ARN).output == '"mocked"'


def test_a_function_that_is_a_mock_is_called_again_as_it_was() -> None:
    tree = chain({"Type": "Task", "Resource": "work"}, {"Type": "Task", "Resource": "work"})
    log = log_of(tree, ev.LambdaFunctionStarted)
    cut = next(i for i, event in enumerate(log) if isinstance(event, ev.LambdaFunctionStarted)) + 1
    with serving("inline") as service:
        machine = load(service, tree, work=lambda payload: "REAL")
        service.store.append(ARN, log[:cut], after=0)
        plans = {"S0": [lambda payload: "first", "second"], "S1": ["third"]}
        live = service.resume_execution(
            arn_of("it"), machine=machine.record, mocks=mocks_of(plans, machine.tree, ["S0", "S1"])
        )
        assert live.wait(60)
        events = list(service.get_execution_history(ARN))
    outputs = [event.output for event in events if isinstance(event, ev.LambdaFunctionSucceeded)]
    assert outputs == ['"first"', '"third"']


def test_closing_a_service_leaves_what_it_had_started_for_itself_to_go_on(tmp_path: Path) -> None:
    nested = "arn:aws:states:us-east-1:123456789012:stateMachine:nested"
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": nested, "Name": "inner"},
    }
    service = StepFunctions(store=SqliteStore(tmp_path / "kept.db"))
    load_machine(service, single({"Type": "Wait", "Seconds": 600}), name="nested")
    load(service, single(task)).start({}, name="it")
    until(lambda: any(isinstance(event, ev.TaskSubmitted) for event in service.store.read(ARN)))

    service.close()

    again = StepFunctions(store=SqliteStore(tmp_path / "kept.db"))
    names = {record.name: record.status for record in again.interrupted_executions()}
    assert names == {"it": "RUNNING", "inner": "RUNNING"}
    again.close()
