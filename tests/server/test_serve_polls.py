"""Workers of activities, who wait for their tasks at a server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from sfnb.machine import load_machine
from sfnb.server.serve import Server
from sfnb.server.settings import Settings
from sfnb.service import StepFunctions
from tests.server.sockets import ROLE, WORK, boto, post
from tests.sessions import until

WORKS = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": WORK, "End": True}}}


@pytest.fixture
def server(service: StepFunctions) -> Iterator[Server]:
    service.create_activity("work")
    with Server(service, Settings(port=0)) as server:
        yield server


def polls(server: Server, count: int = 1) -> tuple[list[threading.Thread], list[Any]]:
    """Workers that wait, and what each comes to: its task, or the code of an error."""
    sfn = boto(server, max_pool_connections=count)
    came: list[Any] = []

    def poll() -> None:
        try:
            came.append(sfn.get_activity_task(activityArn=WORK))
        except ClientError as fault:
            came.append(fault.response["Error"]["Code"])

    workers = [threading.Thread(target=poll, daemon=True) for _ in range(count)]
    for worker in workers:
        worker.start()
    until(lambda: waiting(server) == count, "the polls")
    return workers, came


def waiting(server: Server) -> int:
    number: int = httpx.get(f"{server.url}/health", trust_env=False).json()["requests"]
    return number


def test_a_poll_is_answered_when_there_is_a_task(server: Server) -> None:
    (worker,), came = polls(server)

    load_machine(server.service, WORKS, name="m").start({"n": 1})
    worker.join(60)

    assert came[0]["input"] == '{"n":1}'


def test_polls_keep_no_other_request_waiting(server: Server) -> None:
    polls(server, 100)

    assert post(server).status_code == 200
    assert waiting(server) == 100


def test_a_worker_that_has_gone_is_given_no_task(server: Server) -> None:
    """Its task would be nobody's until it times out."""
    sfn = boto(server, read_timeout=0.2)
    definition = json.dumps(WORKS)
    machine = sfn.create_state_machine(name="m", definition=definition, roleArn=ROLE)["stateMachineArn"]
    with pytest.raises(ReadTimeoutError):
        sfn.get_activity_task(activityArn=WORK)
    until(lambda: not waiting(server), "the end of the poll")

    sfn.start_execution(stateMachineArn=machine, input='{"n": 1}')

    assert boto(server).get_activity_task(activityArn=WORK)["input"] == '{"n": 1}'


def test_a_server_that_is_stopped_answers_those_that_wait_and_takes_no_task_for_them(server: Server) -> None:
    workers, came = polls(server, 3)

    server.stop()
    for worker in workers:
        worker.join(60)
    load_machine(server.service, WORKS, name="m").start({"n": 1})

    assert came == ["ServiceUnavailable"] * 3
    assert server.service.get_activity_task(WORK, wait_seconds=10) is not None
