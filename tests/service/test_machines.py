"""State machines and what belongs to them: who asks at once, and what a change leaves that was cut short."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from sfnb.errors import StoreFault
from sfnb.service import StepFunctions
from sfnb.service.machines import Changes
from sfnb.service.records import Settings
from sfnb.service.refusals import StateMachineAlreadyExists
from sfnb.stores.memory import MemoryStore

ROLE = "arn:aws:iam::123456789012:role/sfn"
PREFIX = "arn:aws:states:us-east-1:123456789012"
ARN = f"{PREFIX}:stateMachine:m"
ACTIVITY = f"{PREFIX}:activity:work"
SOON = 60


def definition(comment: str = "") -> str:
    return json.dumps({"Comment": comment, "StartAt": "S", "States": {"S": {"Type": "Succeed"}}})


def create(service: StepFunctions, comment: str = "", **options: Any) -> Any:
    return service.create_state_machine(
        name="m", definition=definition(comment), settings=Settings(role_arn=ROLE), **options
    )


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each of the calls, made at the same moment, came to: its answer, or what it raised."""
    gate = threading.Barrier(len(calls))
    found: list[object] = [None] * len(calls)

    def make(place: int, call: Callable[[], object]) -> None:
        gate.wait(SOON)
        try:
            found[place] = call()
        except Exception as fault:
            found[place] = fault

    threads = [threading.Thread(target=make, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    return found


# At once


def test_of_many_who_create_a_machine_at_once_one_does(service: StepFunctions) -> None:
    for turn in range(20):
        comments = [str(turn), "other"] * 4
        calls = [
            lambda each=each, place=place: create(service, each, tags={str(place): each})
            for place, each in enumerate(comments)
        ]
        found = at_once(*calls)

        refused = [each for each in found if isinstance(each, StateMachineAlreadyExists)]
        assert len(refused) == 4
        record = service.describe_state_machine(ARN)
        (tag,) = service.list_tags_for_resource(ARN).items()
        assert json.loads(record.source.text)["Comment"] == tag[1]
        service.delete_state_machine(ARN)


def test_each_update_that_publishes_is_told_of_its_own_version(service: StepFunctions) -> None:
    create(service)

    found = at_once(
        *(
            lambda number=number: service.update_state_machine(
                ARN, Changes(definition=definition(str(number))), publish=True
            )
            for number in range(16)
        )
    )

    kept: list[Any] = found
    assert {each.version.version for each in kept} == set(range(1, 17))
    for each in kept:
        assert each.version.revision == each.record.revision
        assert each.version.source.text == each.record.source.text


def test_an_activity_created_by_many_has_the_tags_of_one(service: StepFunctions) -> None:
    at_once(
        *(
            lambda number=number: service.create_activity("work", kept=True, tags={str(number): ""})
            for number in range(8)
        )
    )

    assert len(service.list_activities()) == 1
    assert len(service.list_tags_for_resource(ACTIVITY)) == 1


# Cut short


class CutStore(MemoryStore):
    """Takes so many more resources, and no more; what it has taken can be read on."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 1_000

    def keep_resource(self, arn: str, kind: str, data: bytes) -> None:
        self._take()
        super().keep_resource(arn, kind, data)

    def drop_resource(self, arn: str) -> None:
        self._take()
        super().drop_resource(arn)

    def _take(self) -> None:
        if self.left == 0:
            raise StoreFault("cut short")
        self.left -= 1

    def close(self) -> None:
        """Another service is to read it."""


def begun(service: StepFunctions) -> None:
    """A machine with two versions and an alias of both."""
    create(service, publish=True, tags={"a": "1"})
    service.update_state_machine(ARN, Changes(definition=definition("2")), publish=True)
    service.create_state_machine_alias("live", [(f"{ARN}:1", 50), (f"{ARN}:2", 50)])
    service.create_activity("work", kept=True, tags={"a": "1"})


def nothing(service: StepFunctions) -> None:
    """None."""


CHANGES: dict[str, tuple[Callable[[StepFunctions], None], Callable[[StepFunctions], Any]]] = {
    "create": (nothing, lambda service: create(service, publish=True, tags={"a": "1"})),
    "publish": (
        lambda service: create(service) and None,
        lambda service: service.publish_state_machine_version(ARN),
    ),
    "update": (
        begun,
        lambda service: service.update_state_machine(ARN, Changes(definition=definition("3")), publish=True),
    ),
    "tag": (begun, lambda service: service.tag_resource(ARN, {"b": "2"})),
    "move the alias": (
        begun,
        lambda service: service.update_state_machine_alias(f"{ARN}:live", routes=[(f"{ARN}:1", 100)]),
    ),
    "delete the alias": (begun, lambda service: service.delete_state_machine_alias(f"{ARN}:live")),
    "delete": (begun, lambda service: service.delete_state_machine(ARN)),
    "create an activity": (
        nothing,
        lambda service: service.create_activity("work", kept=True, tags={"a": "1"}),
    ),
    "delete an activity": (begun, lambda service: service.delete_activity(ACTIVITY)),
}


def told(service: StepFunctions) -> dict[str, Any]:
    """All that there is; raises AssertionError where it does not hold together."""
    found: dict[str, Any] = {}
    for held in service.held_state_machines():
        record = held.record
        for alias in held.aliases.values():
            assert {route.version for route in alias.routes} <= held.versions.keys()
        found[record.arn] = (
            record.source.text,
            list(held.versions),
            {name: alias.routes for name, alias in held.aliases.items()},
            service.list_tags_for_resource(record.arn),
        )
    for activity in service.list_activities():
        found[activity.arn] = service.list_tags_for_resource(activity.arn)
    return found


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_is_cut_short_is_done_by_doing_it_again(name: str, killed: bool) -> None:
    before, change = CHANGES[name]
    whole = CutStore()
    service = StepFunctions(store=whole)
    before(service)
    change(service)
    wanted = told(service)
    service.close()

    for most in range(100):
        store = CutStore()
        first = StepFunctions(store=store)
        before(first)
        start = told(first)
        store.left = most
        try:
            change(first)
        except StoreFault:
            pass
        else:
            assert most > 0
            break
        store.left = 1_000
        again = StepFunctions(store=store) if killed else first
        assert told(again) in (start, wanted)
        change(again)
        assert told(again) == wanted
        again.close()
        first.close()
    else:
        raise AssertionError("it takes no end of resources")
    after = StepFunctions(store=store)
    assert told(after) == wanted
    after.close()
    first.close()


def test_a_new_machine_has_nothing_of_one_that_was_begun_under_its_name() -> None:
    store = CutStore()
    service = StepFunctions(store=store)
    store.left = 2
    with pytest.raises(StoreFault):
        create(service, publish=True, tags={"a": "1"})
    store.left = 1_000
    assert service.list_state_machines() == []

    create(service, "other")
    service.close()

    after = StepFunctions(store=store)
    assert after.list_tags_for_resource(ARN) == {}
    assert after.list_state_machine_versions(ARN) == []
    after.close()
