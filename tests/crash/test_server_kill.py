"""A server is killed under load, again and again; whatever it has answered is so afterwards."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.serving import Connection, Served, connect
from tests.crash.clients import FUNCTIONS, Clients

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody is killed here")

LONGEST_SECONDS = 60
"""After so long without a kill, what is still open has been forgotten."""
MOST_OPEN = 500
"""With so many open, no more are started until some have ended."""
STORE = ("--store", "kept.db", "--durability", "full", "--tasks", "work.py")


class Campaign:
    """Servers over one file, one after the other. interrupted: how many executions each kill left open."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.clients = Clients(seed)
        self.interrupted: list[int] = []
        self._folder = folder
        self._chance = random.Random(f"{seed}/kills")
        (folder / "work.py").write_text(FUNCTIONS)

    async def run(self, kills: int) -> None:
        """Raises AssertionError where an answer was not true."""
        with self._serve() as server:
            await self.clients.prepare(server.port)
            await self._kill_under_load(server)
        while len(self.interrupted) < kills:
            with self._serve() as server:
                self.interrupted.append(await self._count_open(server))
                await self._kill_under_load(server)
        with self._serve() as server:
            working = asyncio.create_task(self.clients.press(server.port, starting=False))
            async with await connect(server.port) as connection:
                await self._come_to_an_end(connection)
                working.cancel()
                await check(self.clients, connection)

    async def _kill_under_load(self, server: Served) -> None:
        starting = not self.interrupted or self.interrupted[-1] < MOST_OPEN
        pressing = asyncio.create_task(self.clients.press(server.port, starting=starting))
        await asyncio.wait([pressing], timeout=self._chance.uniform(0.05, 1.0))
        assert server.process.poll() is None, server.kill()
        said = server.kill()
        await pressing
        assert len(said.splitlines()) <= 24, said  # which executions go on, and nothing that failed

    async def _count_open(self, server: Served) -> int:
        async with await connect(server.port) as connection:
            return len([each async for each in self.clients.list(connection, statusFilter="RUNNING")])

    def _serve(self) -> Served:
        return Served(self._folder, *STORE)

    async def _come_to_an_end(self, connection: Connection) -> None:
        until = time.monotonic() + LONGEST_SECONDS
        while open := [each async for each in self.clients.list(connection, statusFilter="RUNNING")]:
            assert time.monotonic() < until, f"{len(open)} are still open, {open[0]} among them"
            await asyncio.sleep(0.1)


async def check(clients: Clients, connection: Connection) -> None:
    """Whether the server has all that it said it has, once, and at its end."""
    listed = [each["name"] async for each in clients.list(connection)]
    assert [name for name, count in Counter(listed).items() if count > 1] == []
    assert clients.started.keys() <= set(listed) <= clients.sent.keys()
    for name in listed:
        described = await clients.describe(connection, name)
        output = json.loads(described["output"])
        assert described["status"] == "SUCCEEDED"
        assert json.loads(described["input"]) == clients.sent[name]
        assert output["doubled"] == 2 * clients.sent[name]["n"]
        if name in clients.started:
            assert described["startDate"] == clients.started[name]["startDate"]
        assert clients.taken.get(name, [output]) == [output]
        check_history(await clients.history(connection, name))


def check_history(events: list[dict[str, object]]) -> None:
    """Each state is entered and left once; only a call may have been made again."""
    types = Counter(event["type"] for event in events)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    for once in ("ExecutionStarted", "WaitStateExited", "LambdaFunctionSucceeded", "ActivitySucceeded"):
        assert types[once] == 1, types
    assert (types["WaitStateEntered"], types["TaskStateEntered"], types["TaskStateExited"]) == (1, 2, 2)
    assert events[-1]["type"] == "ExecutionSucceeded"


def fight(folder: Path, seed: str, kills: int) -> Campaign:
    """One campaign; raises AssertionError, which names the seed."""
    campaign = Campaign(folder, seed)
    try:
        asyncio.run(campaign.run(kills))
    except Exception as fault:
        raise AssertionError(f"seed {seed!r} in {folder}: {fault}") from fault
    print(f"{len(campaign.clients.sent)} executions, {kills} kills with {campaign.interrupted} of them open")
    print(dict(campaign.clients.answers))
    return campaign


def test_what_a_server_has_answered_is_so_after_it_was_killed(tmp_path: Path) -> None:
    campaign = fight(tmp_path, f"chance-{time.time_ns()}", kills=4)

    assert sum(campaign.interrupted) > 0
    assert campaign.clients.answers["taken"] > 0


def test_who_calls_before_a_server_has_gone_on_waits_and_is_answered(tmp_path: Path) -> None:
    """A worker that is told that its task does not exist would not send its answer again."""
    asyncio.run(answer_early(tmp_path, tasks=100))


async def answer_early(folder: Path, tasks: int) -> None:
    (folder / "work.py").write_text(FUNCTIONS)
    clients = Clients("early", timeout_seconds=600)
    with Served(folder, *STORE) as server:
        port = str(server.port)
        await clients.prepare(server.port)
        async with await connect(server.port) as connection:
            tokens = [await clients.open_task(connection, number) for number in range(tasks)]
    starting = asyncio.create_task(asyncio.to_thread(Served, folder, *STORE, "--port", port))
    try:
        async with await first_connection(int(port)) as connection:
            for token in tokens:
                answer = await connection.call("SendTaskSuccess", taskToken=token, output="1")
                assert (answer.status, answer.body) == (200, {})
    finally:
        (await starting).kill()


async def first_connection(port: int) -> Connection:
    until = time.monotonic() + LONGEST_SECONDS
    while True:
        try:
            return await connect(port)
        except ConnectionError:
            assert time.monotonic() < until, "the server does not listen"
            await asyncio.sleep(0.005)


@pytest.mark.soak
def test_a_hundred_servers_are_killed(tmp_path: Path) -> None:
    campaign = fight(tmp_path, f"chance-{time.time_ns()}", kills=100)

    assert sum(campaign.interrupted) > 1_000
    assert campaign.clients.answers["ended before"] > 0
