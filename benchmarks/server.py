"""Work for a server in a process of its own: how many starts it takes, how fast, what many open ones cost.

`python -m benchmarks.server PORT MACHINE SECONDS` is one client with boto3: it says when it is ready, waits
for a line, and prints how many executions it has started.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import machines
from benchmarks.figures import Found, Work, check
from benchmarks.footprint import resident_mb
from benchmarks.ground import Ground, open_store
from benchmarks.serving import ROLE, Connection, Served, connect, request
from sfnb.service import StepFunctions
from sfnb.service.records import Settings
from sfnb.values import Payload

CONNECTIONS = 16
CLIENTS = 3
"""Processes with boto3, which spends more on a call than the server does."""
SECONDS = 2.0
STEADY_RATE = 200
"""Starts a second, while it is measured how long one takes."""
OPEN = 10_000
INPUT = json.dumps({"id": 7})
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86_400, "End": True}}}


def starts(ground: Ground) -> Work:
    """As many as clients can make that keep their connections; then how long one takes at a steady rate."""

    async def press(port: int) -> Found:
        async with await connect(port) as connection:
            arn = await create(connection)
        fast = await start(port, arn, rate=None)
        steady = sorted(await start(port, arn, rate=STEADY_RATE))
        return {
            "rate": len(fast) / SECONDS,
            "p50": statistics.median(steady) * 1_000,
            "p99": steady[len(steady) * 99 // 100] * 1_000,
        }

    def work() -> Found:
        with served(ground) as server:
            return asyncio.run(press(server.port))

    return work


def starts_by_boto3(ground: Ground) -> Work:
    async def prepare(port: int) -> str:
        async with await connect(port) as connection:
            return await create(connection)

    def work() -> Found:
        with served(ground) as server:
            arn = asyncio.run(prepare(server.port))
            command = [sys.executable, "-m", "benchmarks.server", str(server.port), arn, str(SECONDS)]
            clients = [
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                for _ in range(CLIENTS)
            ]
            return {"rate": sum(let_go(clients)) / SECONDS}

    return work


def let_go(clients: list[subprocess.Popen[str]]) -> list[int]:
    """All at once, when all are ready: what each has counted."""
    for client in clients:
        assert client.stdout is not None
        check(client.stdout.readline(), "ready\n")
    for client in clients:
        assert client.stdin is not None
        client.stdin.write("go\n")
        client.stdin.flush()
    return [int(client.communicate()[0]) for client in clients]


def many_open(ground: Ground) -> Work:
    """A server that finds executions in its file which another process has left open."""
    file = ground.folder / "open.db"
    arn = leave_open(file)

    async def counted(port: int) -> int:
        async with await connect(port) as connection:
            found = await connection.call("ListExecutions", stateMachineArn=arn, statusFilter="RUNNING")
            return len(found.body["executions"])

    def work() -> Found:
        with Served(ground.folder, "--store", file.name) as server:
            check(asyncio.run(counted(server.port)), 100)  # a page of them
            return {"ready": server.ready_seconds, "resident": resident_mb("VmRSS", server.process.pid)}

    return work


def leave_open(file: Path) -> str:
    """The ARN of the machine whose executions are left open."""
    service = StepFunctions(store=open_store("normal", file))
    machine = service.create_state_machine(
        name="waits", definition=json.dumps(WAIT), settings=Settings(role_arn=ROLE)
    ).record
    for number in range(OPEN):
        service.start_execution(machine, Payload({"id": number}))
    service.close()
    service.store.close()
    return machine.arn


def served(ground: Ground) -> Served:
    """On the store that is measured; its file is a new one."""
    if ground.store == "memory":
        return Served(ground.folder)
    file = f"served-{len(list(ground.folder.iterdir()))}.db"
    return Served(ground.folder, "--store", file, "--durability", ground.store)


async def create(connection: Connection) -> str:
    """A machine: its ARN."""
    answer = await connection.call(
        "CreateStateMachine", name="short", definition=json.dumps(machines.short()), roleArn=ROLE
    )
    arn: str = answer.body["stateMachineArn"]
    return arn


async def start(port: int, arn: str, rate: float | None) -> list[float]:
    """Start executions for a while, `rate` a second or as many as can be: how many seconds each took.

    At a rate, they count from when a start was due: what one waits for another is part of it.
    """
    ready = request("StartExecution", {"stateMachineArn": arn, "input": INPUT})
    taken: list[float] = []
    began = time.perf_counter()

    async def client(number: int) -> None:
        async with await connect(port) as connection:
            due = number / rate if rate else 0.0
            while (elapsed := time.perf_counter() - began) < SECONDS:
                if due > elapsed:
                    await asyncio.sleep(due - elapsed)
                sent = began + due if rate else time.perf_counter()
                status, _ = await connection.send(ready)
                check(status, 200)
                taken.append(time.perf_counter() - sent)
                due += CONNECTIONS / rate if rate else 0.0

    async with asyncio.TaskGroup() as group:
        for number in range(CONNECTIONS):
            group.create_task(client(number))
    return taken


def main(port: str, arn: str, seconds: str) -> None:
    import boto3

    client = boto3.client(
        "stepfunctions",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.start_execution(stateMachineArn=arn, input=INPUT)
    print("ready", flush=True)
    input()
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < float(seconds):
        client.start_execution(stateMachineArn=arn, input=INPUT)
        count += 1
    print(count)


if __name__ == "__main__":
    main(*sys.argv[1:])
