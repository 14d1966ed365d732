"""A job that a task has begun is stopped where nobody will wait for it, however soon that is."""

from __future__ import annotations

from typing import Any

import pytest
from machines import TREE, frozen, load, parallel, single
from test_laws import serving

import sfnb
from sfnb.machine import load_machine

NESTED = "arn:aws:states:us-east-1:123456789012:stateMachine:nested"
CHILD = f"{NESTED.replace('stateMachine', 'execution')}:inner"
FAILING: TREE = single({"Type": "Task", "Resource": "work"})
BEGINNING: TREE = single(
    {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Parameters": {"StateMachineArn": NESTED, "Name": "inner"},
    }
)


def fail(_: Any) -> None:
    raise sfnb.TaskError("Broken", "it will not do")


@pytest.mark.parametrize("branches", [(FAILING, BEGINNING), (BEGINNING, FAILING)], ids=["before", "after"])
def test_a_job_that_has_begun_is_stopped_where_another_branch_fails_in_the_same_turn(
    branches: tuple[TREE, TREE],
) -> None:
    with serving("inline") as service:
        load_machine(service, single({"Type": "Wait", "Seconds": 600}), name="nested")
        execution = load(service, single(parallel(*branches)), work=fail).start({}, clock=frozen())

        assert execution.wait(20)
        assert execution.error == "Broken"
        assert "TaskSubmitted" in [event.type for event in execution.log]
        assert service.execution(CHILD).wait(20)
        assert service.describe_execution(CHILD).status == "ABORTED"
