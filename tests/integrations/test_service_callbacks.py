"""Tokens that services hand over, and what becomes of who waits for their answer.

A consumer reads the token where the service put it: from a queue, a topic, a function's payload, a
container's environment, another execution's input.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct

from sfnb.engine.tokens import TaskTimedOut
from sfnb.execution import Execution
from sfnb.machine import load_machine
from tests.integrations.aws_jobs import REGION, cluster_task, task
from tests.integrations.services import (
    ACCOUNT,
    NESTED,
    Given,
    World,
    catching,
    function,
    message,
    nested,
    prepared,
    publication,
    run,
)

pytest.importorskip("boto3")
pytest.importorskip("moto")

TOKEN = {"token.$": "$$.Task.Token"}


class Callback(Struct, frozen=True, kw_only=True):
    """An action that hands a token over.

    take: as who is given it comes by it. unknown: parameters that name what is not there. error: then.
    """

    resource: str
    given: Given
    take: Callable[[World], str]
    unknown: dict[str, Any]
    error: str


def called_with(world: World) -> str:
    """The latest call of the Lambda function."""
    token: str = json.loads(world.functions.calls[-1].body)["token"]
    return token


def received(world: World) -> Any:
    """The body of the message in the queue, which is JSON."""
    client = world.client("sqs")
    url = client.get_queue_url(QueueName="orders")["QueueUrl"]
    (message,) = client.receive_message(QueueUrl=url)["Messages"]
    return json.loads(message["Body"])


def environment(world: World) -> str:
    """The variable that a task on the cluster finds."""
    client = world.client("ecs")
    (running,) = client.list_tasks(cluster="cluster")["taskArns"]
    (told,) = client.describe_tasks(cluster="cluster", tasks=[running])["tasks"]
    (variable,) = told["overrides"]["containerOverrides"][0]["environment"]
    token: str = variable["value"]
    return token


def input_of_nested(world: World) -> str:
    (execution,) = (each for each in world.service.list_executions() if ":nested:" in each.arn)
    token: str = json.loads(world.service.describe_execution(execution.arn).input)["token"]
    return token


OVERRIDES = {
    "ContainerOverrides": [
        {"Name": "container", "Environment": [{"Name": "TOKEN", "Value.$": "$$.Task.Token"}]}
    ]
}
CALLBACKS = {
    "lambda": Callback(
        resource="lambda:invoke",
        given=lambda world: {**function(lambda event: "accepted")(world), "Payload": TOKEN},
        take=called_with,
        unknown={"FunctionName": "none"},
        error="Lambda.ResourceNotFoundException",
    ),
    "sqs": Callback(
        resource="sqs:sendMessage",
        given=message(TOKEN),
        take=lambda world: str(received(world)["token"]),
        unknown={"QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/none"},
        error="SQS.QueueDoesNotExistException",
    ),
    "sns": Callback(
        resource="sns:publish",
        given=publication(TOKEN),
        take=lambda world: str(json.loads(received(world)["Message"])["token"]),
        unknown={"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:none"},
        error="SNS.NotFoundException",
    ),
    "ecs": Callback(
        resource="ecs:runTask",
        given=prepared(cluster_task, Overrides=OVERRIDES),
        take=environment,
        unknown={"Cluster": "none"},
        error="ECS.ClusterNotFoundException",
    ),
    "states": Callback(
        resource="states:startExecution",
        given=nested({"Type": "Pass"}, Input=TOKEN),
        take=input_of_nested,
        unknown={"StateMachineArn": f"{NESTED}-none"},
        error="StepFunctions.StateMachineDoesNotExistException",
    ),
}


@pytest.fixture(params=CALLBACKS)
def callback(request: pytest.FixtureRequest) -> Callback:
    return CALLBACKS[request.param]


def waiting(world: World, callback: Callback, **fields: Any) -> tuple[Execution, str]:
    """An execution whose task waits, on the real clock, and the token as who has it was given it."""
    tree = task(f"{callback.resource}.waitForTaskToken", callback.given(world), **fields)
    if "Catch" in fields:
        tree["States"]["Caught"] = {"Type": "Pass", "End": True}
    machine = load_machine(world.service, tree, name="machine")
    execution = machine.start()
    while "TaskSubmitted" not in [event.type for event in execution.log]:
        assert not execution.wait(0.01), (execution.error, execution.cause)
    return execution, callback.take(world)


def test_who_is_given_a_token_answers_with_it(world: World, callback: Callback) -> None:
    execution, token = waiting(world, callback)
    world.service.send_task_success(token, '{"done": true}')

    assert execution.result() == {"done": True}


def test_who_is_given_a_token_fails_with_it(world: World, callback: Callback) -> None:
    execution, token = waiting(world, callback, **catching("OutOfStock"))
    world.service.send_task_failure(token, "OutOfStock", "none left")

    assert execution.result() == {"Error": "OutOfStock", "Cause": "none left"}


@pytest.mark.parametrize("error", ["States.HeartbeatTimeout", "States.Timeout"])
def test_a_token_of_which_nothing_is_heard_is_given_up(world: World, callback: Callback, error: str) -> None:
    """On a clock that jumps to the end of the heartbeat."""
    resource = f"{callback.resource}.waitForTaskToken"

    caught: Any = run(
        world, resource, callback.given(world), HeartbeatSeconds=60, TimeoutSeconds=3600, **catching(error)
    )

    assert caught.output["Error"] == "States.Timeout"
    assert world.service.list_task_tokens() == []


def test_a_token_that_was_given_up_takes_no_answer(world: World, callback: Callback) -> None:
    parameters = callback.given(world)
    run(world, f"{callback.resource}.waitForTaskToken", parameters, HeartbeatSeconds=60)

    with pytest.raises(TaskTimedOut):
        world.service.send_task_success(callback.take(world), "1")


def test_a_token_that_could_not_be_handed_over_is_not_waited_for(world: World, callback: Callback) -> None:
    unknown = {**callback.given(world), **callback.unknown}
    resource = f"{callback.resource}.waitForTaskToken"

    caught: Any = run(world, resource, unknown, **catching(callback.error)).output

    assert caught["Error"] == callback.error
    assert world.service.list_task_tokens() == []
