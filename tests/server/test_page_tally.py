"""Executions counted: what is counted once is not counted again, and nothing is missed for long."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sfnb.engine.records import ExecutionFilter
from sfnb.machine import StateMachine, load_machine
from sfnb.server.page.tally import ANEW_SECONDS, NEW_AT_ONCE, Tally
from sfnb.service import StepFunctions
from tests.sessions import until

HELLO = {"StartAt": "Hello", "States": {"Hello": {"Type": "Pass", "End": True}}}
PAUSE = {"StartAt": "Pause", "States": {"Pause": {"Type": "Wait", "Seconds": 600, "End": True}}}


class Watch:
    """Seconds that go on when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def tally(service: StepFunctions, watch: Watch) -> Tally:
    return Tally(service, watch)


@pytest.fixture
def hello(service: StepFunctions) -> StateMachine:
    return load_machine(service, HELLO, name="hello")


@pytest.fixture
def waiting(service: StepFunctions) -> StateMachine:
    return load_machine(service, PAUSE, name="waiting")


def counts(tally: Tally, machine: StateMachine) -> dict[str, int]:
    return {status: count for status, count in tally.read()[machine.arn].statuses.items() if count}


def test_what_is_new_is_added_to_what_was_counted(tally: Tally, hello: StateMachine) -> None:
    hello.run()
    assert counts(tally, hello) == {"SUCCEEDED": 1}
    for _ in range(NEW_AT_ONCE + 1):
        hello.run()
    last = hello.run()

    assert counts(tally, hello) == {"SUCCEEDED": NEW_AT_ONCE + 3}
    assert tally.read()[hello.arn].latest.arn == last.arn


def test_what_was_running_is_looked_at_again(tally: Tally, waiting: StateMachine) -> None:
    first, second = waiting.start(), waiting.start()
    assert counts(tally, waiting) == {"RUNNING": 2}
    first.stop()
    first.wait()

    assert counts(tally, waiting) == {"RUNNING": 1, "ABORTED": 1}
    assert tally.read()[waiting.arn].latest.arn == second.arn


def test_the_latest_execution_is_told_as_it_is_now(tally: Tally, waiting: StateMachine) -> None:
    execution = waiting.start()
    tally.read()
    execution.stop()
    execution.wait()

    assert tally.read()[waiting.arn].latest.status == "ABORTED"


def test_what_is_redriven_runs_again(tally: Tally, service: StepFunctions, waiting: StateMachine) -> None:
    execution = waiting.start()
    execution.stop()
    execution.wait()
    assert counts(tally, waiting) == {"ABORTED": 1}
    service.redrive_execution(execution.arn)

    until(lambda: counts(tally, waiting) == {"RUNNING": 1}, "the redrive in the counts")


def test_what_was_deleted_is_missed_when_all_are_counted_anew(
    tally: Tally, watch: Watch, service: StepFunctions, hello: StateMachine
) -> None:
    hello.run()
    gone = hello.run()
    assert counts(tally, hello) == {"SUCCEEDED": 2}
    service.store.forget(gone.arn)
    watch.seconds = ANEW_SECONDS

    assert counts(tally, hello) == {"SUCCEEDED": 1}


def test_all_are_not_counted_each_time(
    tally: Tally, service: StepFunctions, hello: StateMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(NEW_AT_ONCE + 10):
        hello.run()
    tally.read()
    looked: list[int] = []
    everything: Callable[..., list[object]] = service.list_executions  # type: ignore[assignment]

    def listing(wanted: ExecutionFilter | None = None) -> list[object]:
        found = everything(wanted)
        looked.append(len(found))
        return found

    monkeypatch.setattr(service, "list_executions", listing)
    tally.read()

    assert sum(looked) <= NEW_AT_ONCE
