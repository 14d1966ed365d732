"""Interrupted executions go on: at once, or when their functions are there; those that cannot say why."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sfnb
from sfnb.default import service
from sfnb.engine.tokens import TaskDoesNotExist
from sfnb.execution import Execution
from sfnb.stores.sqlite import SqliteStore
from tests.sessions import SOON, sessions, task, until

ORDERS = {
    "StartAt": "Charge",
    "States": {"Charge": task("charge", "Pack"), "Pack": task("pack", "Ship"), "Ship": task("ship")},
}
CALLBACK = task(
    "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    Parameters={"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
)
Restart = Callable[[], None]


@pytest.fixture
def restart(tmp_path: Path) -> Iterator[Restart]:
    """Ends the session and begins the next one."""
    with sessions(tmp_path / "x.db") as restart:
        yield restart


class Calls(list[str]):
    """The tasks that have been called, of all sessions."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()


@pytest.fixture
def calls() -> Iterator[Calls]:
    """In the end, those that hang are let go of."""
    calls = Calls()
    yield calls
    calls.over.set()


def define(calls: Calls, *names: str, hang: str = "") -> None:
    """Functions of these names; the one that hangs never answers."""
    for name in names:
        sfnb.task(name)(noting(calls, name, hang))


def noting(calls: Calls, name: str, hang: str) -> Callable[[Any], Any]:
    def function(payload: Any) -> Any:
        calls.append(name)
        if name == hang:
            calls.over.wait(60)
        return payload

    return function


def interrupted(restart: Restart, calls: Calls, name: str = "first", machine: str = "orders") -> None:
    """An execution that a session was ended on while Pack was being called."""
    define(calls, "charge", "pack", "ship", hang="pack")
    before = len(calls)
    sfnb.load(ORDERS, name=machine).start({"n": 1}, name=name)
    until(lambda: calls[before:] == ["charge", "pack"], "the call of pack")
    restart()


def test_with_all_functions_there_it_goes_on_at_once_and_repeats_nothing(
    restart: Restart, calls: Calls
) -> None:
    interrupted(restart, calls)
    define(calls, "pack", "ship")

    found = sfnb.resume()
    assert found.wait(SOON)
    assert [execution.name for execution in found.executions] == ["first"]
    assert (found.waiting, found.refused) == ({}, {})
    assert found.executions[0].output == {"n": 1}
    assert calls == ["charge", "pack", "pack", "ship"]
    assert repr(found) == "1 execution goes on\n  orders first goes on: in Pack"


