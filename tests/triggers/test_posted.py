"""Events for rules that another process runs, or none: a bus belongs to the store."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sfnb.on.function import make_function
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers import posted
from tests.triggers.by_hand import (
    NOON,
    SECONDS,
    by_hand,
    counts,
    inputs,
    letters,
    machine,
    numbers,
    put,
    rule,
    settle,
    until,
)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Any]:
    """Makes services that share a store, as processes do."""
    made: list[StepFunctions] = []

    def make(**options: Any) -> StepFunctions:
        made.append(by_hand(SqliteStore(tmp_path / "store.db"), **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def left(services: Any, *names: str) -> None:
    """Rules that a process has left which has ended."""
    first = services()
    orders = machine(first)
    for name in names:
        rule(first, name, orders.arn)
    first.close()


def test_events_wait_until_what_their_rule_starts_is_there_again(services: Any) -> None:
    left(services, "placed")

    second = services()
    put(second, {"n": 1}, {"n": 2})
    put(second, {"n": 3}, Source="another")
    orders = machine(second)
    settle(second)

    assert numbers(orders) == [1, 2]
    (adopted,) = second.taken_up
    assert adopted.missed == "2 events came meanwhile: passed on now"
    assert (counts(second, "event:placed").matched, counts(second, "event:placed").started) == (2, 2)


def test_events_wait_from_process_to_process(services: Any) -> None:
    left(services, "placed")
    for n in range(3):
        passing = services()
        put(passing, {"n": n})
        passing.close()

    last = services()
    orders = machine(last)
    settle(last)

    assert numbers(orders) == [0, 1, 2]


def test_a_rule_that_another_process_runs_gets_what_is_put_here(services: Any) -> None:
    first, second = services(), services()
    orders = machine(first)
    rule(first, "placed", orders.arn)

    put(second, {"n": 1}, {"n": 2})
    until(lambda: counts(first, "event:placed").started == 2)

    assert numbers(orders) == [1, 2]
    assert first.triggers.posted.waiting("event:placed") == []


def test_a_bus_that_another_process_makes_is_known_here(services: Any) -> None:
    first, second = services(), services()
    assert second.triggers.buses.list_event_buses({})["EventBuses"][0]["Name"] == "default"
    orders = machine(first)
    first.triggers.buses.create_event_bus({"Name": "shop"})
    rule(first, "placed", orders.arn, bus="shop")

    put(second, {"n": 1}, EventBusName="shop")
    until(lambda: counts(first, "event:shop/placed").started == 1)

    assert numbers(orders) == [1]


def test_what_becomes_of_an_execution_here_starts_another_there(services: Any) -> None:
    first, second = services(), services()
    before = "arn:aws:states:us-east-1:123456789012:stateMachine:before"
    after = machine(first, "after")
    ended = {"status": ["SUCCEEDED"], "stateMachineArn": [before]}
    rule(first, "ended", after.arn, pattern={"source": ["aws.states"], "detail": ended})

    execution = machine(second, "before").run({})
    until(lambda: after.executions)

    (given,) = inputs(after)
    assert given["detail"]["executionArn"] == execution.arn


def test_all_targets_of_a_rule_count_as_one_match(services: Any) -> None:
    first = services()
    calls: list[Any] = []
    make_function(first, "hello")(calls.append)
    hello = "arn:aws:lambda:us-east-1:123456789012:function:hello"
    rule(first, "placed", machine(first).arn, hello)
    first.close()

    second = services()
    put(second, {"n": 1})
    machine(second)
    make_function(second, "hello")(calls.append)
    settle(second)

    assert counts(second, "event:placed").matched == 1


def test_what_has_waited_too_long_is_a_dead_letter(services: Any) -> None:
    left(services, "placed")
    second = services()
    put(second, {"n": 1})
    second.close()

    later = services(now=NOON + timedelta(days=1, seconds=1))
    orders = machine(later)
    until(lambda: letters(later))

    (letter,) = letters(later)
    assert (letter.code, letter.condition) == ("WAITED", "MaximumEventAgeInSeconds")
    assert orders.executions == []


def test_a_rule_that_is_off_gets_nothing_to_wait_for(services: Any) -> None:
    left(services, "placed")
    second = services()
    machine(second)
    second.triggers.enable("event:placed", False)
    second.close()

    third = services()
    put(third, {"n": 1})
    third.triggers.enable("event:placed", True)
    orders = machine(third)
    settle(third)

    assert orders.executions == []


def test_what_waits_for_a_rule_goes_with_it(services: Any) -> None:
    left(services, "placed", "kept")
    second = services()
    put(second, {"n": 1})
    second.triggers.remove("event:placed")

    assert second.triggers.posted.waiting("event:placed") == []
    assert len(second.triggers.posted.waiting("event:kept")) == 1


def test_no_more_wait_than_fit(
    services: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(posted, "MOST_POSTED", 2)
    left(services, "placed")
    second = services()
    with caplog.at_level(logging.WARNING):
        put(second, {"n": 1}, {"n": 2}, {"n": 3})

    assert len(second.triggers.posted.waiting("event:placed")) == 2
    assert "2 events wait for rules that run nowhere" in caplog.text


KILLED = """
import os, sys
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from tests.triggers.by_hand import put
service = StepFunctions(store=SqliteStore(sys.argv[1]))
put(service, {"n": 1})
os.kill(os.getpid(), 9)
"""


def test_what_was_put_survives_the_process_that_put_it(tmp_path: Path, services: Any) -> None:
    left(services, "placed")
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "store.db"], check=False, timeout=60)
    assert killed.returncode == -9

    # it was received by the clock of that process, which does not stand at noon
    service = StepFunctions(store=SqliteStore(tmp_path / "store.db"))
    orders = machine(service)
    assert service.triggers.deliverer.wait(SECONDS)
    assert numbers(orders) == [1]
    service.close()
