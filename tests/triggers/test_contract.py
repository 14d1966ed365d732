"""What holds for every kind of trigger: a row of `EXAMPLES` for each row of `TRIGGERS`."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec import structs

from sfnb.errors import SfnbError
from sfnb.integrations.local_aws import LocalAws
from sfnb.items.folder import FolderBuckets
from sfnb.machine import StateMachine, load_machine
from sfnb.on.trigger import Trigger
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers import TRIGGERS, records
from sfnb.triggers.held import Kind
from sfnb.triggers.refusals import ConflictException, ResourceNotFoundException

QUEUE = "contract"


class Example(NamedTuple):
    """make: puts a trigger of the kind; again, it changes what `changed` shows in its words.

    broken: settings that are refused, instead of those of that trigger.
    """

    make: Callable[[StateMachine, bool], Trigger]
    changed: str
    broken: dict[str, Any]


def _pattern(source: str) -> dict[str, Any]:
    return {"source": [source]}


EXAMPLES = {
    "event": Example(
        lambda machine, again: machine.on.event(_pattern("stock" if again else "shop"), name="one"),
        "stock",
        {"EventPattern": '{"source": "shop"}'},
    ),
    "file": Example(
        lambda machine, again: machine.on.file("*.txt" if again else "*.csv", bucket="shop", name="one"),
        "*.txt",
        {"EventPattern": '{"source": ['},
    ),
    "http": Example(
        lambda machine, again: machine.on.http("PUT /orders" if again else "POST /orders", name="one"),
        "PUT /orders",
        {"RouteKey": "POTS /orders"},
    ),
    "iot": Example(
        lambda machine, again: machine.on.iot(f"SELECT * FROM '{'b' if again else 'a'}/+'", name="one"),
        "'b/+'",
        {"sql": "SELCT * FROM 'a'"},
    ),
    "queue": Example(
        lambda machine, again: machine.on.queue(QUEUE, batch=7 if again else 1, name="one"),
        "up to 7",
        {"SourceParameters": {"SqsQueueParameters": {"BatchSize": -1}}},
    ),
    "schedule": Example(
        lambda machine, again: machine.on.schedule(
            "rate(2 hours)" if again else "cron(0 8 * * ? *)", name="one"
        ),
        "2 hours",
        {"ScheduleExpression": "rate(0 hours)"},
    ),
}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    pytest.importorskip("moto.server")
    local = LocalAws(region="us-east-1")
    local.client("sqs", region="us-east-1").create_queue(QueueName=QUEUE)
    yield local
    local.close()


Begin = Callable[[], StepFunctions]


@pytest.fixture
def begin(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Begin]:
    """Begins a service over the one file, as another process would."""
    begun: list[StepFunctions] = []
    aws = request.getfixturevalue("aws") if request.node.callspec.params["kind"] == "queue" else None
    before = set(threading.enumerate())

    def begin() -> StepFunctions:
        service = StepFunctions(store=SqliteStore(tmp_path / "kept.db"), aws=aws)
        service.buckets = FolderBuckets(tmp_path / "buckets")
        begun.append(service)
        return service

    yield begin
    for service in begun:
        service.close()
    left = set(threading.enumerate()) - before
    assert [each.name for each in left if each.name.startswith("sfnb")] == []


def machine(service: StepFunctions) -> StateMachine:
    return load_machine(service, {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="orders")


def kept(service: StepFunctions) -> list[records.Trigger]:
    return [seen.trigger for seen in service.triggers.all()]


def plain(trigger: records.Trigger) -> dict[str, Any]:
    told = structs.asdict(trigger)
    return {name: told[name] for name in ("kind", "name", "settings", "targets", "enabled", "created")}


every_kind = pytest.mark.parametrize("kind", TRIGGERS)


@every_kind
def test_there_is_an_example_which_does_all_that_a_kind_does(kind: str, begin: Begin) -> None:
    assert kind in EXAMPLES
    made: Any = begin().triggers.kind(kind)
    operations = [name for name in vars(Kind) if not name.startswith("_")]

    assert len(operations) >= 6
    assert [name for name in operations if not callable(getattr(made, name, None))] == []


@every_kind
def test_it_is_kept_listed_and_told_of(kind: str, begin: Begin) -> None:
    service = begin()
    trigger = EXAMPLES[kind].make(machine(service), False)

    (seen,) = service.triggers.all()
    (found,) = service.triggers.shelf.triggers()
    assert (seen.runs, seen.trigger.key, trigger.key) == ("here", f"{kind}:one", f"{kind}:one")
    assert plain(found) == plain(seen.trigger)
    assert json.loads(json.dumps(seen.trigger.settings, default=str)).keys() == found.settings.keys()
    assert seen.trigger.targets == (service.triggers.get(trigger.key) or seen.trigger).targets
    assert service.triggers.words(seen.trigger)
    assert str(trigger).startswith(kind)
    assert trigger.counts == records.Counts()


@every_kind
def test_one_that_is_put_again_is_changed(kind: str, begin: Begin) -> None:
    service = begin()
    orders, example = machine(service), EXAMPLES[kind]
    before = example.make(orders, False).record

    after = example.make(orders, True)

    assert len(service.triggers.all()) == 1
    assert example.changed not in service.triggers.words(before)
    assert example.changed in after.words
    assert after.record.created == before.created


@every_kind
def test_it_is_disabled_and_enabled(kind: str, begin: Begin) -> None:
    service = begin()
    trigger = EXAMPLES[kind].make(machine(service), False)
    settings = trigger.settings

    for _ in range(2):
        trigger.disable()
        (found,) = service.triggers.shelf.triggers()
        assert (found.enabled, trigger.record.enabled) == (False, False)
        assert "disabled" in str(trigger)
        trigger.enable()
        assert trigger.record.enabled
        assert trigger.settings == settings | {
            name: value for name, value in trigger.settings.items() if name not in settings
        }
    assert "disabled" not in str(trigger)


@every_kind
def test_the_next_process_takes_it_up_with_its_machine(kind: str, begin: Begin) -> None:
    first = begin()
    before = EXAMPLES[kind].make(machine(first), False).record
    first.close()

    second = begin()
    assert second.triggers.adopt() == []  # its machine may be there, kept as well
    machine(second)

    assert [adopted.trigger.key for adopted in second.taken_up] == [f"{kind}:one"]
    (seen,) = second.triggers.all()
    assert seen.runs == "here"
    assert plain(seen.trigger) == plain(before)
    assert second.triggers.words(seen.trigger) == second.triggers.words(before)


@every_kind
def test_what_one_process_runs_no_other_takes_changes_or_removes(kind: str, begin: Begin) -> None:
    first = begin()
    trigger = EXAMPLES[kind].make(machine(first), False)
    second = begin()
    orders = machine(second)

    assert second.triggers.adopt() == []
    assert [seen.runs for seen in second.triggers.all()] == ["in another process"]
    with pytest.raises(ConflictException, match="run by"):
        EXAMPLES[kind].make(orders, True)
    with pytest.raises(ConflictException, match="run by"):
        second.triggers.remove(trigger.key)
    assert EXAMPLES[kind].changed not in first.triggers.words(trigger.record)


@every_kind
def test_one_that_is_removed_is_gone_for_all(kind: str, begin: Begin) -> None:
    service = begin()
    trigger = EXAMPLES[kind].make(machine(service), False)

    trigger.remove()

    assert kept(service) == []
    with pytest.raises(ResourceNotFoundException):
        service.triggers.remove(trigger.key)
    with pytest.raises(SfnbError, match="no trigger"):
        _ = trigger.words
    service.close()
    second = begin()
    machine(second)
    assert (second.taken_up, kept(second)) == ([], [])


@every_kind
def test_broken_settings_are_refused_and_what_was_there_goes_on(kind: str, begin: Begin) -> None:
    service = begin()
    example = EXAMPLES[kind]
    trigger = example.make(machine(service), False)
    before = plain(trigger.record)

    with pytest.raises(SfnbError) as refused:
        service.triggers.put(structs.replace(trigger.record, settings={**trigger.settings, **example.broken}))

    assert str(refused.value)
    (found,) = service.triggers.shelf.triggers()
    assert plain(found) == plain(trigger.record) == before
    assert [seen.runs for seen in service.triggers.all()] == ["here"]


@every_kind
def test_one_that_cannot_begin_leaves_nothing(
    kind: str, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = begin()
    orders = machine(service)
    known: Any = service.triggers.kind(kind)

    def fail(trigger: records.Trigger) -> None:
        raise SfnbError("there is no room")

    with monkeypatch.context() as broken:
        broken.setattr(known, "begin", fail)
        with pytest.raises(SfnbError, match="no room"):
            EXAMPLES[kind].make(orders, False)
    assert kept(service) == list(service.triggers.shelf.triggers()) == []

    trigger = EXAMPLES[kind].make(orders, False)
    begins = iter([fail, known.begin])
    with monkeypatch.context() as broken:
        broken.setattr(known, "begin", lambda trigger: next(begins)(trigger))  # noqa: PLW0108
        with pytest.raises(SfnbError, match="no room"):
            EXAMPLES[kind].make(orders, True)
    assert EXAMPLES[kind].changed not in trigger.words
    assert [seen.runs for seen in service.triggers.all()] == ["here"]


# What a kind needs, and is not there


@pytest.mark.parametrize(("kind", "library"), [("http", "uvicorn"), ("iot", "paho.mqtt.client")])
def test_one_whose_library_is_missing_says_so_and_is_not_there(
    kind: str, library: str, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = begin()
    orders = machine(service)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, library, None)
        with pytest.raises(SfnbError, match="pip install"):
            EXAMPLES[kind].make(orders, False)
    assert kept(service) == []

    EXAMPLES[kind].make(orders, False)
    service.close()
    second = begin()
    with monkeypatch.context() as without:
        without.setitem(sys.modules, library, None)
        machine(second)
    assert second.taken_up == []
    assert "pip install" in second.triggers.all()[0].runs


@pytest.mark.parametrize("kind", ["http", "iot"])
def test_it_is_at_the_port_that_it_had_and_elsewhere_where_that_is_taken(kind: str, begin: Begin) -> None:
    first = begin()
    url = EXAMPLES[kind].make(machine(first), False).url
    port = int(url.rpartition(":")[2].partition("/")[0])
    first.close()

    second = begin()
    machine(second)
    assert Trigger(second, f"{kind}:one").url == url
    second.close()

    with socket.create_server(("127.0.0.1", port)):
        third = begin()
        machine(third)
        elsewhere = Trigger(third, f"{kind}:one").url
        assert third.triggers.all()[0].runs == "here"
    assert elsewhere != url
    third.close()
