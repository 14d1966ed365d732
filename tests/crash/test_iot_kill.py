"""A process with a topic rule is killed: no message that the broker has taken is lost."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfnb.engine.records import ExecutionFilter
from sfnb.execution import Execution
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from tests.crash.iot_victim import ECHO, TOPIC
from tests.mosquitto import Mosquitto, mosquitto
from tests.sessions import until
from tests.triggers.mqtt_inbox import publish_all
from tests.victims import Victim

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody is killed here")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    with mosquitto(folder) as broker:
        yield broker


def iot_victim(broker: Mosquitto, store: Path, stop: str = "") -> Victim:
    return Victim("tests.crash.iot_victim", broker.url, str(store), stop)


class Next:
    """The session after the last kill, in this process."""

    def __init__(self, store: Path) -> None:
        self.service = StepFunctions(store=SqliteStore(store))

    def __enter__(self) -> StateMachine:
        return load_machine(self.service, ECHO, name="hot")

    def __exit__(self, *_: object) -> None:
        self.service.close()


def numbers(hot: StateMachine) -> Counter[int]:
    """How many executions each message has started."""
    lives = hot._service.latest_executions(ExecutionFilter(machine=hot.arn))
    given: list[Any] = [Execution(hot._service, live).input for live in lives]
    return Counter(each["n"] for each in given)


def messages(first: int, count: int) -> list[bytes]:
    return [b'{"n": %d}' % n for n in range(first, first + count)]


@pytest.mark.parametrize("stop", ["received", "kept"])
def test_a_message_is_started_by_the_next_process(tmp_path: Path, broker: Mosquitto, stop: str) -> None:
    store = tmp_path / "kept.db"
    with iot_victim(broker, store, stop) as victim:
        publish_all(broker.url, TOPIC, messages(0, 3))
        victim.hear("stands")

    with Next(store) as hot:
        until(lambda: set(numbers(hot)) == {0, 1, 2}, "the messages")
        assert numbers(hot)[1] == numbers(hot)[2] == 1
        # what had been kept is started, and comes once more, as the broker was not told
        until(lambda: numbers(hot)[0] == (2 if stop == "kept" else 1), "the first")


def fight(folder: Path, broker: Mosquitto, kills: int, count: int, pause: float = 0.02) -> Counter[int]:
    """Processes are killed at random while messages come; how often each was started in the end.

    pause: between 20 messages, in seconds; mosquitto keeps a thousand for who is away, and drops the others.
    """
    store, seed = folder / "kept.db", time.time_ns()
    chance = random.Random(seed)
    done = threading.Event()
    sent = 0

    def send() -> None:
        nonlocal sent
        while sent < count and not done.is_set():
            publish_all(broker.url, TOPIC, messages(sent, 20))
            sent += 20
            done.wait(pause)

    with iot_victim(broker, store):
        sending = threading.Thread(target=send)
        sending.start()
        done.wait(chance.uniform(0.1, 0.5))
    try:
        for _ in range(kills - 1):
            with iot_victim(broker, store):
                done.wait(chance.uniform(0.0, 0.5))
        sending.join(120)
    finally:
        done.set()
        sending.join()
    with Next(store) as hot:
        until(lambda: len(numbers(hot)) == sent, f"all of {sent} messages (seed {seed})")
        found = numbers(hot)
    assert set(found) == set(range(sent)), f"seed {seed}"
    return found


def test_no_message_is_lost_however_often_the_process_is_killed(tmp_path: Path, broker: Mosquitto) -> None:
    found = fight(tmp_path, broker, kills=4, count=400)

    assert sum(found.values()) - len(found) <= 4 * 20  # what had not been acknowledged comes again


@pytest.mark.soak
def test_no_message_is_lost_in_twenty_kills(tmp_path: Path, broker: Mosquitto) -> None:
    found = fight(tmp_path, broker, kills=20, count=2_000, pause=0.25)

    assert sum(found.values()) - len(found) <= 20 * 20
