"""What tasks of ten services are run with: an AWS of moto's, and what has to be there before they can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct

from sfnb.engine.clock import JumpClock
from sfnb.execution import Execution
from sfnb.integrations.aws import Aws
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from tests.integrations.aws_jobs import REGION, SOON, task
from tests.parity.lambda_server import LambdaServer
from tests.parity.lambdas import LambdaError

ACCOUNT = "123456789012"
NESTED = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:nested"


class World(Struct, frozen=True):
    """Where a task is run."""

    aws: Aws
    service: StepFunctions
    functions: LambdaServer

    def client(self, name: str) -> Any:
        return self.aws.client(name, region=REGION)


Given = Callable[[World], dict[str, Any]]
"""Makes what a call needs and answers with its parameters."""


def plain(**parameters: Any) -> Given:
    return lambda world: parameters


def prepared(prepare: Callable[[Aws], dict[str, Any]], **more: Any) -> Given:
    return lambda world: {**prepare(world.aws), **more}


def start(world: World, resource: str, parameters: dict[str, Any], **fields: Any) -> Execution:
    """On a clock that jumps."""
    tree = task(resource, parameters, **fields)
    if "Catch" in fields:
        tree["States"]["Caught"] = {"Type": "Pass", "End": True}
    return load_machine(world.service, tree, name="machine").start(clock=JumpClock())


def run(world: World, resource: str, parameters: dict[str, Any], **fields: Any) -> Execution:
    execution = start(world, resource, parameters, **fields)
    assert execution.wait(SOON)
    return execution


def catching(error: str) -> dict[str, Any]:
    return {"Catch": [{"ErrorEquals": [error], "Next": "Caught"}]}


# What has to be there


def function(answer: Callable[[Any], Any], **payload: Any) -> Given:
    """A Lambda function that answers so."""

    def given(world: World) -> dict[str, Any]:
        world.functions.functions["price"] = lambda event, context: answer(event)
        return {"FunctionName": "price", "Payload": payload}

    return given


def refuses(event: Any) -> Any:
    raise LambdaError("OutOfStock", "none left", [])


def table(**parameters: Any) -> Given:
    """A table that has an item."""

    def given(world: World) -> dict[str, Any]:
        client = world.client("dynamodb")
        client.create_table(
            TableName="orders",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        client.put_item(TableName="orders", Item={"id": {"S": "1"}, "grams": {"N": "100"}})
        return parameters

    return given


def queue(world: World, name: str = "orders") -> str:
    url: str = world.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url


def message(body: Any) -> Given:
    return lambda world: {"QueueUrl": queue(world), "MessageBody": body}


def publication(body: Any) -> Given:
    """To a topic that a queue listens to."""

    def given(world: World) -> dict[str, Any]:
        topic = world.client("sns").create_topic(Name="news")["TopicArn"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
        queue(world)
        world.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return {"TopicArn": topic, "Message": body}

    return given


def nested(state: dict[str, Any], **more: Any) -> Given:
    """A machine of this one state."""

    def given(world: World) -> dict[str, Any]:
        end = {} if state["Type"] == "Fail" else {"End": True}
        load_machine(world.service, {"StartAt": "S", "States": {"S": {**state, **end}}}, name="nested")
        return {"StateMachineArn": NESTED, **more}

    return given


def rows(table: list[Any]) -> list[Any]:
    return [pytest.param(*row, id="-".join(part for part in row if isinstance(part, str))) for row in table]