def test_it_waits_for_its_functions_and_then_goes_on_by_itself(
    restart: Restart, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(restart, calls)

    found = sfnb.resume()
    assert found.waiting == {"first": ["pack", "ship"]}
    assert found.executions == []
    assert repr(found).splitlines()[1] == "  orders first waits: in Pack; needs pack; will need ship"
    define(calls, "ship")
    assert found.executions == []
    define(calls, "pack")
    assert capsys.readouterr().out == "resumed: orders first, in Pack\n"
    assert found.wait(SOON)
    assert found.waiting == {}
    assert found.executions[0].status == "SUCCEEDED"
    assert service().registry.watchers == []


def test_it_need_not_wait_for_what_is_needed_later(restart: Restart, calls: Calls) -> None:
    interrupted(restart, calls)
    define(calls, "pack")

    found = sfnb.resume(wait=False)
    assert found.wait(SOON)
    assert found.executions[0].error == "Lambda.ResourceNotFoundException"
    assert calls == ["charge", "pack", "pack"]


def test_what_is_needed_at_once_is_always_waited_for(restart: Restart, calls: Calls) -> None:
    interrupted(restart, calls)

    found = sfnb.resume(wait=False)
    assert found.waiting == {"first": ["pack"]}
    define(calls, "pack")
    assert [execution.name for execution in found.executions] == ["first"]


def test_a_function_of_the_machine_alone_will_do(restart: Restart, calls: Calls) -> None:
    interrupted(restart, calls)
    found = sfnb.resume()
    machine = sfnb.load(ORDERS, name="orders")

    machine.task("Pack")(lambda payload: "packed")
    machine.task("Ship")(lambda payload: payload)
    assert found.wait(SOON)
    assert found.executions[0].output == "packed"


def test_some_are_chosen_by_name_arn_or_as_executions(restart: Restart, calls: Calls) -> None:
    for name in ("one", "two", "three"):
        interrupted(restart, calls, name)
    define(calls, "pack", "ship")

    assert [e.name for e in sfnb.resume("two").executions] == ["two"]
    assert [e.name for e in sfnb.resume(sfnb.get_execution("three")).executions] == ["three"]
    found = sfnb.resume(sfnb.get_execution("one").arn)
    assert found.wait(SOON)
    assert len(sfnb.resume().executions) == 0


def test_the_oldest_goes_on_first(restart: Restart, calls: Calls) -> None:
    for name in ("one", "two", "three"):
        interrupted(restart, calls, name)
    define(calls, "pack", "ship")

    assert [execution.name for execution in sfnb.resume().executions] == ["one", "two", "three"]


def test_what_cannot_go_on_is_told_and_does_not_hinder_others(restart: Restart, calls: Calls) -> None:
    define(calls, "pack", hang="pack")
    sfnb.load(ORDERS, name="orders").start(name="mocked", mock={"Charge": lambda payload: "mocked"})
    until(lambda: "pack" in calls)
    restart()
    interrupted(restart, calls, "well")
    define(calls, "pack", "ship")

    found = sfnb.resume("well", "mocked", "wlel")
    assert [execution.name for execution in found.executions] == ["well"]
    assert "functions as mocks" in found.refused["mocked"]
    assert found.refused["wlel"].startswith("there is no execution of this name")
    again = sfnb.resume("mocked", mock={"Charge": lambda payload: "mocked", "Ship": "shipped"})
    assert again.wait(SOON)
    assert again.executions[0].output == "shipped"


def test_what_has_ended_or_is_under_way_is_refused(restart: Restart, calls: Calls) -> None:
    define(calls, "charge", "pack", "ship", hang="ship")
    sfnb.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="quick").run(name="ended")
    sfnb.load(ORDERS, name="orders").start(name="running")

    found = sfnb.resume("ended", "running")
    assert "has ended" in found.refused["ended"]
    assert "is under way" in found.refused["running"]


def test_what_another_process_has_is_refused_with_its_name(
    restart: Restart, calls: Calls, tmp_path: Path
) -> None:
    interrupted(restart, calls)
    other = SqliteStore(tmp_path / "x.db")  # an owner of its own, as another process is
    other.claim(sfnb.executions().arn[0])
    try:
        assert sfnb.resume().executions == []
        assert "is going on with" in sfnb.resume("first").refused["first"]
        assert not sfnb.get_execution("first").wait(0.01)
        assert not sfnb.get_execution("first").interrupted
    finally:
        other.close()
    assert sfnb.get_execution("first").interrupted


def test_names_that_two_machines_have_are_told_apart(restart: Restart, calls: Calls) -> None:
    interrupted(restart, calls, "same", "one")
    interrupted(restart, calls, "same", "two")

    waiting = sfnb.resume().waiting
    assert list(waiting) == ["same", "arn:aws:states:us-east-1:123456789012:execution:two:same"]


NESTED = """
import os, sys, time, sfnb
from tests.sessions import task, until
sfnb.use_store(sys.argv[1])
child = sfnb.load({"StartAt": "Pack", "States": {"Pack": task("pack")}}, name="child")
started = {"StateMachineArn": child.arn, "Name": "inner"}
sync = task("arn:aws:states:::states:startExecution.sync:2", Parameters=started)
calls = []
@sfnb.task
def pack(payload):
    calls.append("pack")
    time.sleep(60)
sfnb.load({"StartAt": "Nested", "States": {"Nested": sync}}, name="parent").start(name="outer")
until(lambda: calls)
os._exit(9)
"""


