"""What tests of triggers share: a service whose clock is turned by hand, rules, events."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sfnb.engine.clock import JumpClock
from sfnb.engine.ports import EventStore
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECONDS = 20.0
SUCCEED: dict[str, Any] = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
ROLE = "arn:aws:iam::123456789012:role/events"
SHOP = {"source": ["shop"]}


def by_hand(store: EventStore | None = None, now: datetime = NOON) -> StepFunctions:
    """A service whose triggers go by a clock that stands still until `turn`."""
    service = StepFunctions(store=store)
    service.world.clock = JumpClock(now, frozen=True)
    return service


def turn(service: StepFunctions, **ahead: float) -> None:
    service.triggers.advance(service.world.clock.now() + timedelta(**ahead))


def machine(
    service: StepFunctions, name: str = "orders", definition: Mapping[str, Any] = SUCCEED, **options: Any
) -> StateMachine:
    return load_machine(service, dict(definition), name=name, **options)


def rule(
    service: StepFunctions,
    name: str,
    *arns: str,
    pattern: Mapping[str, Any] = SHOP,
    bus: str = "default",
    **target: Any,
) -> None:
    """A rule that starts these. target: what else its targets have."""
    buses = service.triggers.buses
    buses.put_rule({"Name": name, "EventBusName": bus, "EventPattern": json.dumps(pattern)})
    targets = [{"Id": str(place), "Arn": arn, **role_of(arn), **target} for place, arn in enumerate(arns)]
    if targets:
        buses.put_targets({"Rule": name, "EventBusName": bus, "Targets": targets})


def role_of(arn: str) -> dict[str, str]:
    """What a target has to say of its role."""
    return {"RoleArn": ROLE} if ":states:" in arn else {}


def entry(detail: object = None, **more: Any) -> dict[str, Any]:
    return {"Source": "shop", "DetailType": "OrderPlaced", "Detail": json.dumps(detail or {})} | more


def put(service: StepFunctions, *details: object, **more: Any) -> list[str]:
    """Put events; answers with their ids."""
    ids: list[str] = []
    for start in range(0, len(details), 10):
        entries = [entry(detail, **more) for detail in details[start : start + 10]]
        answer = service.triggers.buses.put_events({"Entries": entries})
        assert answer["FailedEntryCount"] == 0, answer
        ids += [each["EventId"] for each in answer["Entries"]]
    return ids


def settle(service: StepFunctions) -> None:
    assert service.triggers.deliverer.wait(SECONDS)


def until(is_so: Callable[[], object]) -> None:
    """Wait for other threads."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


def inputs(of: StateMachine) -> list[Any]:
    """What its executions were given, in no order."""
    return [execution.input for execution in of.executions]


def numbers(of: StateMachine) -> list[int]:
    return sorted(each["detail"]["n"] for each in inputs(of))


def letters(service: StepFunctions) -> Sequence[Any]:
    return service.triggers.deliverer.dead.all()


def counts(service: StepFunctions, key: str) -> Any:
    trigger = service.triggers.get(key)
    assert trigger is not None
    return trigger.counts
