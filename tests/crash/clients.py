"""Clients of a server that is killed under them: what they have sent, and what they were answered.

They start executions of one machine, each under a name of its own: a Wait, a Task that a function stands for,
and an activity, whose tasks workers take and answer. What is not answered is sent again, and now and then
what was. A task that was given away in an answer that never came is its worker's until it times out.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from benchmarks.serving import ROLE, Connection, connect

STARTERS = 8
WORKERS = 4
REPEATED = 0.05
"""Which share of the starts repeats one that was answered."""
FUNCTIONS = """
def double(event):
    return {**event, "doubled": 2 * event["n"]}
"""
GONE = (ConnectionError, asyncio.IncompleteReadError)


def definition(activity: str, timeout_seconds: int) -> str:
    states = {
        "Pause": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Double"},
        "Double": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:double",
            "Next": "Work",
        },
        "Work": {
            "Type": "Task",
            "Resource": activity,
            "TimeoutSeconds": timeout_seconds,
            "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 100, "BackoffRate": 1}],
            "End": True,
        },
    }
    return json.dumps({"StartAt": "Pause", "States": states})


class Clients:
    """sent: the input of each execution. started: what the first answer to its start was.

    taken: outputs of tasks, by the name of the execution, that the server has taken.
    timeout_seconds: how long a worker may take.
    """

    def __init__(self, seed: str, timeout_seconds: int = 4) -> None:
        self._timeout_seconds = timeout_seconds
        self.sent: dict[str, dict[str, Any]] = {}
        self.started: dict[str, dict[str, Any]] = {}
        self.taken: dict[str, list[dict[str, Any]]] = {}
        self.answers: Counter[str] = Counter()
        """How many of which kind came."""
        self.machine = ""
        self.activity = ""
        self._chance = random.Random(seed)
        self._count = 0
        self._held: dict[str, dict[str, Any]] = {}
        """Outputs to be sent, by their tasks' tokens."""

    async def prepare(self, port: int) -> None:
        async with await connect(port) as connection:
            made = await connection.call("CreateActivity", name="work")
            self.activity = made.body["activityArn"]
            made = await connection.call(
                "CreateStateMachine",
                name="m",
                definition=definition(self.activity, self._timeout_seconds),
                roleArn=ROLE,
            )
            self.machine = made.body["stateMachineArn"]

    async def press(self, port: int, *, starting: bool = True) -> None:
        """Start executions, and work, until the server is gone or this is cancelled."""
        for name in self.sent.keys() - self.started.keys():
            await _until_gone(self._start, port, name)
        for token in list(self._held):
            await _until_gone(self._finish, port, token)
        async with asyncio.TaskGroup() as group:
            for _ in range(STARTERS if starting else 0):
                group.create_task(_until_gone(self._start_more, port))
            for _ in range(WORKERS):
                group.create_task(_until_gone(self._work, port))

    # Starting

    async def _start_more(self, connection: Connection) -> None:
        while True:
            if self.started and self._chance.random() < REPEATED:
                await self._start(connection, self._chance.choice(list(self.started)))
            else:
                self._count += 1
                await self._start(connection, f"e-{self._count}")

    async def _start(self, connection: Connection, name: str) -> None:
        """Raises AssertionError where the answer contradicts what came before."""
        input = self.sent.setdefault(name, self._input(name))
        answer = await connection.call(
            "StartExecution", stateMachineArn=self.machine, name=name, input=json.dumps(input)
        )
        before = self.started.get(name)
        if answer.status == 200:
            self.answers["started" if before is None else "started before"] += 1
            assert before in (None, answer.body), (name, before, answer)
            self.started[name] = answer.body
            return
        assert "ExecutionAlreadyExists" in answer.body["__type"], (name, answer)
        self.answers["ended before"] += 1
        described = await self.describe(connection, name)
        assert described["status"] == "SUCCEEDED", described  # of one that runs, a repeat is answered
        self.started[name] = {"executionArn": described["executionArn"], "startDate": described["startDate"]}
        assert before in (None, self.started[name]), (name, before, described)

    def _input(self, name: str) -> dict[str, Any]:
        return {"name": name, "n": self._chance.randrange(100), "seconds": self._chance.choice([0, 0, 1, 2])}

    # Working

    async def _work(self, connection: Connection) -> None:
        while True:
            task = (await connection.call("GetActivityTask", activityArn=self.activity)).body
            if task.get("taskToken") is None:
                continue
            self._held[task["taskToken"]] = {**json.loads(task["input"]), "serial": self._chance.random()}
            await self._finish(connection, task["taskToken"])

    async def open_task(self, connection: Connection, number: int) -> str:
        """Start an execution and take its task: the token."""
        name = f"open-{number}"
        self.sent[name] = {"name": name, "n": number, "seconds": 0}
        await self._start(connection, name)
        task = await connection.call("GetActivityTask", activityArn=self.activity)
        token: str = task.body["taskToken"]
        return token

    async def _finish(self, connection: Connection, token: str) -> None:
        """Raises AssertionError where a task is refused that still waits."""
        output = self._held[token]
        answer = await connection.call("SendTaskSuccess", taskToken=token, output=json.dumps(output))
        del self._held[token]
        if answer.status == 200:
            self.taken.setdefault(output["name"], []).append(output)
            self.answers["taken"] += 1
            return
        self.answers["taken before, or too late"] += 1
        types = {event["type"] for event in await self.history(connection, output["name"])}
        assert types & {"ActivitySucceeded", "ActivityTimedOut"}, (output["name"], answer)

    # Looking

    def arn(self, name: str) -> str:
        return f"{self.machine.replace(':stateMachine:', ':execution:')}:{name}"

    async def describe(self, connection: Connection, name: str) -> dict[str, Any]:
        answer = await connection.call("DescribeExecution", executionArn=self.arn(name))
        assert answer.status == 200, (name, answer)
        return answer.body

    async def list(self, connection: Connection, **more: str) -> AsyncIterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            answer = await connection.call(
                "ListExecutions", stateMachineArn=self.machine, maxResults=1_000, **more, **token
            )
            assert answer.status == 200, answer
            for each in answer.body["executions"]:
                yield each
            if "nextToken" not in answer.body:
                return
            token = {"nextToken": answer.body["nextToken"]}

    async def history(self, connection: Connection, name: str) -> list[dict[str, Any]]:
        answer = await connection.call(
            "GetExecutionHistory", executionArn=self.arn(name), maxResults=1_000, includeExecutionData=False
        )
        assert answer.status == 200, (name, answer)
        events: list[dict[str, Any]] = answer.body["events"]
        return events


async def _until_gone(action: Callable[..., Awaitable[None]], port: int, *arguments: object) -> None:
    """Perform it on a connection of its own; the end of the server is its end too."""
    try:
        async with await connect(port) as connection:
            await action(connection, *arguments)
    except GONE:
        return
