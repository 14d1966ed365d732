"""Archives of events, and their replay."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers import archives
from sfnb.triggers.archives import ARCHIVED
from sfnb.triggers.buses import Buses
from sfnb.triggers.refusals import (
    IllegalStatusException,
    InvalidEventPatternException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    ValidationException,
)
from tests.triggers.by_hand import (
    NOON,
    by_hand,
    inputs,
    letters,
    machine,
    numbers,
    put,
    rule,
    settle,
    turn,
    until,
)

BUS = "arn:aws:events:us-east-1:123456789012:event-bus/default"
ARCHIVE = "arn:aws:events:us-east-1:123456789012:archive/all"
PLACED = '{"source":["shop"]}'
RULE_ARN = "arn:aws:events:us-east-1:123456789012:rule/"


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    service = by_hand()
    yield service
    service.close()


@pytest.fixture
def buses(service: StepFunctions) -> Buses:
    return service.triggers.buses


def archive(buses: Buses, name: str = "all", **more: Any) -> None:
    buses.create_archive({"ArchiveName": name, "EventSourceArn": BUS, **more})


def replay(buses: Buses, name: str = "again", **more: Any) -> dict[str, Any]:
    destination = {"Arn": BUS, **more.pop("Destination", {})}
    return buses.start_replay(
        {
            "ReplayName": name,
            "EventSourceArn": ARCHIVE,
            "EventStartTime": NOON - timedelta(days=1),
            "EventEndTime": NOON + timedelta(days=999),
            "Destination": destination,
            **more,
        }
    )


def ended(buses: Buses, name: str = "again") -> dict[str, Any]:
    under_way = ("STARTING", "RUNNING", "CANCELLING")
    until(lambda: buses.describe_replay({"ReplayName": name})["State"] not in under_way)
    settle(buses._here.world._service)  # type: ignore[attr-defined]
    return buses.describe_replay({"ReplayName": name})


def test_an_archive_keeps_the_events_that_it_is_there_for(service: StepFunctions, buses: Buses) -> None:
    archive(buses, EventPattern='{"detail":{"n":[{"numeric":["<",2]}]}}', RetentionDays=3, Description="x")

    put(service, *({"n": n} for n in range(5)))

    told = buses.describe_archive({"ArchiveName": "all"})
    size = told.pop("SizeBytes")
    assert size > 200
    assert told == {
        "ArchiveArn": ARCHIVE,
        "ArchiveName": "all",
        "EventSourceArn": BUS,
        "Description": "x",
        "EventPattern": '{"detail":{"n":[{"numeric":["<",2]}]}}',
        "State": "ENABLED",
        "RetentionDays": 3,
        "EventCount": 2,
        "CreationTime": NOON,
    }
    (listed,) = buses.list_archives({})["Archives"]
    assert listed["EventCount"] == 2
    assert "ArchiveArn" not in listed


def test_what_is_too_old_is_kept_no_more(service: StepFunctions, buses: Buses) -> None:
    archive(buses, RetentionDays=2)
    put(service, {"n": 1})
    turn(service, days=1.5)
    put(service, {"n": 2})
    turn(service, days=1)

    assert buses.describe_archive({"ArchiveName": "all"})["EventCount"] == 1
    assert len(service.store.resources(ARCHIVED)) == 1


def test_an_archive_is_changed(service: StepFunctions, buses: Buses) -> None:
    archive(buses, Description="x", RetentionDays=5)

    buses.update_archive({"ArchiveName": "all", "EventPattern": '{"source":["else"]}'})
    put(service, {"n": 1})

    told = buses.describe_archive({"ArchiveName": "all"})
    assert (told["Description"], told["RetentionDays"], told["EventCount"]) == ("x", 5, 0)
    with pytest.raises(InvalidEventPatternException):
        buses.update_archive({"ArchiveName": "all", "EventPattern": "{"})


def test_what_cannot_be_archived_is_refused(buses: Buses) -> None:
    with pytest.raises(ResourceNotFoundException):
        archive(buses, EventSourceArn=f"{BUS}-not")
    archive(buses)
    with pytest.raises(ResourceAlreadyExistsException):
        archive(buses)
    for method in (buses.describe_archive, buses.delete_archive, buses.update_archive):
        with pytest.raises(ResourceNotFoundException, match="Archive none does not exist"):
            method({"ArchiveName": "none"})


def test_an_archive_that_is_deleted_leaves_nothing(service: StepFunctions, buses: Buses) -> None:
    archive(buses)
    put(service, {"n": 1}, {"n": 2})

    buses.delete_archive({"ArchiveName": "all"})

    assert not service.store.resources(ARCHIVED)
    put(service, {"n": 3})
    archive(buses)
    assert buses.describe_archive({"ArchiveName": "all"})["EventCount"] == 0


def test_an_archive_keeps_changes_of_status_though_there_is_no_rule(
    service: StepFunctions, buses: Buses
) -> None:
    archive(buses)
    orders = machine(service)

    orders.run({})

    until(lambda: buses.describe_archive({"ArchiveName": "all"})["EventCount"] == 2)


def test_a_replay_starts_everything_again_marked_with_its_name(service: StepFunctions, buses: Buses) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)
    archive(buses, EventPattern=PLACED)
    ids = put(service, *({"n": n} for n in range(150)))
    settle(service)

    answer = replay(buses)
    told = ended(buses)

    assert (answer["State"], told["State"]) == ("STARTING", "COMPLETED")
    assert told["EventLastReplayedTime"] == told["ReplayEndTime"] == NOON
    again = [each for each in inputs(orders) if "replay-name" in each]
    assert {each["replay-name"] for each in again} == {"again"}
    assert sorted(each["id"] for each in again) == sorted(ids)
    assert len(orders.executions) == 300
    assert buses.describe_archive({"ArchiveName": "all"})["EventCount"] == 150
    replay(buses, "once more")
    ended(buses, "once more")
    assert len(orders.executions) == 450


def test_only_events_of_its_time_are_replayed(service: StepFunctions, buses: Buses) -> None:
    orders = machine(service)
    archive(buses)
    for n in range(6):
        put(service, {"n": n})
        turn(service, hours=1)
    rule(service, "placed", orders.arn)

    replay(buses, EventStartTime=NOON + timedelta(hours=1), EventEndTime=NOON + timedelta(hours=4))
    ended(buses)

    assert numbers(orders) == [1, 2, 3]


def test_a_replay_goes_by_the_time_of_the_events_not_by_when_they_came(
    service: StepFunctions, buses: Buses
) -> None:
    orders = machine(service)
    archive(buses)
    may = datetime(2020, 5, 5, 8, tzinfo=UTC)
    put(service, {"n": 1}, Time=may + timedelta(minutes=1))
    put(service, {"n": 2}, Time=may)
    put(service, {"n": 3}, Time=datetime(1, 1, 1, tzinfo=UTC))
    put(service, {"n": 4})
    rule(service, "placed", orders.arn)

    replay(buses, EventStartTime=may + timedelta(milliseconds=5), EventEndTime=may + timedelta(days=1))
    told = ended(buses)

    assert numbers(orders) == [1, 2]
    assert told["EventLastReplayedTime"] == may + timedelta(minutes=1)


def test_archives_are_listed_by_their_state(buses: Buses) -> None:
    archive(buses)

    assert len(buses.list_archives({"State": "ENABLED"})["Archives"]) == 1
    assert buses.list_archives({"State": "DISABLED"})["Archives"] == []


def test_a_replay_may_be_for_some_rules_only(service: StepFunctions, buses: Buses) -> None:
    orders, other = machine(service), machine(service, "other")
    archive(buses)
    put(service, {"n": 1})
    rule(service, "placed", orders.arn)
    rule(service, "else", other.arn)

    replay(buses, Destination={"FilterArns": [f"{RULE_ARN}else"]})
    ended(buses)

    assert (len(orders.executions), len(other.executions)) == (0, 1)


def test_a_replay_passed_on_to_another_bus_is_not_taken_for_the_first(
    service: StepFunctions, buses: Buses
) -> None:
    orders = machine(service)
    buses.create_event_bus({"Name": "night"})
    rule(service, "onwards", f"{BUS.rpartition('/')[0]}/night")
    rule(service, "placed", orders.arn, bus="night")
    archive(buses)
    put(service, {"n": 1})
    settle(service)

    replay(buses)
    ended(buses)
    settle(service)

    assert numbers(orders) == [1, 1]


def test_a_replay_is_cancelled(service: StepFunctions, buses: Buses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "AT_ONCE", 1)
    orders = machine(service)
    archive(buses)
    put(service, *({"n": n} for n in range(2000)))
    rule(service, "placed", orders.arn)

    replay(buses)
    until(lambda: buses.describe_replay({"ReplayName": "again"})["State"] == "RUNNING")
    answer = buses.cancel_replay({"ReplayName": "again"})
    told = ended(buses)

    assert (answer["State"], told["State"]) == ("CANCELLING", "CANCELLED")
    assert 0 < len(orders.executions) < 2000
    with pytest.raises(IllegalStatusException, match="not in a valid state"):
        buses.cancel_replay({"ReplayName": "again"})


def test_what_cannot_be_replayed_is_refused(service: StepFunctions, buses: Buses) -> None:
    archive(buses)
    buses.create_event_bus({"Name": "night"})

    with pytest.raises(ValidationException, match="Cross event bus replay is not permitted"):
        replay(buses, Destination={"Arn": f"{BUS.rpartition('/')[0]}/night"})
    with pytest.raises(ValidationException, match="EventStartTime must be before EventEndTime"):
        replay(buses, EventEndTime=NOON - timedelta(days=1))
    with pytest.raises(ResourceNotFoundException):
        replay(buses, EventSourceArn=f"{ARCHIVE}-not")
    with pytest.raises(ResourceNotFoundException, match="Replay again does not exist"):
        buses.describe_replay({"ReplayName": "again"})
    replay(buses)
    ended(buses)
    with pytest.raises(ResourceAlreadyExistsException):
        replay(buses)
    assert [each["ReplayName"] for each in buses.list_replays({"State": "COMPLETED"})["Replays"]] == ["again"]
    assert buses.list_replays({"State": "RUNNING"})["Replays"] == []


def test_a_replay_ends_with_its_process_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "AT_ONCE", 1)
    first = by_hand(SqliteStore(tmp_path / "store.db"))
    archive(first.triggers.buses, EventPattern=PLACED)
    put(first, *({"n": n} for n in range(500)))
    rule(first, "placed", machine(first).arn)
    replay(first.triggers.buses)
    until(lambda: first.triggers.buses.describe_replay({"ReplayName": "again"})["State"] == "RUNNING")
    first.close()

    second = by_hand(SqliteStore(tmp_path / "store.db"))
    told = second.triggers.buses.describe_replay({"ReplayName": "again"})

    assert (told["State"], told["StateReason"]) == (
        "FAILED",
        "The process that replayed the events has ended.",
    )
    assert second.triggers.buses.describe_archive({"ArchiveName": "all"})["EventCount"] == 500
    assert letters(second) == []
    second.close()


def test_archives_may_come_and_go_while_events_do(service: StepFunctions, buses: Buses) -> None:
    archive(buses)
    over = threading.Event()

    def churn() -> None:
        while not over.is_set():
            for number in range(20):
                archive(buses, f"a{number}", EventPattern='{"source":["none"]}')
            for number in range(20):
                buses.delete_archive({"ArchiveName": f"a{number}"})

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as threads:
            churning = threads.submit(churn)
            try:
                for number in range(100):
                    put(service, {"n": number})
            finally:
                over.set()
            churning.result()
    finally:
        sys.setswitchinterval(before)

    assert buses.describe_archive({"ArchiveName": "all"})["EventCount"] == 100


def test_a_replay_whose_archive_is_gone_has_failed(
    service: StepFunctions, buses: Buses, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(buses)
    put(service, {"n": 1})
    begin = threading.Thread.start

    def later(thread: threading.Thread) -> None:
        if thread.name == "sfnb replay again":
            buses.delete_archive({"ArchiveName": "all"})
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", later)
    replay(buses)
    until(lambda: buses.describe_replay({"ReplayName": "again"})["State"] == "FAILED")

    assert buses.describe_replay({"ReplayName": "again"})["StateReason"] == "Archive all does not exist."


@pytest.mark.parametrize("place", ["eu-west-1:123456789012", "us-east-1:999999999999"])
def test_an_archive_of_another_account_or_region_is_not_ours(buses: Buses, place: str) -> None:
    archive(buses)

    with pytest.raises(ResourceNotFoundException, match="does not exist"):
        replay(buses, EventSourceArn=f"arn:aws:events:{place}:archive/all")
    with pytest.raises(ResourceNotFoundException, match="does not exist here"):
        archive(buses, "other", EventSourceArn=f"arn:aws:events:{place}:event-bus/default")
