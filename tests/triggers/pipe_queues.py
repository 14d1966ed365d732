"""Queues of a real server, and what a test waits for."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

from sfnb.execution import Execution
from sfnb.integrations.local_aws import LocalAws
from sfnb.machine import StateMachine, load_machine
from sfnb.on.trigger import Trigger
from sfnb.service import StepFunctions

REGION = "us-east-1"
ACCOUNT = "123456789012"
LONG_SECONDS = 30
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipe"
ECHO = {"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": True}}}
FAILING = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "Sold", "Cause": "out"}}}

_numbers = itertools.count()


def until(condition: Callable[[], Any], seconds: float = LONG_SECONDS) -> Any:
    """What `condition` comes to once it is true; fails where it does not become so."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)
    return found


class Queue:
    """A queue of its own for a test."""

    def __init__(self, local: LocalAws, **attributes: str) -> None:
        self.client: Any = local.client("sqs", region=REGION)
        self.name = f"queue-{next(_numbers)}" + (".fifo" if attributes.get("FifoQueue") else "")
        self.url = self.client.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    def send(self, *bodies: Any, **more: Any) -> list[str]:
        """Texts as they are, everything else as JSON; answers with the ids."""
        return [
            self.client.send_message(
                QueueUrl=self.url,
                MessageBody=body if isinstance(body, str) else json.dumps(body),
                **more,
            )["MessageId"]
            for body in bodies
        ]

    def receive(self) -> list[dict[str, Any]]:
        return list(
            self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        )

    @property
    def left(self) -> int:
        """How many messages it has, also those out of sight.

        Asked twice: the server counts one after the other, and misses what is shown again in between.
        """
        return max(sum(self._numbers()), sum(self._numbers()))

    @property
    def visible(self) -> int:
        """How many can be received."""
        return self._numbers()[0]

    @property
    def hidden(self) -> int:
        """How many have been received and neither deleted nor shown again."""
        return self._numbers()[1]

    def _numbers(self) -> tuple[int, int]:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        told = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(told[names[0]]), int(told[names[1]])


def machine(service: StepFunctions, tree: dict[str, Any] | None = None, **options: Any) -> StateMachine:
    return load_machine(service, tree or ECHO, **{"name": "orders", **options})


def ended(orders: StateMachine, count: int) -> list[Execution]:
    """Its executions once there are so many, all at their end; oldest first."""
    until(lambda: len(orders.executions) >= count)
    executions = [orders.executions[n] for n in range(len(orders.executions))][::-1]
    for each in executions:
        assert each.wait(LONG_SECONDS)
    return executions


def bodies(execution: Execution) -> list[str]:
    records: Any = execution.input
    return [record["body"] for record in records]


def why(trigger: Trigger) -> str:
    return "; ".join(trigger.counts.dropped)
