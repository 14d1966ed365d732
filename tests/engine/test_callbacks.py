"""Tasks that are answered from outside: by their token, or by an activity's worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from laws import check_laws
from machines import TREE, frozen, history, load, parallel, single, types
from msgspec import structs

import sfnb
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.activities import ActivityDoesNotExist, InvalidArn
from sfnb.engine.ports import TaskCall
from sfnb.engine.tokens import InvalidOutput, InvalidToken, TaskDoesNotExist, TaskTimedOut, signed
from sfnb.errors import StatesError
from sfnb.execution import Execution
from sfnb.service import InvalidName, StepFunctions
from sfnb.stores.memory import MemoryStore
from sfnb.values import Payload, decode
from tests.sessions import until

SOON = 60.0
"""Seconds within which what is to end has ended, or the test fails; nothing waits that long."""
UNKNOWN = "00000000-0000-4000-8000-000000000000"
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:pack"


def asking(**fields: Any) -> TREE:
    """A machine that asks and waits for the answer."""
    return single({"Type": "Task", "Resource": ASK, "Parameters": {"token.$": "$$.Task.Token"}, **fields})


def inner(tree: TREE) -> TREE:
    """The same for a branch: names are unique in the whole machine."""
    return {"StartAt": "Ask", "States": {"Ask": tree["States"]["It"]}}


class Letterbox:
    """Stands for the service that hands tokens out; `token()` waits for the next one."""

    def __init__(self) -> None:
        self._filled = threading.Semaphore(0)
        self.tokens: list[str] = []

    def __call__(self, parameters: dict[str, str]) -> str:
        self.tokens.append(parameters["token"])
        self._filled.release()
        return "sent"

    def token(self) -> str:
        assert self._filled.acquire(timeout=SOON)
        return self.tokens[-1]


@pytest.fixture
def box(service: StepFunctions) -> Letterbox:
    box = Letterbox()
    service.registry.functions["sqs:sendMessage"] = box
    return box


def ended(execution: Execution) -> Execution:
    assert execution.wait(SOON)
    check_laws(execution.log)
    return execution


# The token


def test_an_answer_becomes_the_result(service: StepFunctions, box: Letterbox) -> None:
    execution = load(service, asking()).start()
    service.send_task_success(box.token(), '{"approved": true}')

    assert ended(execution).output == {"approved": True}
    assert types(execution)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    submitted, succeeded = history(execution)[4:6]
    assert isinstance(submitted, ev.TaskSubmitted)
    assert isinstance(succeeded, ev.TaskSucceeded)
    assert (submitted.output, submitted.resource) == ('"sent"', "sendMessage.waitForTaskToken")
    assert succeeded.output == '{"approved": true}'


def test_a_refusal_can_be_caught_and_may_say_nothing(service: StepFunctions, box: Letterbox) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Late"}]
    tree = asking(Catch=catch)
    tree["States"]["Late"] = {"Type": "Pass", "End": True}
    execution = load(service, tree).start()
    service.send_task_failure(box.token())

    assert ended(execution).output == {"Error": None, "Cause": None}


def test_an_answer_may_come_before_the_call_has_returned(service: StepFunctions) -> None:
    def eager(parameters: dict[str, str]) -> str:
        service.send_task_success(parameters["token"], "1")
        return "sent"

    execution = ended(load(service, asking(), It=eager).start())

    assert execution.output == 1
    assert types(execution)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_an_answer_counts_though_the_call_fails_after_it(service: StepFunctions) -> None:
    def torn(parameters: dict[str, str]) -> str:
        service.send_task_success(parameters["token"], "1")
        raise OSError("the line is dead")

    execution = ended(load(service, asking(), It=torn).start())

    assert (execution.status, execution.output) == ("SUCCEEDED", 1)


def test_a_call_that_fails_leaves_a_spent_token(service: StepFunctions) -> None:
    tokens = []

    def fails(parameters: dict[str, str]) -> None:
        tokens.append(parameters["token"])
        raise sfnb.TaskError("Queue.Full", "no room")

    execution = ended(load(service, asking(), It=fails).start())

    assert (execution.error, execution.cause) == ("Queue.Full", "no room")
    assert "TaskSubmitted" not in types(execution)
    with pytest.raises(TaskTimedOut):
        service.send_task_success(tokens[0], "1")


def test_an_attempt_has_a_token_of_its_own(service: StepFunctions, box: Letterbox) -> None:
    retry = [{"ErrorEquals": ["Again"], "IntervalSeconds": 1}]
    execution = load(service, asking(Retry=retry)).start(skip_waits=True)
    first = box.token()
    service.send_task_failure(first, "Again")
    second = box.token()
    service.send_task_success(second, "2")

    assert first != second
    assert ended(execution).output == 2


def test_the_token_of_an_old_log_stays_what_it_was(service: StepFunctions, box: Letterbox) -> None:
    """It had no signature, and is out."""
    machine = load(service, asking())
    begun = machine.start()
    token = box.token()
    until(lambda: "TaskSubmitted" in types(begun), "the submission")
    started, plan, *rest = begun.log
    assert isinstance(plan, facts.ExecutionPlanned)
    store = MemoryStore()
    store.append(begun.arn, [started, structs.replace(plan, signed_tokens=False), *rest], after=0)

    with closing(StepFunctions(store=store, clock=frozen)) as later:
        resumed = later.resume_execution(begun.arn, machine=machine.record)
        (old,) = later.list_task_tokens()
        later.send_task_success(old.token, "1")
        assert resumed.wait(SOON)

    assert token == signed(old.token) != old.token


def send(name: str, *rest: Any) -> Callable[[StepFunctions, str], None]:
    return lambda service, token: getattr(service, name)(token, *rest)


SENDERS = [
    pytest.param(send("send_task_success", "1"), id="success"),
    pytest.param(send("send_task_failure"), id="failure"),
    pytest.param(send("send_task_heartbeat"), id="heartbeat"),
]


@pytest.mark.parametrize("sender", SENDERS)
def test_a_token_is_refused_as_aws_does(
    service: StepFunctions, box: Letterbox, sender: Callable[[StepFunctions, str], None]
) -> None:
    execution = load(service, asking()).start()
    token = box.token()
    service.send_task_success(token, "1")
    ended(execution)

    with pytest.raises(TaskTimedOut, match=r"^Task Timed Out: 'Provided task does not exist anymore'$"):
        sender(service, token)
    with pytest.raises(InvalidToken, match=r"^Invalid Token: 'Invalid token'$"):
        sender(service, "NoSuchTaskToken")
    with pytest.raises(TaskDoesNotExist):
        sender(service, UNKNOWN)


@pytest.mark.parametrize("output", ["{", "", f'"{"x" * 262_144}"'])
def test_an_output_that_will_not_do_leaves_the_token_open(
    service: StepFunctions, box: Letterbox, output: str
) -> None:
    execution = load(service, asking()).start()
    token = box.token()

    with pytest.raises(InvalidOutput):
        service.send_task_success(token, output)
    service.send_task_success(token, "1")
    assert ended(execution).output == 1


def test_open_tokens_are_listed(service: StepFunctions, box: Letterbox) -> None:
    execution = load(service, asking()).start()
    token = box.token()

    (open_token,) = service.list_task_tokens()
    assert (open_token.token, open_token.execution, open_token.state) == (token, execution.arn, "It")
    assert (open_token.resource, open_token.input) == (ASK, {"token": token})
    assert service.list_task_tokens("arn:another") == []

    service.send_task_success(token, "1")
    ended(execution)
    assert service.list_task_tokens() == []


def test_an_execution_that_is_stopped_waits_for_no_token(service: StepFunctions, box: Letterbox) -> None:
    execution = load(service, asking()).start()
    token = box.token()
    execution.stop()

    assert ended(execution).status == "ABORTED"
    with pytest.raises(TaskTimedOut):
        service.send_task_success(token, "1")


# Its time


def test_a_silence_ends_the_wait(service: StepFunctions, box: Letterbox) -> None:
    execution = ended(load(service, asking(HeartbeatSeconds=5, TimeoutSeconds=60)).start(clock=frozen()))

    assert (execution.status, execution.error, execution.cause) == ("FAILED", "States.Timeout", None)
    assert types(execution)[4:6] == ["TaskSubmitted", "TaskTimedOut"]
    assert execution.duration == timedelta(seconds=5)


def test_a_heartbeat_keeps_the_wait_alive(service: StepFunctions, box: Letterbox) -> None:
    execution = load(service, asking(HeartbeatSeconds=600)).start()
    token = box.token()
    for _ in range(3):
        service.send_task_heartbeat(token)
    service.send_task_success(token, "1")

    assert ended(execution).output == 1


def test_a_clock_that_jumps_stands_still_where_nothing_is_due(service: StepFunctions, box: Letterbox) -> None:
    other = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    execution = load(service, single(parallel(other, inner(asking())))).start(clock=frozen())
    service.send_task_success(box.token(), "1")

    assert ended(execution).output == [{}, 1]
    assert execution.duration in (timedelta(0), timedelta(seconds=3600))


def test_a_branch_that_fails_spends_the_token_of_another(service: StepFunctions, box: Letterbox) -> None:
    failing = {"StartAt": "F", "States": {"F": {"Type": "Task", "Resource": "fails", "End": True}}}

    def fails() -> None:
        box.token()
        raise sfnb.TaskError("Stop")

    machine = load(service, single(parallel(inner(asking()), failing)), fails=fails)

    assert ended(machine.start()).error == "Stop"
    with pytest.raises(TaskTimedOut):
        service.send_task_success(box.tokens[0], "1")


def test_who_runs_it_in_a_cell_is_told_what_it_waits_for(
    service: StepFunctions,
    box: Letterbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sfnb.execution.MOMENT_SECONDS", 0.0)
    machine = load(service, asking())
    told = threading.Event()
    monkeypatch.setattr("builtins.print", lambda line: (box.tokens.append(line), told.set()))

    def answer() -> None:
        told.wait(SOON)
        service.send_task_success(box.tokens[0], "1")

    answering = threading.Thread(target=answer)
    answering.start()
    execution = machine.run()
    answering.join()

    assert execution.output == 1
    assert box.tokens[1:] == [
        f"It is waiting for a task token: {box.tokens[0]}; "
        f'answer with sfnb.send_task_success("{box.tokens[0]}", output) from another thread, '
        "or interrupt and run it with --start"
    ]


def test_a_lambda_function_is_found_by_its_name_and_given_its_payload(service: StepFunctions) -> None:
    tree = single(
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
        }
    )

    def ask(event: dict[str, str]) -> str:
        service.send_task_success(event["token"], "1")
        return "asked"

    execution = ended(load(service, tree, ask=ask).start())

    assert execution.output == 1
    submitted = history(execution)[4]
    assert isinstance(submitted, ev.TaskSubmitted)
    output: Any = decode(submitted.output)
    assert (output["Payload"], output["StatusCode"]) == ("asked", 200)


# Answers without a call


@pytest.mark.parametrize(
    ("told", "status", "kinds"),
    [
        (Payload(1), "SUCCEEDED", ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]),
        (StatesError("E"), "FAILED", ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskFailed"]),
    ],
)
def test_a_mock_answers_instead_of_whatever_is_there(
    service: StepFunctions, told: Payload | StatesError, status: str, kinds: list[str]
) -> None:
    asked = []

    def answer(state: str, call: TaskCall, attempt: int) -> Payload | StatesError:
        asked.append((state, call.resource, attempt))
        return told

    machine = load(service, asking(Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}]))
    service.registry.machine(machine.arn).answer = answer  # type: ignore[method-assign]
    execution = ended(machine.start(skip_waits=True))

    assert execution.status == status
    assert asked[0] == ("It", ASK, 0)
    assert asked[1:] == ([] if status == "SUCCEEDED" else [("It", ASK, 1)])
    assert types(execution)[2:6] == kinds


# Jobs


def test_a_function_stands_for_a_job_and_its_start(service: StepFunctions) -> None:
    tree = single({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync"})
    execution = ended(load(service, tree, It=lambda order: {"done": order}).start({"n": 1}))

    assert execution.output == {"done": {"n": 1}}
    assert types(execution)[4:6] == ["TaskSubmitted", "TaskSucceeded"]


# Activities


@pytest.fixture
def packing(service: StepFunctions) -> Execution:
    """An execution whose task waits for a worker."""
    service.create_activity("pack")
    tree = single({"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 100, "HeartbeatSeconds": 10})
    return load(service, tree).start({"n": 1}, clock=frozen())


def test_a_worker_takes_a_task_and_answers(service: StepFunctions) -> None:
    service.create_activity("pack")
    execution = load(service, single({"Type": "Task", "Resource": ACTIVITY})).start({"n": 1})
    task = service.get_activity_task(ACTIVITY, "worker-1", wait_seconds=SOON)
    assert task is not None
    service.send_task_success(task.task_token, '{"packed": 1}')

    assert task.input == '{"n":1}'
    assert ended(execution).output == {"packed": 1}
    scheduled, started, succeeded = history(execution)[2:5]
    assert isinstance(scheduled, ev.ActivityScheduled)
    assert isinstance(started, ev.ActivityStarted)
    assert isinstance(succeeded, ev.ActivitySucceeded)
    assert (started.worker_name, succeeded.output) == ("worker-1", '{"packed": 1}')


def test_a_worker_may_fail(service: StepFunctions) -> None:
    service.create_activity("pack")
    execution = load(service, single({"Type": "Task", "Resource": ACTIVITY})).start()
    task = service.get_activity_task(ACTIVITY, wait_seconds=SOON)
    assert task is not None
    service.send_task_failure(task.task_token, "Broken", "no tape")

    assert (ended(execution).error, execution.cause) == ("Broken", "no tape")
    assert types(execution)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivityFailed"]


def test_the_time_of_an_activity_counts_from_when_it_is_taken(
    service: StepFunctions, packing: Execution
) -> None:
    assert packing.status == "RUNNING"
    task = service.get_activity_task(ACTIVITY, wait_seconds=SOON)
    assert task is not None

    assert ended(packing).error == "States.Timeout"
    assert types(packing)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivityTimedOut"]
    assert packing.duration == timedelta(seconds=10)


def test_a_task_that_is_given_up_leaves_the_queue(service: StepFunctions, packing: Execution) -> None:
    packing.stop()
    ended(packing)

    assert service.get_activity_task(ACTIVITY, wait_seconds=0) is None


def test_an_activity_without_work_gives_none(service: StepFunctions) -> None:
    service.create_activity("pack")

    assert service.get_activity_task(ACTIVITY, wait_seconds=0) is None


def test_a_task_of_an_activity_that_is_not_there_fails(service: StepFunctions) -> None:
    execution = ended(load(service, single({"Type": "Task", "Resource": ACTIVITY})).start())

    assert execution.error == "States.Runtime"
    assert str(execution.cause).endswith(f"The activity {ACTIVITY} does not exist.")


def test_activities_are_made_once_and_deleted_as_often_as_one_likes(service: StepFunctions) -> None:
    made = service.create_activity("pack")
    assert service.create_activity("pack") is made
    assert (made.arn, made.name) == (ACTIVITY, "pack")
    assert service.describe_activity(ACTIVITY) is made
    assert service.list_activities() == [made]

    service.delete_activity(ACTIVITY)
    service.delete_activity(ACTIVITY)
    with pytest.raises(ActivityDoesNotExist, match=f"^Activity Does Not Exist: '{ACTIVITY}'$"):
        service.describe_activity(ACTIVITY)


@pytest.mark.parametrize("name", ["activity/name", "activity?name", "activity\x7f", "a" * 81, ""])
def test_an_activity_has_a_name_that_aws_takes(service: StepFunctions, name: str) -> None:
    with pytest.raises(InvalidName) as refusal:
        service.create_activity(name)
    assert str(refusal.value) == f"Invalid Name: '{name}'"


def test_an_activity_is_asked_for_by_its_arn(service: StepFunctions) -> None:
    with pytest.raises(InvalidArn, match=r"^Invalid Arn: 'Invalid ARN prefix: no_arn'$"):
        service.get_activity_task("no_arn", wait_seconds=0)
