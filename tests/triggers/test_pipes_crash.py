"""A process with a pipe is killed: no message is lost, and none starts two executions."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sfnb.integrations.local_aws import LocalAws
from sfnb.on.function import make_function
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from tests.triggers.pipe_queues import REGION, Queue, bodies, ended, machine, until
from tests.victims import Victim

pytest.importorskip("moto.server")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody is killed here")


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    local = LocalAws(region=REGION)
    yield local
    local.close()


def pipe_victim(store: Path, queue: Queue, stop: str, batch: int) -> Victim:
    given = [queue.client.meta.endpoint_url, str(store), queue.name, stop, str(batch)]
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    return Victim("tests.triggers.pipe_victim", *given, **keys)


class Next:
    """The process after it, which is this one."""

    def __init__(self, local: LocalAws, store: Path) -> None:
        self.service = StepFunctions(aws=local, store=SqliteStore(store))
        self.orders = machine(self.service)

    def define(self) -> None:
        """What the pipe enriches by."""

        def enrich(event: Any, context: object) -> Any:
            return event

        make_function(self.service, enrich)

    @property
    def started(self) -> Counter[str]:
        """How often each message was given to an execution."""
        return Counter(body for each in ended(self.orders, 0) for body in bodies(each))


@contextmanager
def going_on(local: LocalAws, store: Path) -> Iterator[Next]:
    following = Next(local, store)
    try:
        yield following
    finally:
        following.service.close()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "kept.db"


def test_what_was_received_and_not_begun_comes_again(local: LocalAws, store: Path) -> None:
    queue = Queue(local, VisibilityTimeout="1")
    queue.send("x")
    with pipe_victim(store, queue, "enrich", 1) as victim:
        victim.hear("stands")

    with going_on(local, store) as following:
        (adopted,) = following.service.taken_up
        assert (adopted.trigger.key, adopted.missed) == ("queue:orders-queue", "")
        triggers = following.service.triggers
        until(lambda: "(" in triggers.words(adopted.trigger))
        assert triggers.words(adopted.trigger) == f"messages of {queue.name} (it waits for enrich)"
        assert following.started == {}
        following.define()
        ended(following.orders, 1)
        until(lambda: queue.left == 0)
        assert following.started == {"x": 1}


def test_what_had_begun_and_was_not_deleted_begins_nothing_twice(local: LocalAws, store: Path) -> None:
    queue = Queue(local, VisibilityTimeout="1")
    queue.send("x")
    with pipe_victim(store, queue, "delete", 1) as victim:
        victim.hear("stands")
    assert queue.left == 1

    with going_on(local, store) as following:
        following.define()
        until(lambda: queue.left == 0)
        assert following.started == {"x": 1}


def test_a_batch_that_comes_again_in_other_parts_begins_nothing_twice(local: LocalAws, store: Path) -> None:
    queue = Queue(local, VisibilityTimeout="1")
    queue.send("a", "b", "c")
    with pipe_victim(store, queue, "delete", 3) as victim:
        victim.hear("stands")
    assert queue.left == 3

    with going_on(local, store) as following:
        following.service.triggers.pipes.update_pipe(
            {"Name": "orders-queue", "SourceParameters": {"SqsQueueParameters": {"BatchSize": 2}}}
        )
        queue.send("d")
        following.define()
        until(lambda: queue.left == 0)
        assert following.started == {"a": 1, "b": 1, "c": 1, "d": 1}


@pytest.mark.parametrize("kind", ["", "plain"])
def test_however_often_it_is_killed_each_message_begins_once(local: LocalAws, store: Path, kind: str) -> None:
    chance = random.Random(7)
    queue = Queue(local, VisibilityTimeout="2")
    sent = 0
    for _ in range(3):
        with pipe_victim(store, queue, kind, 3):
            for _ in range(chance.randrange(10, 40)):
                queue.send(str(sent))
                sent += 1

    with going_on(local, store) as following:
        following.define()
        until(lambda: len(following.started) == sent, 60)
        until(lambda: queue.left == 0)
        assert following.started == {str(n): 1 for n in range(sent)}


def test_a_pipe_goes_on_when_there_is_an_aws_again(local: LocalAws, store: Path) -> None:
    queue = Queue(local)
    with pipe_victim(store, queue, "", 1):
        pass
    queue.send("x")

    service = StepFunctions(store=SqliteStore(store))
    orders = machine(service)

    def enrich(event: Any, context: object) -> Any:
        return event

    make_function(service, enrich)
    (adopted,) = service.taken_up
    until(lambda: "no AWS is in use" in service.triggers.words(adopted.trigger))
    assert adopted.trigger.counts.dropped == {}
    service.connect(local)
    (execution,) = ended(orders, 1)
    assert bodies(execution) == ["x"]
    service.close()


def test_a_message_that_was_alone_and_comes_again_among_others_begins_nothing_twice(
    local: LocalAws, store: Path
) -> None:
    queue = Queue(local, VisibilityTimeout="1")
    queue.send("alone")
    with pipe_victim(store, queue, "delete", 3) as victim:
        victim.hear("stands")

    with going_on(local, store) as following:  # it takes nothing before `enrich` is defined
        queue.send("b", "c")
        until(lambda: queue.visible == 3)
        following.define()
        until(lambda: queue.left == 0)
        assert following.started == {"alone": 1, "b": 1, "c": 1}
