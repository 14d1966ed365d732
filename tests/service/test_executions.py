"""How executions are started, and what is refused."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from machines import frozen, single

import sfnb
from sfnb.machine import load_machine
from sfnb.service import ExecutionAlreadyExists, ServiceClosed, StepFunctions

SOON = 60.0
WAIT: dict[str, Any] = single({"Type": "Wait", "Seconds": 3600})


# A name is had once. Source: AWS API reference, StartExecution


def test_a_running_execution_is_not_started_again(service: StepFunctions) -> None:
    machine = load_machine(service, WAIT, name="machine")
    first = machine.start({"n": 1}, name="once")

    again = machine.start({"n": 1}, name="once")

    assert again.arn == first.arn
    assert len(service.list_executions()) == 1
    with pytest.raises(ExecutionAlreadyExists):
        machine.start({"n": 2}, name="once")


def test_the_name_of_what_has_ended_is_taken(service: StepFunctions) -> None:
    machine = load_machine(service, WAIT, name="machine")
    assert machine.start({"n": 1}, name="once", clock=frozen()).wait(SOON)

    with pytest.raises(ExecutionAlreadyExists):
        machine.start({"n": 1}, name="once")


def test_an_express_execution_is_always_another(service: StepFunctions) -> None:
    machine = load_machine(service, WAIT, name="machine", type="EXPRESS")

    assert machine.start(name="once").arn != machine.start(name="once").arn


def test_of_many_who_start_at_once_one_does(service: StepFunctions) -> None:
    machine = load_machine(service, WAIT, name="machine")
    gate = threading.Barrier(8)
    arns: list[str] = []

    def start(number: int) -> None:
        gate.wait(SOON)
        arns.extend(machine.start({"n": 1}, name=f"once-{turn}").arn for turn in range(20))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)

    assert len(arns) == 160
    assert len(set(arns)) == len(service.list_executions()) == 20


# The end of the service


def test_nothing_is_started_after_close() -> None:
    service = StepFunctions()
    machine = load_machine(service, WAIT, name="machine")
    service.close()

    with pytest.raises(ServiceClosed, match="closed"):
        machine.start()
    with pytest.raises(ServiceClosed):
        service.resume_execution(f"{machine.arn}:any")


# Who listens to what tasks print


def test_a_listener_that_raises_harms_no_execution(
    service: StepFunctions, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def listen(text: str) -> None:
        heard.append(text)
        raise RuntimeError("deaf")

    def talk() -> str:
        for word in ("one\n", "two\n"):
            print(word, end="")
            sfnb.sleep(0)
        return "done"

    service.registry.functions["talk"] = talk
    machine = load_machine(service, single({"Type": "Task", "Resource": "talk"}), name="machine")
    with caplog.at_level(logging.ERROR, "sfnb"):
        execution = machine.start(on_output=listen)
        assert execution.wait(SOON)

    assert execution.output == "done"
    assert "".join(heard) == "one\ntwo\n"
    assert len(heard) > 1
    assert [record.message for record in caplog.records] == [
        "on_output raised; it is called again, and said no more of"
    ]
