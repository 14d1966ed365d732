"""An execution that ran elsewhere, looked at, forked and replayed here."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

import sfnb
from sfnb.deploy.clients import Refused
from sfnb.deploy.execution import AwsExecution
from sfnb.engine import facts
from sfnb.engine.events import Event
from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions, TasksMissing
from tests.deploy.conftest import ROLE, TREE


def total(items: Any) -> Any:
    return sum(items)


def largest(items: Any) -> Any:
    return max(items)


class Worker:
    """The functions there: the second item is priced at the second try only."""

    def __init__(self) -> None:
        self.calls = 0

    def price(self, item: Any) -> Any:
        self.calls += 1
        if item == 2 and self.calls < 5:
            raise sfnb.TaskError("Busy", "try later")
        return item * 10


@pytest.fixture
def worker(there: StepFunctions) -> Worker:
    worker = Worker()
    there.registry.functions["price"] = worker.price
    there.registry.functions["total"] = total
    return worker


@pytest.fixture
def deployed(orders: StateMachine, client: Any, worker: Worker) -> StateMachine:
    orders.deploy(ROLE, client=client)
    return orders


INPUT = {"items": [1, 2, 3]}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def events_of(execution: Execution) -> list[Event]:
    """Without what the wire does not tell: our facts, and times to the microsecond."""
    return [
        structs.replace(event, timestamp=NOON) for event in execution.log if not isinstance(event, facts.Fact)
    ]


def test_what_ran_there_is_shown_as_it_is_there(
    there: StepFunctions, deployed: StateMachine, client: Any
) -> None:
    execution = deployed.on_aws(client=client).run(INPUT, name="first")
    original = Execution(there, there.execution(execution.arn))

    assert isinstance(execution, AwsExecution)
    assert (execution.status, execution.output["Payload"]) == ("SUCCEEDED", 60)  # type: ignore[index,call-overload]
    assert events_of(execution) == events_of(original)
    shown = ["state", "path", "iteration", "status", "attempts", "error", "input", "output"]
    assert execution.visits[shown].equals(original.visits[shown])
    assert execution.map_items["output"].tolist() == original.map_items["output"].tolist()
    assert execution.name == "first"


def test_it_has_all_the_faces_of_one_that_ran_here(deployed: StateMachine, client: Any) -> None:
    execution = deployed.on_aws(client=client).run(INPUT)

    assert repr(execution).startswith("orders SUCCEEDED\n")
    assert "retried" in repr(execution)
    for picture in (execution.graph(), execution.timeline()):
        assert "<svg" in picture._repr_mimebundle_()["image/svg+xml"]
    assert "text/html" in execution._repr_mimebundle_()
    assert execution.at("Total").open_states["state"].tolist() == ["Total"]
    assert execution.map_runs.empty
    assert execution.children.empty


def test_one_that_runs_is_fetched_again_until_it_has_ended(
    there: StepFunctions, here: StepFunctions, client: Any
) -> None:
    tree = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "ask", "End": True}}}
    go, asked = threading.Event(), threading.Event()

    def ask(payload: Any) -> Any:
        asked.set()
        assert go.wait(20)
        return "yes"

    there.registry.functions["ask"] = ask
    load_machine(there, tree, name="asking")
    machine = load_machine(here, tree, name="asking")
    execution = machine.on_aws(client=client).start({})
    assert asked.wait(20)

    assert not execution.wait(0)
    assert (execution.status, execution.interrupted) == ("RUNNING", False)
    assert execution.visits["status"].tolist() == ["running"]
    go.set()
    assert execution.wait(20)
    assert execution.result() == "yes"


def test_it_can_be_stopped(there: StepFunctions, here: StepFunctions, client: Any) -> None:
    tree = {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:eu-west-1:999988887777:activity:a",
                "End": True,
            }
        },
    }
    there.create_activity("a")
    load_machine(there, tree, name="asking")
    execution = load_machine(here, tree, name="asking").on_aws(client=client).start({})
    execution.stop(error="Enough")
    execution.wait(20)

    assert (execution.status, execution.error) == ("ABORTED", "Enough")


def test_a_failure_is_explained_and_redriven_there(
    there: StepFunctions, deployed: StateMachine, client: Any
) -> None:
    there.registry.functions["total"] = lambda items: 1 // 0
    execution = deployed.on_aws(client=client).run(INPUT)

    assert execution.status == "FAILED"
    assert "Total" in execution.summary()
    there.registry.functions["total"] = total
    with pytest.raises(SfnbError, match="fork"):
        execution.redrive(TREE)
    execution.redrive()
    assert (execution.status, execution.redrive_count) == ("SUCCEEDED", 1)


def test_it_goes_on_here_from_any_of_its_events(
    there: StepFunctions, here: StepFunctions, deployed: StateMachine, client: Any
) -> None:
    execution = deployed.on_aws(client=client).run(INPUT)
    with pytest.raises(TasksMissing):
        execution.fork("Total")
    deployed.tasks["total"] = largest
    forked = execution.fork("Total")

    assert forked.output["Payload"] == 30  # type: ignore[index,call-overload]
    assert forked.origin == execution.arn
    assert forked.arn.split(":")[4] == here.account
    assert here.interrupted_executions() == []
    assert here.find_execution(execution.arn) is None


def test_it_is_replayed_with_what_its_tasks_had_answered(
    deployed: StateMachine, client: Any, worker: Worker
) -> None:
    execution = deployed.on_aws(client=client).run(INPUT)
    calls = worker.calls
    replayed = execution.replay()

    assert worker.calls == calls
    assert replayed.output == execution.output
    shown = ["state", "path", "iteration", "status", "attempts", "output"]
    assert replayed.visits[shown].equals(execution.visits[shown])


def test_a_mended_definition_is_tried_on_the_recording(deployed: StateMachine, client: Any) -> None:
    execution = deployed.on_aws(client=client).run(INPUT)
    total = {**TREE["States"]["Total"], "OutputPath": "$.Payload"}
    replayed = execution.replay({**TREE, "States": {**TREE["States"], "Total": total}})

    assert replayed.output == 60


def test_an_express_machine_is_waited_for(
    there: StepFunctions, here: StepFunctions, client: Any, worker: Worker
) -> None:
    express = load_machine(here, TREE, name="quick", type="EXPRESS")
    express.deploy(ROLE, client=client)
    on_aws = express.on_aws(client=client)
    execution = on_aws.run(INPUT)

    assert (execution.status, execution.output["Payload"]) == ("SUCCEEDED", 60)  # type: ignore[index,call-overload]
    with pytest.raises(SfnbError, match="CloudWatch Logs"):
        on_aws.start(INPUT)


def test_a_machine_that_is_not_there_is_to_be_deployed_first(orders: StateMachine, client: Any) -> None:
    with pytest.raises(SfnbError, match="there is no state machine 'orders' there yet"):
        orders.on_aws(client=client)


def test_a_version_can_be_run(deployed: StateMachine, client: Any) -> None:
    arn = deployed.on_aws(client=client).arn

    assert deployed.on_aws(client=client, arn=f"{arn}:1").run(INPUT).status == "SUCCEEDED"
    with pytest.raises(Refused, match="StateMachineDoesNotExist"):
        deployed.on_aws(client=client, arn=f"{arn}:7").run(INPUT)


def test_map_runs_are_shown_without_their_children(
    there: StepFunctions, here: StepFunctions, client: Any, worker: Worker
) -> None:
    each = TREE["States"]["Each"]
    processor = {
        **each["ItemProcessor"],
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    }
    tree = {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemsPath": "$.items", "End": True}}}
    tree["States"]["Each"]["ItemProcessor"] = processor  # type: ignore[index]
    machine = load_machine(here, tree, name="wide")
    machine.deploy(ROLE, client=client)
    execution = machine.on_aws(client=client).run(INPUT)

    assert execution.output == [10, 20, 30]
    assert execution.visits["state"].tolist() == ["Each"]
    assert "Each" in execution.graph()._repr_mimebundle_()["text/plain"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a tenth of a second between two questions."""
    monkeypatch.setattr("sfnb.deploy.execution.FIRST_SECONDS", 0.001)