def test_a_parent_and_its_child_find_each_other(restart: Restart, calls: Calls, tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", NESTED, str(tmp_path / "x.db")], check=False)
    assert ended.returncode == 9
    sfnb.load({"StartAt": "Pack", "States": {"Pack": task("pack")}}, name="child")
    define(calls, "pack")

    found = sfnb.resume()
    assert [execution.name for execution in found.executions] == ["outer", "inner"]
    assert found.wait(SOON)
    assert [execution.status for execution in found.executions] == ["SUCCEEDED", "SUCCEEDED"]
    assert calls == ["pack"]


def test_two_attempts_at_once_resume_it_once(restart: Restart, calls: Calls) -> None:
    interrupted(restart, calls)
    first, second = sfnb.resume(), sfnb.resume()
    define(calls, "ship", "pack")

    assert first.wait(SOON)
    assert second.wait(SOON)
    assert len(first.executions) + len(second.executions) == 1
    assert (first.waiting, second.waiting) == ({}, {})
    assert calls.count("pack") == 2


def test_nothing_to_resume_is_said(restart: Restart) -> None:
    assert repr(sfnb.resume()) == "no execution is interrupted"


# Tokens


def test_the_token_of_an_interrupted_execution_says_what_to_do_first(restart: Restart) -> None:
    tokens: list[str] = []
    ask = {"StartAt": "Ask", "States": {"Ask": CALLBACK}}

    @sfnb.task("sqs:sendMessage")
    def send(message: Any) -> dict[str, Any]:
        tokens.append(message["MessageBody"]["token"])
        return {}

    execution = sfnb.load(ask, name="ask").start(name="first")
    while not any(event.type == "TaskSubmitted" for event in execution.log):
        assert not execution.wait(0.01)
    restart()
    for answer in (
        lambda: sfnb.send_task_success(tokens[0], 1),
        lambda: sfnb.send_task_failure(tokens[0]),
        lambda: sfnb.send_task_heartbeat(tokens[0]),
    ):
        with pytest.raises(TaskDoesNotExist, match=r"an execution is interrupted .* sfnb\.resume\(\) first"):
            answer()

    found = sfnb.resume()
    sfnb.send_task_success(tokens[0], {"by": "hand"})
    assert found.wait(SOON)
    assert found.executions[0].output == {"by": "hand"}


def test_a_token_that_is_nobodys_is_just_that() -> None:
    with pytest.raises(TaskDoesNotExist, match=r"Provided task does not exist'$"):
        sfnb.send_task_success("00000000-1111-4222-8333-444444444444")


# One


def test_an_interrupted_execution_says_so_and_can_go_on_by_itself(restart: Restart, calls: Calls) -> None:
    interrupted(restart, calls)
    execution = sfnb.get_execution("first")

    assert execution.interrupted
    assert execution.status == "RUNNING"
    assert repr(execution).splitlines()[:2] == ["orders INTERRUPTED", 'was in: "Pack"']
    with pytest.raises(sfnb.SfnbError, match="first was interrupted and nobody goes on with it"):
        execution.wait(SOON)
    with pytest.raises(sfnb.SfnbError, match="waits for functions that are not defined yet: pack"):
        execution.resume()
    define(calls, "pack", "ship")
    assert execution.resume() is execution
    assert (execution.status, execution.interrupted) == ("SUCCEEDED", False)
    assert execution.output == {"n": 1}


def test_a_call_that_was_lost_fails_where_that_is_wanted(restart: Restart, calls: Calls) -> None:
    interrupted(restart, calls)
    define(calls, "pack", "ship")

    assert sfnb.get_execution("first").resume(on_lost="fail").error == "TaskLost"
    assert calls == ["charge", "pack"]


def test_who_waits_for_what_another_process_runs_sees_its_end(
    restart: Restart, calls: Calls, tmp_path: Path
) -> None:
    interrupted(restart, calls)
    other = sfnb.StepFunctions(store=SqliteStore(tmp_path / "x.db"))
    execution = sfnb.get_execution("first")
    tasks = other.registry.functions
    gate = threading.Event()
    tasks["pack"] = lambda payload: gate.wait(SOON) and "packed"
    tasks["ship"] = lambda payload: payload
    other.resume_execution(execution.arn)
    try:
        assert not execution.wait(0.01)
        gate.set()
        assert execution.wait(SOON)
        assert execution.output == "packed"
        assert [visit.state for visit in execution.trail] == ["Charge", "Pack", "Ship"]
    finally:
        other.close()


def test_an_execution_is_the_same_in_hand_while_it_goes_on(restart: Restart, calls: Calls) -> None:
    interrupted(restart, calls)
    execution: Execution = sfnb.get_execution("first")
    define(calls, "pack", "ship")

    sfnb.resume()
    assert execution.wait(SOON)
    assert execution.output == {"n": 1}
