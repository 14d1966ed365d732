"""Executions of one name that are started at the same moment, in a store that commits for good.

Source: AWS API reference, StartExecution.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines import single

from sfnb.errors import StoreFault
from sfnb.server.client import client
from sfnb.service import StepFunctions
from sfnb.service.openings import Openings
from sfnb.stores.sqlite import SqliteStore

SOON = 60.0
A_MOMENT = 0.2
"""In which those who do not wait as they should would answer."""
ROLE = "arn:aws:iam::123456789012:role/sfn"
WAIT = json.dumps(single({"Type": "Wait", "Seconds": 3600}))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[StepFunctions]:
    service = StepFunctions(store=SqliteStore(tmp_path / "store.db"))
    yield service
    service.close()


@pytest.fixture
def sfn(service: StepFunctions) -> Any:
    return client("stepfunctions", service=service)


@pytest.fixture
def machine(sfn: Any) -> str:
    arn: str = sfn.create_state_machine(name="m", definition=WAIT, roleArn=ROLE)["stateMachineArn"]
    return arn


def while_nothing_begins(service: StepFunctions, *calls: Callable[[], Any]) -> list[Future[Any]]:
    """What calls at the same moment come to, of which none is committed before all have been made."""
    gate = threading.Event()
    service.engine.post(gate.wait, SOON)
    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(call) for call in calls]
        wait(futures, A_MOMENT)
        gate.set()
    return futures


def code_of(future: Future[Any]) -> str:
    fault = future.exception()
    if fault is None:
        return "OK"
    assert isinstance(fault, ClientError)
    return str(fault.response["Error"]["Code"])


def test_all_who_start_one_execution_at_once_hear_the_same(
    service: StepFunctions, sfn: Any, machine: str
) -> None:
    def start() -> tuple[str, Any]:
        told = sfn.start_execution(stateMachineArn=machine, name="once", input="{}")
        return told["executionArn"], told["startDate"]

    futures = while_nothing_begins(service, *[start] * 4)

    assert len({future.result() for future in futures}) == 1
    assert len(service.list_executions()) == 1


def test_of_those_who_start_one_name_with_other_inputs_one_does(
    service: StepFunctions, sfn: Any, machine: str
) -> None:
    def start(number: int) -> Callable[[], Any]:
        return lambda: sfn.start_execution(stateMachineArn=machine, name="once", input=str(number))

    futures = while_nothing_begins(service, *[start(number) for number in range(4)])

    assert sorted(map(code_of, futures)) == ["ExecutionAlreadyExists"] * 3 + ["OK"]


def test_an_execution_that_is_being_started_is_there_when_it_has_been_or_not_yet(
    service: StepFunctions, sfn: Any, machine: str
) -> None:
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:once"

    _, *told = while_nothing_begins(
        service,
        lambda: sfn.start_execution(stateMachineArn=machine, name="once"),
        lambda: sfn.describe_execution(executionArn=arn)["status"],
        lambda: sfn.get_execution_history(executionArn=arn)["events"][0]["type"],
    )

    assert {code_of(future) for future in told} <= {"OK", "ExecutionDoesNotExist"}
    assert sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"


def test_what_waits_for_an_opening_goes_on_when_that_has_failed() -> None:
    openings = Openings()
    openings.add("e")

    def fail(pool: ThreadPoolExecutor) -> Future[None]:
        with suppress(StoreFault), openings.opening("e"):
            waiting = pool.submit(openings.wait, "e")
            raise StoreFault("the disk is full")
        return waiting

    with ThreadPoolExecutor(1) as pool:
        fail(pool).result(SOON)

    assert "e" not in openings


def test_an_opening_that_ends_late_leaves_the_next_one_of_its_name_alone() -> None:
    openings = Openings()
    openings.add("e")
    with openings.opening("e"):
        openings.add("e")

    assert "e" in openings
