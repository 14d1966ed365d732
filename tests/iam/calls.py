"""Definitions and calls for tests of rights."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sfnb.asl.decode import load
from sfnb.asl.source import of_value
from sfnb.engine.clock import JumpClock, uuid_of
from sfnb.engine.ports import TaskCall
from sfnb.engine.sleepers import Sleepers
from sfnb.iam import Policy, iam_policy
from sfnb.iam.places import Place
from sfnb.values import Payload

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PLACE = Place(region="eu-west-1", account="123456789012", machine="orders")
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:orders"
ROLE = "arn:aws:iam::123456789012:role/orders"
THERE = "arn:aws:iam::210987654321:role/there"


def optimized(action: str) -> str:
    return f"arn:aws:states:::{action}"


def one_task(resource: str, parameters: object = None, **more: Any) -> dict[str, Any]:
    """A definition of one Task."""
    state = {"Type": "Task", "Resource": resource, "End": True, **more}
    if parameters is not None:
        state["Parameters"] = parameters
    return {"StartAt": "A", "States": {"A": state}}


def policy_for(definition: dict[str, Any], **configured: Any) -> Policy:
    source = of_value(definition)
    assert source.tree is not None
    loaded, _ = load(source, "STANDARD")
    return iam_policy(loaded, source.tree, PLACE, **configured)


def call(resource: str, parameters: Any = None, *, role: str = ROLE, target: str | None = None) -> TaskCall:
    return TaskCall(
        resource=resource,
        payload=Payload({} if parameters is None else parameters),
        region="eu-west-1",
        account="123456789012",
        request_id=uuid_of(resource),
        moment=NOON,
        timeout_seconds=None,
        heartbeat_seconds=None,
        credentials=None if target is None else {"RoleArn": target},
        execution="arn:aws:states:eu-west-1:123456789012:execution:orders:run",
        machine=MACHINE,
        token=None,
        clock=JumpClock(NOON, frozen=True),
        sleepers=Sleepers(),
        on_output=lambda text: None,
        role_arn=role,
    )


def allowing(*actions: str, on: object = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """A policy of one statement."""
    return {"Statement": [{"Effect": effect, "Action": list(actions), "Resource": on, **more}]}
