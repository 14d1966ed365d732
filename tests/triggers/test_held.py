"""Triggers of a store: who runs them, and who takes them up."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sfnb.errors import SfnbError
from sfnb.items.folder import FolderBuckets
from sfnb.items.s3 import S3Buckets
from sfnb.on.function import make_function
from sfnb.service import StepFunctions
from sfnb.stores.memory import MemoryStore
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers.kept import DELIVERY
from sfnb.triggers.ports import Refused
from sfnb.triggers.refusals import ConflictException, ResourceNotFoundException
from tests.triggers.by_hand import (
    NOON,
    SECONDS,
    by_hand,
    counts,
    letters,
    machine,
    numbers,
    put,
    rule,
    settle,
    turn,
    until,
)

ORDERS = "arn:aws:states:us-east-1:123456789012:stateMachine:orders"
HELLO = "arn:aws:lambda:us-east-1:123456789012:function:hello"


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    service = by_hand()
    yield service
    service.close()


def runs(service: StepFunctions) -> dict[str, str]:
    return {seen.trigger.key: seen.runs for seen in service.triggers.all()}


OTHER = """
import json, sys
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from tests.triggers.by_hand import machine, rule
service = StepFunctions(store=SqliteStore(sys.argv[1]))
rule(service, "placed", machine(service).arn)
print("holds", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that runs a rule named `placed`."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(tmp_path / "store.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    yield process
    process.kill()
    process.communicate()


def test_a_trigger_runs_in_one_process_only(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    service = by_hand(SqliteStore(tmp_path / "store.db"))
    orders = machine(service)

    assert service.taken_up == []
    assert runs(service) == {"event:placed": "in another process"}
    with pytest.raises(ConflictException, match=rf"'placed' is run by .*{other.pid}"):
        rule(service, "placed", orders.arn)
    with pytest.raises(ConflictException, match=str(other.pid)):
        service.triggers.remove("event:placed")
    with pytest.raises(ConflictException):
        service.triggers.enable("event:placed", False)
    service.close()


def test_a_trigger_is_taken_up_when_its_process_has_died(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    service = by_hand(SqliteStore(tmp_path / "store.db"))
    orders = machine(service)
    other.kill()
    other.wait(SECONDS)

    assert [adopted.trigger.key for adopted in service.triggers.adopt([orders.arn])] == ["event:placed"]

    put(service, {"n": 1})
    settle(service)
    assert numbers(orders) == [1]
    service.close()


def test_what_a_trigger_starts_is_waited_for(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    make_function(first, "hello")(print)
    rule(first, "placed", HELLO)
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    machine(second)
    assert runs(second) == {"event:placed": "waits for hello"}
    assert second.taken_up == []
    calls: list[Any] = []
    make_function(second, "hello")(calls.append)

    assert runs(second) == {"event:placed": "here"}
    assert [adopted.missed for adopted in second.taken_up] == [""]
    put(second, {"n": 1})
    settle(second)
    assert len(calls) == 1
    second.close()


def test_one_target_does_not_wait_for_another(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    make_function(first, "hello")(print)
    rule(first, "placed", machine(first).arn, HELLO)
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    orders = machine(second)
    put(second, {"n": 1})
    settle(second)
    assert numbers(orders) == [1]
    assert letters(second) == []
    calls: list[Any] = []
    make_function(second, "hello")(calls.append)
    turn(second, minutes=1)

    assert len(calls) == 1
    assert letters(second) == []
    second.close()


def test_a_function_that_was_never_here_is_a_dead_letter(service: StepFunctions) -> None:
    rule(service, "placed", HELLO)

    put(service, {"n": 1})
    settle(service)

    assert [each.code for each in letters(service)] == ["NO_AWS"]


def test_what_a_trigger_has_counted_outlives_the_process(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    rule(first, "placed", machine(first).arn)
    put(first, *({"n": n} for n in range(7)))
    settle(first)
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    seen = counts(second, "event:placed")

    assert (seen.matched, seen.started, seen.last) == (7, 7, NOON)
    second.close()


def test_a_trigger_that_is_removed_is_gone_for_good(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    orders = machine(first)
    rule(first, "placed", orders.arn)
    orders.on.schedule("rate(1 minute)", name="often")
    first.triggers.remove("event:placed")
    first.triggers.remove("schedule:often")
    with pytest.raises(ResourceNotFoundException, match="there is no trigger 'event:placed'"):
        first.triggers.remove("event:placed")
    turn(first, minutes=5)
    settle(first)
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    orders = machine(second)
    turn(second, minutes=5)
    assert runs(second) == {}
    second.close()


def test_what_a_removed_trigger_had_received_is_still_passed_on(tmp_path: Path) -> None:
    def busy(delivery: Any) -> str | None:
        raise Refused("Throttling", "later", again=True)

    first = by_hand(SqliteStore(tmp_path / "store.db"))
    rule(first, "placed", machine(first).arn)
    first.triggers.deliverer._send = busy
    put(first, {"n": 1})
    settle(first)
    first.triggers.remove("event:placed")
    assert len(first.store.resources(DELIVERY)) == 1
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    orders = machine(second)
    settle(second)

    assert numbers(orders) == [1]
    second.close()


def test_a_trigger_that_cannot_run_hinders_no_machine(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    first.buckets = FolderBuckets(tmp_path / "buckets")
    machine(first).on.file("*.csv", bucket="shop")
    rule(first, "placed", ORDERS)
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    second.buckets = S3Buckets(connect=lambda: None)
    orders = machine(second)

    assert [adopted.trigger.key for adopted in second.taken_up] == ["event:placed"]
    assert runs(second)["file:orders-file"].startswith("cannot run: buckets are S3's own now")
    put(second, {"n": 1})
    settle(second)
    assert numbers(orders) == [1]
    second.close()


def test_a_trigger_that_is_refused_is_not_kept(service: StepFunctions) -> None:
    orders = machine(service)

    with pytest.raises(SfnbError):
        orders.on.event({"source": "shop"})

    assert runs(service) == {}


def test_a_thousand_rules_are_made_and_asked(service: StepFunctions) -> None:
    orders = machine(service)
    for number in range(1000):
        rule(service, f"r{number}", orders.arn, pattern={"detail": {"n": [number]}})

    put(service, {"n": 7}, {"n": 999})
    settle(service)

    assert numbers(orders) == [7, 999]


@pytest.mark.parametrize("count", [2000])
def test_a_rule_takes_no_longer_the_more_there_are(count: int) -> None:
    class Reads(MemoryStore):
        scans = 0

        def resources(self, kind: str) -> Any:
            Reads.scans += 1
            return super().resources(kind)

    service = by_hand(Reads())
    for number in range(count):
        rule(service, f"r{number}", pattern={"detail": {"n": [number]}})

    assert Reads.scans < 100
    service.close()


# What executions tell of their ends


def after(service: StepFunctions, name: str, of: str, *starts: str, status: str = "SUCCEEDED") -> None:
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [of], "status": [status]},
    }
    rule(service, name, *starts, pattern=pattern)


def test_the_end_of_an_execution_starts_another_machine(service: StepFunctions) -> None:
    orders, bills = machine(service), machine(service, "bills")
    bills.on.status(orders)

    ended = orders.run({"n": 1})
    until(lambda: bills.executions)

    given = bills.executions[0].input
    assert given["detail"]["executionArn"] == ended.arn
    assert json.loads(given["detail"]["input"]) == {"n": 1}
    assert given["resources"] == [ended.arn]


def test_an_express_execution_tells_of_nothing(service: StepFunctions) -> None:
    quick, bills = machine(service, "quick", type="EXPRESS"), machine(service, "bills")
    after(service, "after", quick.arn, bills.arn)

    quick.run({})
    quick.run({})

    orders = machine(service)
    after(service, "other", orders.arn, bills.arn)
    orders.run({})  # what it tells comes after what the others would have told
    until(lambda: bills.executions)
    settle(service)
    assert len(bills.executions) == 1


def test_a_machine_that_starts_itself_is_stopped_and_it_shows(
    service: StepFunctions, caplog: pytest.LogCaptureFixture
) -> None:
    orders = machine(service)
    after(service, "round", orders.arn, orders.arn)

    orders.run({})
    until(lambda: letters(service))

    (letter,) = letters(service)
    assert letter.code == "LOOP"
    assert "100 in a row" in letter.message
    assert len(orders.executions) == 101
    assert "start each other" in caplog.text


def test_machines_that_start_each_other_are_stopped(service: StepFunctions) -> None:
    one, two = machine(service, "one"), machine(service, "two")
    after(service, "to-two", one.arn, two.arn)
    after(service, "to-one", two.arn, one.arn)

    one.run({})
    until(lambda: letters(service))

    assert len(one.executions) + len(two.executions) == 101


def test_a_slow_round_goes_on(service: StepFunctions) -> None:
    orders = machine(service)
    after(service, "round", orders.arn, orders.arn)
    triggers = service.triggers
    send = triggers.deliverer._send

    def slowly(delivery: Any) -> str | None:
        service.world.clock.jump(service.world.clock.now() + timedelta(seconds=2))
        return send(delivery)

    triggers.deliverer._send = slowly
    orders.run({})
    until(lambda: counts(service, "event:round").started >= 120)

    service.triggers.enable("event:round", False)
    assert letters(service) == []


# One does not hold up the others


def test_kinds_find_each_other_while_triggers_are_changed(service: StepFunctions) -> None:
    """A watcher of files asks for the rules of its buses, and whoever changes a trigger waits for it."""
    service.triggers.kind("event")
    found: list[object] = []
    asks = threading.Thread(target=lambda: found.append(service.triggers.buses.rules))

    with service.triggers.changing:
        asks.start()
        asks.join(SECONDS)

    assert len(found) == 1


def test_runs_of_one_function_do_not_wait_for_those_of_another(service: StepFunctions) -> None:
    entered, end = threading.Event(), threading.Event()
    calls: list[Any] = []

    def slow(event: Any) -> None:
        entered.set()
        end.wait(3 * SECONDS)

    make_function(service, "slow")(slow).on.schedule("rate(1 minute)", overlap="skip", name="first")
    make_function(service, "quick")(calls.append).on.schedule("rate(1 minute)", overlap="skip", name="second")

    timer = service.triggers.timetable.due(NOON + timedelta(minutes=2))
    assert timer is not None
    service.world.clock.jump(NOON + timedelta(minutes=2))
    timer.action()
    try:
        assert entered.wait(SECONDS)
        until(lambda: calls)
    finally:
        end.set()


def test_one_that_cannot_begin_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    (tmp_path / "buckets").mkdir()
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    first.buckets = FolderBuckets(tmp_path / "buckets")
    orders = machine(first)
    orders.on.file(bucket="inbox")
    rule(first, "placed", orders.arn)
    first.close()
    (tmp_path / "buckets" / "inbox").rmdir()
    (tmp_path / "buckets").rmdir()
    (tmp_path / "buckets").write_text("a file of the user's")

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    second.buckets = FolderBuckets(tmp_path / "buckets")
    machine(second)

    told = runs(second)
    assert told["event:placed"] == "here"
    assert told["file:orders-file"].startswith("cannot run: there can be no folder for the bucket inbox")
    second.close()


def test_one_that_is_damaged_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    orders = machine(first)
    orders.on.schedule("rate(1 minute)", name="tick")
    rule(first, "placed", orders.arn)
    tick = first.triggers.get("schedule:default/tick") or first.triggers.of_kind("schedule")[0]
    tick.settings = {}
    first.triggers.save(tick)
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    machine(second)

    told = runs(second)
    assert told["event:placed"] == "here"
    assert told[tick.key].startswith("cannot run: ")
    second.close()


# The end


def test_nothing_begins_once_all_is_closed(service: StepFunctions) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)
    known = service.triggers.get("event:placed")
    assert known is not None
    service.triggers.close()

    with pytest.raises(Refused, match="closed"):
        service.triggers.put(known)
    assert service.triggers.adopt() == []
    assert service.triggers.held == {}


def test_what_another_process_ran_is_taken_up_when_somebody_looks(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    service = by_hand(SqliteStore(tmp_path / "store.db"))
    orders = machine(service)
    service.take_up_left()
    assert runs(service) == {"event:placed": "in another process"}
    other.kill()
    other.wait(SECONDS)

    service.take_up_left()

    assert [adopted.trigger.key for adopted in service.taken_up] == ["event:placed"]
    put(service, {"n": 1})
    settle(service)
    assert numbers(orders) == [1]
    service.take_up_left()
    assert len(service.taken_up) == 1
    service.close()
