"""What the API has answered to a single call is so after the server was killed."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.serving import ROLE, Connection, Served, connect

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody is killed here")

LONGEST_SECONDS = 60
STORE = ("--store", "kept.db", "--durability", "full")
FAILS = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}

Deed = Callable[[Connection, dict[str, Any]], Awaitable[None]]


def told_before_and_after_a_kill(folder: Path, before: Deed, after: Deed) -> None:
    """Both are given one dictionary, in which the first leaves what the second is to know."""

    async def tell() -> None:
        known: dict[str, Any] = {}
        for deed in (before, after):
            with Served(folder, *STORE) as server:
                async with await connect(server.port) as connection:
                    await deed(connection, known)

    asyncio.run(tell())


async def ask(connection: Connection, operation: str, **parameters: object) -> dict[str, Any]:
    answer = await connection.call(operation, **parameters)
    assert answer.status == 200, answer.body
    return answer.body


async def make(connection: Connection, tree: dict[str, Any]) -> str:
    made = await ask(connection, "CreateStateMachine", name="m", definition=json.dumps(tree), roleArn=ROLE)
    return str(made["stateMachineArn"])


async def start(connection: Connection, tree: dict[str, Any], input: object = None) -> str:
    machine = await make(connection, tree)
    begun = await ask(connection, "StartExecution", stateMachineArn=machine, input=json.dumps(input))
    return str(begun["executionArn"])


async def end(connection: Connection, execution: str) -> dict[str, Any]:
    until = time.monotonic() + LONGEST_SECONDS
    while (told := await ask(connection, "DescribeExecution", executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < until, "it does not end"
        await asyncio.sleep(0.02)
    return told


async def working(connection: Connection) -> tuple[str, dict[str, Any]]:
    """An activity, and a state that has it work."""
    activity = str((await ask(connection, "CreateActivity", name="work"))["activityArn"])
    return activity, {"Type": "Task", "Resource": activity, "End": True}


async def task(connection: Connection, activity: str) -> str:
    """The token of the next one."""
    return str((await ask(connection, "GetActivityTask", activityArn=activity))["taskToken"])


def test_a_map_run_that_was_updated_goes_on_as_it_was_updated(tmp_path: Path) -> None:
    async def update(connection: Connection, known: dict[str, Any]) -> None:
        known["activity"], work = await working(connection)
        known["execution"] = await start(
            connection,
            {
                "StartAt": "M",
                "States": {
                    "M": {
                        "Type": "Map",
                        "MaxConcurrency": 1,
                        "ItemProcessor": {
                            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                            "StartAt": "W",
                            "States": {"W": work},
                        },
                        "End": True,
                    }
                },
            },
            [1, 2],
        )
        known["token"] = await task(connection, known["activity"])
        listed = await ask(connection, "ListMapRuns", executionArn=known["execution"])
        known["map_run"] = listed["mapRuns"][0]["mapRunArn"]
        changes = {"toleratedFailureCount": 1, "toleratedFailurePercentage": 75}
        await ask(connection, "UpdateMapRun", mapRunArn=known["map_run"], **changes)

    async def go_on(connection: Connection, known: dict[str, Any]) -> None:
        running = await ask(connection, "DescribeMapRun", mapRunArn=known["map_run"])
        await ask(connection, "SendTaskFailure", taskToken=known["token"])
        token = await task(connection, known["activity"])
        await ask(connection, "SendTaskSuccess", taskToken=token, output="2")
        ended = await end(connection, known["execution"])
        told = await ask(connection, "DescribeMapRun", mapRunArn=known["map_run"])

        assert ended["status"] == "SUCCEEDED"
        for each, status in ((running, "RUNNING"), (told, "SUCCEEDED")):
            assert each["status"] == status
            assert (each["toleratedFailureCount"], each["toleratedFailurePercentage"]) == (1, 75)
            assert each["maxConcurrency"] == 1

    told_before_and_after_a_kill(tmp_path, update, go_on)


def test_a_redrive_is_not_repeated_for_its_token(tmp_path: Path) -> None:
    async def redrive(connection: Connection, known: dict[str, Any]) -> None:
        known["execution"] = await start(connection, FAILS)
        for token in ("once", "twice"):
            await end(connection, known["execution"])
            known[token] = await ask(
                connection, "RedriveExecution", executionArn=known["execution"], clientToken=token
            )
        await end(connection, known["execution"])

    async def repeat(connection: Connection, known: dict[str, Any]) -> None:
        for token in ("once", "twice"):
            again = await ask(
                connection, "RedriveExecution", executionArn=known["execution"], clientToken=token
            )
            assert again == known[token]
        told = await ask(connection, "DescribeExecution", executionArn=known["execution"])
        assert told["redriveCount"] == 2

    told_before_and_after_a_kill(tmp_path, redrive, repeat)


def test_a_token_that_was_answered_is_known_as_such(tmp_path: Path) -> None:
    async def answer(connection: Connection, known: dict[str, Any]) -> None:
        activity, work = await working(connection)
        known["execution"] = await start(connection, {"StartAt": "W", "States": {"W": work}})
        known["token"] = await task(connection, activity)
        await ask(connection, "SendTaskSuccess", taskToken=known["token"], output="1")

    async def answer_again(connection: Connection, known: dict[str, Any]) -> None:
        await end(connection, known["execution"])
        late = await connection.call("SendTaskSuccess", taskToken=known["token"], output="2")
        beyond = await connection.call("SendTaskHeartbeat", taskToken=f"{known['token'][:-1]}x")
        never = await connection.call("SendTaskHeartbeat", taskToken="00000000-0000-4000-8000-000000000000")

        assert late.status == 400
        assert late.body["__type"].endswith("TaskTimedOut")
        assert late.body["message"] == "Task Timed Out: 'Provided task does not exist anymore'"
        assert beyond.body["__type"].endswith("InvalidToken")
        assert never.body["__type"].endswith("TaskDoesNotExist")

    told_before_and_after_a_kill(tmp_path, answer, answer_again)
