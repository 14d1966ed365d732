"""Another Step Functions, in this process, that stands for AWS: another account, another region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.engine.clock import JumpClock
from sfnb.machine import StateMachine, load_machine
from sfnb.server.client import client as client_of
from sfnb.service import StepFunctions

ACCOUNT, REGION = "999988887777", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/states"
PRICE = "arn:aws:lambda:us-east-1:123456789012:function:price"
TREE: dict[str, Any] = {
    "Comment": "Prices what is ordered",
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {
                "StartAt": "Price",
                "States": {
                    "Price": {
                        "Type": "Task",
                        "Resource": PRICE,
                        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 60}],
                        "End": True,
                    }
                },
            },
            "Next": "Total",
        },
        "Total": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True},
    },
}
TREE["States"]["Total"]["Parameters"] = {"FunctionName": "total", "Payload.$": "$"}


@pytest.fixture
def there() -> Iterator[StepFunctions]:
    """Waits are skipped in it."""
    service = StepFunctions(account=ACCOUNT, region=REGION, clock=JumpClock)
    yield service
    service.close()


@pytest.fixture
def client(there: StepFunctions) -> Any:
    return client_of(service=there)


@pytest.fixture
def here() -> Iterator[StepFunctions]:
    service = StepFunctions()
    yield service
    service.close()


@pytest.fixture
def orders(here: StepFunctions) -> StateMachine:
    return load_machine(here, TREE, name="orders")
